"""The admin endpoint sets faults, which unmodified clients see, and refuses pages in a browser."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

pytestmark = pytest.mark.integration


class Admin:
    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def __call__(self, method: str, path: str, document: Any = None, **headers: str) -> tuple[int, Any]:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.endpoint}/_local_cloud/{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture
def admin(cloud: Any) -> Iterator[Admin]:
    made = Admin(cloud.endpoint)
    yield made
    made("DELETE", "faults")


def impatient(cloud: Any, service: str) -> Any:
    return boto3.client(
        service, endpoint_url=cloud.endpoint, region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def test_no_fault_is_on_by_default(admin: Admin) -> None:
    _, described = admin("GET", "faults")
    assert described["plan"].pop("comma_path") == "ignored"
    assert not any(described["plan"].values())


def test_s3_answers_slow_down_and_a_client_that_retries_succeeds(admin: Admin, cloud: Any, prefix: str) -> None:
    cloud.client("s3").create_bucket(Bucket=prefix)
    admin("PUT", "faults", {"s3_error": 1})
    with pytest.raises(botocore.exceptions.ClientError, match="SlowDown"):
        impatient(cloud, "s3").put_object(Bucket=prefix, Key="a", Body=b"1")
    admin("PUT", "faults", {"s3_error": 0.3, "seed": 4})
    for at in range(10):
        cloud.client("s3").put_object(Bucket=prefix, Key=str(at), Body=b"1")
    assert admin("GET", "faults")[1]["done"]["s3_error"] > 0


def test_dynamodb_throttles(admin: Admin, cloud: Any, prefix: str) -> None:
    cloud.client("dynamodb").create_table(
        TableName=prefix, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )  # fmt: skip
    admin("PUT", "faults", {"throttle": 1})
    client = impatient(cloud, "dynamodb")
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
        client.put_item(TableName=prefix, Item={"k": {"S": "a"}})


def test_wrong_faults_are_refused_and_leave_the_plan(admin: Admin) -> None:
    admin("PUT", "faults", {"duplicate": 0.5})
    status, answer = admin("PUT", "faults", {"duplicat": 1})
    assert status == 400
    assert "duplicat" in answer["message"]
    assert admin("GET", "faults")[1]["plan"]["duplicate"] == 0.5


def test_a_page_in_a_browser_is_refused(admin: Admin) -> None:
    assert admin("PUT", "faults", {"duplicate": 1}, Origin="http://evil.example")[0] == 403
    assert admin("GET", "faults", Host="evil.example:80")[0] == 403


def test_an_unknown_path_names_the_known_ones(admin: Admin) -> None:
    status, answer = admin("GET", "nothing")
    assert status == 404
    assert "faults" in answer["message"]

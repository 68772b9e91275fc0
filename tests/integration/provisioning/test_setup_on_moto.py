"""Test setup and teardown with target ``aws`` on moto, an emulator that does not know ours.

botocore checks each request against the service's model, the request goes to AWS's address, and moto answers. The test skips by name
what moto lacks: it moves no records, so no probe order arrives; it cannot read a classifier back; it describes a work group that does
not exist; and it reads the bucket policy's denial of requests without TLS as a denial of all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.integration.dag_runs import DagRun

pytestmark = pytest.mark.integration
LACKING = (
    "proof.",
    "lake.provision_classifier",
    "lake.provision_workgroup",
    "remove_classifier",
    "remove_workgroup",
    "summarise",
)
# Its policy was taken away; and moto keeps no checksum with an object, nor the digest of code that comes from S3.
DIFFERENT_AGAIN = {
    "lake.provision_bucket",
    "lake.upload_transformer",
    "lake.upload_contract",
    "lake.upload_job_parts",
    "lake.upload_job",
    "delivery.provision_transformer",
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start an account of moto, with the settings of a deployment to AWS."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials that it finds first: moto's here
    monkeypatch.delenv("SALES_CDC_LOCAL_ENDPOINT")
    monkeypatch.setenv("SALES_CDC_TARGET", "aws")
    connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": {"region_name": "us-east-1"}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    with mock_aws():
        yield


def outcomes(file: str, **params: object) -> dict[str, str]:
    run = DagRun(file, **params)
    order = [task.task_id for task in run.dag.topological_sort() if not task.task_id.startswith(LACKING)]
    bucket_is_there = order.index("lake.provision_bucket") + 1 if "lake.provision_bucket" in order else 0
    if bucket_is_there:
        run.run(*order[:bucket_is_there])
        name = run.outcomes["lake.provision_bucket"]["name"]
        boto3.client("s3", region_name="us-east-1").delete_bucket_policy(Bucket=name)
    run.run(*order[bucket_is_there:])
    return run.actions()


@pytest.mark.usefixtures("aws")
def test_an_adopted_table_gets_its_stream_and_is_left_without_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_CDC_TABLE", "shop")
    dynamodb = boto3.client("dynamodb", region_name="us-east-1")
    key = {"AttributeName": "orderid"}
    made = dynamodb.create_table(
        TableName="shop", BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "owner", "Value": "them"}],
        KeySchema=[{**key, "KeyType": "HASH"}], AttributeDefinitions=[{**key, "AttributeType": "S"}],
    )["TableDescription"]  # fmt: skip
    setup = DagRun("sales_cdc_setup.py", enable_stream="True")
    setup.run("find_account", "expect_table_fits", "lake.provision_raw_events_queue", "lake.provision_bucket")
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.delete_bucket_policy(Bucket=setup.outcomes["lake.provision_bucket"]["name"])
    setup.run("capture.adopt_table")
    adopted = dynamodb.describe_table(TableName="shop")["Table"]
    assert setup.outcomes["capture.adopt_table"]["stream_arn"] == adopted["LatestStreamArn"]
    assert adopted["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    teardown = DagRun("sales_cdc_teardown.py", confirm="sales-cdc")
    teardown.run("find_account", "release_table")
    assert teardown.actions() == {"release_table": "stream disabled"}
    left = dynamodb.describe_table(TableName="shop")["Table"]
    assert not left.get("StreamSpecification", {}).get("StreamEnabled")
    assert (left["TableStatus"], left["CreationDateTime"]) == ("ACTIVE", made["CreationDateTime"])
    assert dynamodb.list_tags_of_resource(ResourceArn=left["TableArn"])["Tags"] == [{"Key": "owner", "Value": "them"}]


@pytest.mark.usefixtures("aws")
def test_setup_creates_everything_then_changes_nothing_and_teardown_removes_it() -> None:
    assert set(outcomes("sales_cdc_setup.py").values()) == {"created"}
    again = outcomes("sales_cdc_setup.py")
    assert {task for task, action in again.items() if action != "unchanged"} <= DIFFERENT_AGAIN
    removed = outcomes("sales_cdc_teardown.py", confirm="sales-cdc")
    assert set(removed.values()) == {"removed"}
    assert len(removed) == 27

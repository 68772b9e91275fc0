"""The clients of the local cloud's own services act as the roles of their resources, and renew credentials."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.integration.stream_parts import Cloud, Parts

from local_cloud import clients as service_clients
from local_cloud.clients import Clients

pytestmark = pytest.mark.integration
PRINCIPAL = "pipes.amazonaws.com"


@pytest.fixture
def clients(cloud: Cloud) -> Clients:
    return Clients(cloud.endpoint, "us-east-1")


@pytest.fixture
def role(cloud: Cloud, prefix: str) -> str:
    return Parts(cloud, prefix).role("worker", PRINCIPAL, {"*": ["kinesis:ListStreams"]})


def test_a_client_acts_as_the_role(clients: Clients, role: str) -> None:
    arn = clients.client("sts", role, principal=PRINCIPAL).get_caller_identity()["Arn"]
    assert f"assumed-role/{role.rpartition('/')[2]}/" in arn


def test_a_client_has_exactly_the_permissions_of_its_role(clients: Clients, role: str) -> None:
    kinesis = clients.client("kinesis", role, principal=PRINCIPAL)
    kinesis.list_streams()
    with pytest.raises(ClientError) as error:
        kinesis.create_stream(StreamName="never", ShardCount=1)
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_role_is_assumed_only_by_the_principal_that_it_trusts(clients: Clients, role: str) -> None:
    with pytest.raises(ClientError, match=r"firehose\.amazonaws\.com is not authorized to perform: sts:AssumeRole"):
        clients.client("kinesis", role, principal="firehose.amazonaws.com")


def test_credentials_are_renewed_before_they_expire(
    clients: Clients, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_clients, "SESSION_SECONDS", 900)
    client = clients.client("sts", role, principal=PRINCIPAL)
    used: list[str] = []

    def note(request: Any, **_: Any) -> None:
        used.extend(re.findall(r"Credential=(\w+)/", str(request.headers["Authorization"])))

    client.meta.events.register("before-send.sts.GetCallerIdentity", note)
    client.get_caller_identity()
    client.get_caller_identity()
    assert len(set(used)) == 2


def test_an_undecoded_answer_has_the_bytes_that_were_sent(clients: Clients) -> None:
    answer = clients.client("kinesis", undecoded="ListStreams").list_streams()
    assert "StreamNames" in json.loads(answer["body"])
    assert "StreamNames" in clients.client("kinesis").list_streams()


def test_an_undecoded_error_is_still_an_error(clients: Clients) -> None:
    with pytest.raises(ClientError) as error:
        clients.client("kinesis", undecoded="DescribeStream").describe_stream(StreamName="no-such-stream")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_giving_a_service_a_role_needs_a_permission(cloud: Cloud, prefix: str) -> None:
    """IAM User Guide, Grant a user permissions to pass a role to an AWS service: iam:PassRole, iam:PassedToService.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    parts, iam = Parts(cloud, prefix), cloud.client("iam")
    bucket = parts.bucket()
    roles = {one: parts.role(one, f"{one}.amazonaws.com", {"*": ["s3:PutObject"]}) for one in ("firehose", "glue")}
    iam.create_user(UserName=prefix)
    keys = iam.create_access_key(UserName=prefix)["AccessKey"]

    def client(service: str) -> Any:
        session = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name="us-east-1")
        return session.client(service, endpoint_url=cloud.endpoint)

    def make() -> list[str]:
        """Make a delivery stream, a crawler and a job as the user; return the error of each, empty when there is none."""
        destination = {"RoleARN": roles["firehose"], "BucketARN": f"arn:aws:s3:::{bucket}"}
        targets = {"S3Targets": [{"Path": f"s3://{bucket}/"}]}
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/script.py"}
        errors = []
        for call in (
            lambda: client("firehose").create_delivery_stream(
                DeliveryStreamName=prefix, ExtendedS3DestinationConfiguration=destination
            ),
            lambda: client("glue").create_crawler(
                Name=prefix, DatabaseName=prefix, Targets=targets, Role=roles["glue"].rpartition("/")[2]
            ),
            lambda: client("glue").create_job(Name=prefix, Command=command, Role=roles["glue"]),
        ):
            try:
                call()
                errors.append("")
            except ClientError as error:
                errors.append(str(error))
        return errors

    def allow(*statements: dict[str, Any]) -> None:
        making = {"Effect": "Allow", "Action": ["firehose:*", "glue:*"], "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [making, *statements]}
        iam.put_user_policy(UserName=prefix, PolicyName="all", PolicyDocument=json.dumps(document))

    allow()
    for refusal, role in zip(make(), (roles["firehose"], roles["glue"], roles["glue"]), strict=True):
        assert f"not authorized to perform: iam:PassRole on resource: {role}" in refusal
    to_glue = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    allow({"Effect": "Allow", "Action": "iam:PassRole", "Resource": list(roles.values()), "Condition": to_glue})
    of_firehose, *of_glue = make()
    assert "iam:PassRole" in of_firehose
    assert of_glue == ["", ""]

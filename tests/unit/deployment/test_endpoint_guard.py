"""Test that the guard refuses every request to an endpoint outside the target."""

from __future__ import annotations

import json

import boto3
import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.endpoint_guard import EndpointRefusedError, check_aws, check_local
from sales_cdc.deployment.settings import Settings
from sales_cdc.provisioning.resources.table import TableHook
from sales_cdc.verdict.clients import DeploymentClients

LOCAL = Settings(target="local", region="us-east-1", local_endpoint="http://127.0.0.1:4566")
AWS = Settings(target="aws", region="us-east-1")
EVENT = "before-send.dynamodb.PutItem"


@pytest.fixture
def guarded_local() -> None:
    endpoint_guard.install(LOCAL)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566/", "http://127.0.0.1:4566/bucket/key?x=1", "http://bucket.127.0.0.1:4566/key"]
)
def test_local_allows_only_its_endpoint(url: str) -> None:
    check_local(LOCAL, url, EVENT)


@pytest.mark.parametrize(
    "url",
    [
        "https://dynamodb.us-east-1.amazonaws.com/",
        "http://127.0.0.1:4567/",
        "https://127.0.0.1:4566/",
        "http://127.0.0.1.evil.example:4566/",
        "http://127.0.0.1:4566@evil.example/",
        "http://evil127.0.0.1:4566/",
    ],
)
def test_local_refuses_every_other_endpoint_and_says_what_to_do(url: str) -> None:
    with pytest.raises(EndpointRefusedError) as refused:
        check_local(LOCAL, url, EVENT)
    message = str(refused.value)
    assert "dynamodb PutItem" in message
    assert "Nothing was sent" in message
    assert "aws_default" in message


@pytest.mark.parametrize("url", ["https://dynamodb.us-east-1.amazonaws.com/", "https://b.s3.eu-west-1.amazonaws.com/k"])
def test_aws_allows_its_own_hosts_over_tls(url: str) -> None:
    check_aws(AWS, url, EVENT)


@pytest.mark.parametrize(
    "url",
    [
        "http://dynamodb.us-east-1.amazonaws.com/",
        "http://127.0.0.1:4566/",
        "https://localhost/",
        "https://dynamodb.us-east-1.amazonaws.com.evil.example/",
    ],
)
def test_aws_refuses_custom_loopback_and_unencrypted_endpoints(url: str) -> None:
    with pytest.raises(EndpointRefusedError, match="endpoint_url"):
        check_aws(AWS, url, EVENT)


@pytest.mark.usefixtures("guarded_local")
def test_a_client_made_after_installation_sends_nothing_to_the_real_cloud() -> None:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with pytest.raises(EndpointRefusedError, match=r"dynamodb\.us-east-1\.amazonaws\.com"):
        client.list_tables()


@pytest.mark.usefixtures("guarded_local")
def test_a_later_installation_replaces_the_settings() -> None:
    endpoint_guard.install(AWS)
    client = boto3.client("dynamodb", endpoint_url=LOCAL.local_endpoint, region_name="us-east-1")
    with pytest.raises(EndpointRefusedError, match="'aws'"):
        client.list_tables()


class OurOperator(AthenaOperator):
    """Stand for an operator of ours whose code is the provider's."""

    __module__ = "sales_cdc.batch.operators.run_statements"


@pytest.fixture
def airflow_with_minio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the guard as a process of Airflow does, with a connection that others use for their MinIO."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws", "login": "x", "password": "y"}))
    endpoint_guard.install(LOCAL, only_own=True)


@pytest.mark.usefixtures("airflow_with_minio")
def test_in_airflow_another_team_s_client_goes_where_it_wants() -> None:
    config = Config(connect_timeout=0.1, retries={"total_max_attempts": 1})
    place = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "y"}
    theirs = boto3.session.Session().client("s3", endpoint_url="http://127.0.0.1:9", config=config, **place)
    with pytest.raises(EndpointConnectionError):  # nothing listens there; the guard let it go
        theirs.list_buckets()


@pytest.mark.usefixtures("airflow_with_minio")
def test_in_airflow_our_hooks_are_guarded() -> None:
    hook = TableHook(aws_conn_id="aws_default", region_name="us-east-1")
    with pytest.raises(EndpointRefusedError, match=r"dynamodb\.us-east-1\.amazonaws\.com"):
        hook.find("orders")


@pytest.mark.usefixtures("airflow_with_minio")
def test_in_airflow_our_operators_are_guarded_where_their_code_is_the_provider_s() -> None:
    operator = OurOperator(task_id="ours", query="SELECT 1", database="d", region_name="us-east-1")
    with pytest.raises(EndpointRefusedError, match=r"athena\.us-east-1\.amazonaws\.com"):
        operator.execute({})


@pytest.mark.usefixtures("airflow_with_minio")
def test_in_airflow_the_page_is_guarded() -> None:
    with pytest.raises(EndpointRefusedError, match="sts"):
        DeploymentClients(LOCAL).topology()

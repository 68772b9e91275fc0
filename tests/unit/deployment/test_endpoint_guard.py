"""Test that the guard refuses every request to an endpoint outside the target."""

from __future__ import annotations

import boto3
import pytest
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.endpoint_guard import EndpointRefusedError, check_aws, check_local
from sales_cdc.deployment.settings import Settings

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

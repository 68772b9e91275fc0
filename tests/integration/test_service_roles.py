"""The clients of the local cloud's own services: each acts as its resource's role, for as long as it takes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud import clients as service_clients
from local_cloud.clients import Clients
from tests.integration.stream_parts import Cloud, Parts

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


def test_a_client_may_do_what_its_role_may_and_no_more(clients: Clients, role: str) -> None:
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


def test_an_undecoded_answer_is_what_went_over_the_wire(clients: Clients) -> None:
    answer = clients.client("kinesis", undecoded="ListStreams").list_streams()
    assert "StreamNames" in json.loads(answer["body"])
    assert "StreamNames" in clients.client("kinesis").list_streams()


def test_an_undecoded_error_is_still_an_error(clients: Clients) -> None:
    with pytest.raises(ClientError) as error:
        clients.client("kinesis", undecoded="DescribeStream").describe_stream(StreamName="no-such-stream")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"

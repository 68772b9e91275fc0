"""Test that setup stops the pipe before it makes the delivery stream again, and only then."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from sales_cdc.provisioning.definitions import flow
from sales_cdc.provisioning.operators import hold_flow
from sales_cdc.provisioning.operators.hold_flow import HoldFlowOperator
from sales_cdc.provisioning.resources.delivery_stream import DeliveryStreamHook
from sales_cdc.provisioning.resources.resource import Found

from tests.unit.topologies import topology

PIPE, TAGS = topology().pipe, topology().tags
PLACE = {"region_name": "eu-central-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
SOURCE = flow.delivery(topology())["KinesisStreamSourceConfiguration"]
STREAM = {
    "DeliveryStreamName": topology().delivery.name, "DeliveryStreamARN": topology().delivery.arn, "DeliveryStreamStatus": "ACTIVE",
    "DeliveryStreamType": "KinesisStreamAsSource", "VersionId": "1", "Destinations": [], "HasMoreDestinations": False,
}  # fmt: skip


class Case:
    """Hold the operator with a stubbed client for each of its hooks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.operator = HoldFlowOperator(
            task_id="hold_flow", definition=flow.delivery(topology()), pipe=PIPE.name, owner_tags=TAGS, aws_conn_id=None
        )
        self.operator.hook.conn = boto3.client("pipes", **PLACE)
        firehose = DeliveryStreamHook(aws_conn_id=None, region_name="eu-central-1")
        firehose.conn = boto3.client("firehose", **PLACE)
        monkeypatch.setattr(hold_flow, "DeliveryStreamHook", lambda **_: firehose)
        self.pipes, self.firehose = Stubber(self.operator.hook.conn), Stubber(firehose.conn)
        self.pipes.activate()
        self.firehose.activate()

    def pipe(self, state: str, tags: dict[str, str] = TAGS) -> None:
        self.pipes.add_response("describe_pipe", {"Arn": PIPE.arn, "CurrentState": state, "Tags": tags})

    def delivery(self, source: dict[str, Any]) -> None:
        described = {**STREAM, "Source": {"KinesisStreamSourceDescription": source}}
        self.firehose.add_response("describe_delivery_stream", {"DeliveryStreamDescription": described})
        self.firehose.add_response("list_tags_for_delivery_stream", {"Tags": [], "HasMoreTags": False})


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(monkeypatch)


@pytest.mark.parametrize("is_there", [False, True], ids=["lost", "to be replaced"])
def test_a_running_pipe_is_stopped_before_the_delivery_stream_is_made_again(case: Case, is_there: bool) -> None:
    case.pipe("RUNNING")
    if is_there:
        case.delivery({**SOURCE, "KinesisStreamARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/other"})
    else:
        case.firehose.add_client_error("describe_delivery_stream", "ResourceNotFoundException")
    case.pipes.add_response("stop_pipe", {}, {"Name": PIPE.name})
    case.pipe("STOPPED")
    assert case.operator.execute({}) is True
    case.pipes.assert_no_pending_responses()


def test_a_delivery_stream_as_defined_leaves_the_pipe_running(case: Case) -> None:
    case.pipe("RUNNING")
    case.delivery(SOURCE)
    assert case.operator.execute({}) is False
    case.pipes.assert_no_pending_responses()


def test_where_a_stack_made_the_resources_nothing_is_stopped_or_even_asked(case: Case) -> None:
    case.operator.verify_only = True
    assert case.operator.execute({}) is False


def test_without_a_running_pipe_of_ours_nothing_is_stopped(case: Case) -> None:
    case.pipes.add_client_error("describe_pipe", "NotFoundException")
    case.pipe("STOPPED")
    case.pipe("RUNNING", {"owner": "them"})
    assert [case.operator.execute({}) for _ in range(3)] == [False, False, False]


def test_setup_starts_a_stopped_pipe_again(case: Case) -> None:
    definition = flow.pipe(topology(), "arn:aws:dynamodb:eu-central-1:123456789012:table/t/stream/x")
    case.pipes.add_response("update_pipe", {})
    stopped = {**definition, "DesiredState": "STOPPED", "CurrentState": "STOPPED"}
    assert case.operator.hook.update(Found(PIPE.name, PIPE.arn, TAGS, stopped), definition) == ["DesiredState"]
    case.pipes.assert_no_pending_responses()

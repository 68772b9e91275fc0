"""Test that a resource whose tags cannot be read is reported as denied, never as somebody else's."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from sales_cdc.aws.task_errors import ResourceRefusedError
from sales_cdc.provisioning.definitions import flow
from sales_cdc.provisioning.operators.provision import (
    ForeignResourceError,
    ProvisionDeliveryStreamOperator,
    ProvisionFunctionOperator,
    ProvisionOperator,
    ProvisionQueueOperator,
    ProvisionRuleOperator,
    ProvisionStreamOperator,
    ProvisionTableOperator,
)
from sales_cdc.provisioning.operators.remove import RemoveFunctionOperator
from sales_cdc.provisioning.orchestrator_policies import provisioning

from tests.unit.provisioning.conftest import Clock
from tests.unit.topologies import topology

TAGS = topology().tags
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:sales-cdc-transformer"
CONFIGURATION = {"FunctionName": "sales-cdc-transformer", "FunctionArn": FUNCTION_ARN}
WITHOUT_TAGS = {"Configuration": CONFIGURATION}  # what a caller without lambda:ListTags is answered
WITH_TAGS_ERROR = {
    **WITHOUT_TAGS,
    "TagsError": {
        "ErrorCode": "AccessDeniedException",
        "Message": f"User is not authorized to perform: lambda:ListTags on resource: {FUNCTION_ARN}",
    },
}
KINESIS = {
    "StreamName": "s", "StreamARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/s", "StreamStatus": "ACTIVE",
    "RetentionPeriodHours": 24, "StreamCreationTimestamp": 0, "EnhancedMonitoring": [], "OpenShardCount": 1,
}  # fmt: skip
DELIVERY = {
    "DeliveryStreamName": "d", "DeliveryStreamARN": "arn:aws:firehose:eu-central-1:123456789012:deliverystream/d",
    "DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "KinesisStreamAsSource", "VersionId": "1", "Destinations": [],
    "HasMoreDestinations": False,
}  # fmt: skip


def stubbed(operator: Any) -> Stubber:
    """Give the operator a client that answers only what the stubber holds."""
    hook = operator.hook
    hook.conn = boto3.client(
        hook.service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    stubber = Stubber(hook.conn)
    stubber.activate()
    return stubber


def operator_of(kind: type[ProvisionOperator], definition: dict[str, Any]) -> ProvisionOperator:
    return kind(
        task_id="provision", definition=definition, owner_tags=TAGS, aws_conn_id=None, region_name="eu-central-1"
    )


def test_the_provisioning_policy_lets_lambda_show_a_function_s_tags() -> None:
    granted = [each for each in provisioning(topology())["Statement"] if "lambda:GetFunction" in each["Action"]]
    assert all("lambda:ListTags" in each["Action"] for each in granted)
    assert granted


@pytest.mark.parametrize("answer", [WITHOUT_TAGS, WITH_TAGS_ERROR], ids=["no tags", "a tags error"])
def test_a_function_whose_tags_are_hidden_is_denied_and_not_foreign(answer: dict[str, Any]) -> None:
    operator = operator_of(ProvisionFunctionOperator, flow.transformer(topology(), "x"))
    stubber = stubbed(operator)
    stubber.add_response("get_function", answer)
    stubber.add_client_error("list_tags", "AccessDeniedException", "no identity-based policy allows lambda:ListTags")
    with pytest.raises(ResourceRefusedError, match=r"lambda:ListTags.*Let .* do ListTags") as refused:
        operator.execute({})
    assert not isinstance(refused.value, ForeignResourceError)


@pytest.mark.parametrize("tags", [{}, {"owner": "them"}], ids=["none", "another's"])
def test_a_function_without_our_tags_is_foreign(clock: Clock, tags: dict[str, str]) -> None:
    operator = operator_of(ProvisionFunctionOperator, flow.transformer(topology(), "x"))
    stubber = stubbed(operator)
    for _ in range(40):
        stubber.add_response("get_function", WITHOUT_TAGS)
        stubber.add_response("list_tags", {"Tags": tags}, {"Resource": FUNCTION_ARN})
    with pytest.raises(ForeignResourceError):
        operator.execute({})
    assert bool(clock.now) == (tags == {}), "tags may be late"


def test_teardown_does_not_leave_a_function_behind_whose_tags_it_may_not_read() -> None:
    operator = RemoveFunctionOperator(task_id="remove", resource="f", owner_tags=TAGS, aws_conn_id=None)
    stubber = stubbed(operator)
    stubber.add_response("get_function", WITHOUT_TAGS)
    stubber.add_client_error("list_tags", "AccessDeniedException", "because")
    with pytest.raises(ResourceRefusedError, match="ListTags"):
        operator.execute({})


Reads = list[tuple[str, dict[str, Any]]]
TAGGED: list[tuple[type[ProvisionOperator], dict[str, Any], Reads, str]] = [
    (ProvisionTableOperator, flow.table(topology()), [("describe_table", {"Table": {"TableArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/t"}})], "list_tags_of_resource"),
    (ProvisionStreamOperator, flow.stream(topology()), [("describe_stream_summary", {"StreamDescriptionSummary": KINESIS})], "list_tags_for_stream"),
    (ProvisionDeliveryStreamOperator, flow.delivery(topology()), [("describe_delivery_stream", {"DeliveryStreamDescription": DELIVERY})], "list_tags_for_delivery_stream"),
    (ProvisionQueueOperator, flow.dead_letter_queue(topology()), [("get_queue_url", {"QueueUrl": "https://sqs/q"}), ("get_queue_attributes", {"Attributes": {"QueueArn": "arn"}})], "list_queue_tags"),
    (ProvisionRuleOperator, flow.arrivals_rule(topology()), [("describe_rule", {"Arn": "arn:rule"})], "list_tags_for_resource"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "definition", "reads", "listing"), TAGGED, ids=[case[0].__name__ for case in TAGGED])
def test_a_resource_whose_tags_may_not_be_listed_is_denied_and_not_foreign(
    kind: type[ProvisionOperator], definition: dict[str, Any], reads: Reads, listing: str
) -> None:
    operator = operator_of(kind, definition)
    stubber = stubbed(operator)
    for call, answer in reads:
        stubber.add_response(call, answer)
    stubber.add_client_error(listing, "AccessDeniedException", "because")
    with pytest.raises(ResourceRefusedError, match="AccessDenied"):
        operator.execute({})

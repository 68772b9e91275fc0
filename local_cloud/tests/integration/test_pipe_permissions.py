"""A pipe needs its role's permissions, and shows which one is missing."""

from __future__ import annotations

import pytest
from tests.integration.pipe_chain import LIST_STREAMS, READ, Chain
from tests.integration.stream_parts import wait_for

pytestmark = pytest.mark.integration


def test_a_role_that_may_not_read_the_source_fails_the_creation(chain: Chain) -> None:
    """Amazon EventBridge Pipes permissions; DescribePipe: CREATE_FAILED with StateReason.

    Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html,
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html
    """
    chain.parts.allow("pipe", {chain.target: ["kinesis:PutRecords"], **LIST_STREAMS})
    reason = chain.create(until="CREATE_FAILED")["StateReason"]
    assert "AccessDenied" in reason
    assert "dynamodb:DescribeStream" in reason


def test_a_listing_of_streams_is_allowed_on_all_resources_only(chain: Chain) -> None:
    """The Service Authorization Reference has no resource type for ListStreams, so that only ``*`` allows it.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    """
    chain.parts.allow("pipe", {chain.target: ["kinesis:PutRecords"], chain.streams: [*READ, "dynamodb:ListStreams"]})
    assert "dynamodb:ListStreams" in chain.create(until="CREATE_FAILED")["StateReason"]


def test_a_role_that_does_not_trust_pipes_fails_the_creation(chain: Chain) -> None:
    """Amazon EventBridge Pipes permissions: pipes.amazonaws.com must be able to assume the role.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
    """
    stranger = chain.parts.role("stranger", "firehose.amazonaws.com", chain.permissions())
    reason = chain.create(role=stranger, until="CREATE_FAILED")["StateReason"]
    assert "pipes.amazonaws.com is not authorized to perform: sts:AssumeRole" in reason


def test_events_wait_for_a_permission_on_the_target(chain: Chain) -> None:
    """Error handling and troubleshooting: an authorisation error is retried and shown in StateReason.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
    """
    chain.parts.allow("pipe", {chain.streams: READ, **LIST_STREAMS})
    chain.create()
    chain.parts.put_orders("o-1")
    reason = wait_for(lambda: chain.pipes.describe_pipe(Name=chain.name).get("StateReason"), "a reason")
    assert "kinesis:PutRecords" in reason
    chain.parts.allow("pipe", chain.permissions())
    assert chain.orders(1) == ["o-1"]

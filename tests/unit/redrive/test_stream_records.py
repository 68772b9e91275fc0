"""Messages of the dead-letter queue name positions, and stream records get the form in which the pipe writes them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sales_cdc.aws.stream_position import Position
from sales_cdc.redrive.stream_records import record_to_try

STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-11-25T00:00:00.000"
POSITION = Position(STREAM, "shardId-1", "0100", "0200", 3, "RetryAttemptsExhausted")


def message(**changed: Any) -> str:
    batch = {"shardId": "shardId-1", "startSequenceNumber": "0100", "endSequenceNumber": "0200", "batchSize": 3}
    batch |= {"streamArn": STREAM, **changed}
    return json.dumps({"context": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch})


def test_a_message_of_the_pipe_names_a_position() -> None:
    assert Position.from_message(message()) == POSITION
    assert POSITION.name == "2026-11-25T00:00:00.000/shardId-1/0100-0200"


@pytest.mark.parametrize(
    "body", ["", "{}", "[]", "no JSON", message(startSequenceNumber="x"), message(shardId=""), message(batchSize=None)]
)
def test_any_other_message_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match="names no position"):
        Position.from_message(body)


def test_sequence_numbers_compare_as_numbers() -> None:
    assert [POSITION.holds(number) for number in ("99", "100", "0000150", "200", "201")] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_a_stream_record_gets_the_form_in_which_the_pipe_writes_it() -> None:
    record = {
        "eventID": "1", "eventName": "REMOVE", "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
        "dynamodb": {
            "ApproximateCreationDateTime": datetime(2026, 11, 25, 10, tzinfo=UTC), "SequenceNumber": "0150",
            "Keys": {"orderid": {"S": "a"}}, "OldImage": {"photo": {"B": b"\0\xff"}, "parts": {"BS": [b"x"]}},
        },
    }  # fmt: skip
    tried = record_to_try(POSITION, record)
    event = json.loads(base64.b64decode(tried.data or ""))
    assert event["dynamodb"]["ApproximateCreationDateTime"] == 1795600800
    assert event["dynamodb"]["OldImage"] == {"photo": {"B": "AP8="}, "parts": {"BS": ["eA=="]}}
    assert event["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    assert event["eventSourceARN"] == STREAM
    assert tried.arrived_ms == 1795600800000
    assert "RetryAttemptsExhausted" in tried.reason

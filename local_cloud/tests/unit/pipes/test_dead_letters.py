"""A dead letter names positions and has no payload.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

from __future__ import annotations

import json

from tests.unit.pipes.conftest import SOURCE, pipe_settings, records

from local_cloud.pipes.dead_letters import message


def test_a_letter_holds_the_range_of_sequence_numbers() -> None:
    batch = [*records(7, created=1_700_000_000.0), *records(9, created=1_700_000_001.5)]
    letter = message(pipe_settings(), "shard-1", batch, "RetryAttemptsExhausted")
    assert letter["context"] == {
        "partnerResourceArn": "arn:aws:pipes:us-east-1:000000000000:pipe/orders",
        "condition": "RetryAttemptsExhausted",
    }
    assert letter["DDBStreamBatchInfo"] == {
        "shardId": "shard-1",
        "startSequenceNumber": "7",
        "endSequenceNumber": "9",
        "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20.000Z",
        "approximateArrivalOfLastRecord": "2023-11-14T22:13:21.500Z",
        "batchSize": 2,
        "streamArn": SOURCE.arn,
    }


def test_a_letter_holds_no_payload() -> None:
    batch = records(7)
    batch[0].event["secret"] = "the customer's name"
    assert "customer" not in json.dumps(message(pipe_settings(), "shard-1", batch, "RecordAgeExceeded"))


def test_a_letter_about_kinesis_says_so() -> None:
    settings = pipe_settings(arn="arn:aws:kinesis:us-east-1:000000000000:stream/changes")
    assert "KinesisBatchInfo" in message(settings, "shard-1", records(1), "RetryAttemptsExhausted")

"""The words of refusals. Judges: what LocalStack's tests recorded from AWS, and moto's Kinesis (``refusal_texts`` has the sources)."""

from __future__ import annotations

import pytest
from tests.unit.emulator.kinesis_module import Kinesis

from local_cloud.emulator.kinesis_limits import patch_kinesis_limits
from local_cloud.emulator.refusal_texts import kinesis_text, patch_refusal_texts, streams_text
from local_cloud.emulator.resharding import patch_resharding

ACCOUNT = "111111111111"


@pytest.mark.parametrize(
    ("ours", "of_aws"),
    [
        ("Stream s not found", "Stream s under account 111111111111 not found."),
        (
            "Stream with ARN arn:aws:kinesis:us-east-1:1:stream/s not found",
            "Stream s under account 111111111111 not found.",
        ),
        ("Consumer arn:aws:c not found", "Consumer arn:aws:c, account 111111111111 not found."),
        (
            "Could not find shard x in stream s-1.",
            "Could not find shard x in stream s-1 under account 111111111111.",
        ),
        (
            "Request is invalid. Stream s is in On-Demand mode.",
            "Request is invalid. Stream s under account 111111111111 is in On-Demand mode.",
        ),
        ("Shard x in stream s does not exist", "Shard x in stream s under account 111111111111 does not exist"),
        ("Stream s under account 1 not found.", "Stream s under account 1 not found."),
        ("ShardCount must be at least 1", "ShardCount must be at least 1"),
    ],
)
def test_a_refusal_of_kinesis_names_the_streams_account(ours: str, of_aws: str) -> None:
    assert kinesis_text(ours, ACCOUNT) == of_aws


def test_a_refusal_of_dynamodb_streams_names_the_stream() -> None:
    arn = "arn:aws:dynamodb:us-east-1:1:table/t/stream/2024-11-18T14:36:44.149"
    assert streams_text(f"Stream not found: {arn}") == f"Requested resource not found: Stream: {arn} not found"
    assert streams_text("StreamArn is required") == "StreamArn is required"


def test_every_operation_answers_in_these_words() -> None:
    kinesis = Kinesis()
    patch_refusal_texts(kinesis.module, kinesis.module)
    with pytest.raises(AssertionError, match=r"Stream gone under account \d{12} not found\."):
        kinesis.ask("_describe_stream_summary", StreamName="gone")


def test_an_iterator_may_have_quotes_around_it() -> None:
    kinesis = Kinesis()
    patch_kinesis_limits(kinesis.module)
    patch_resharding(kinesis.module)
    kinesis.put("one")
    assert kinesis.read(f'"{kinesis.iterator("shardId-000000000000")}"')[0] == ["one"]


def test_a_stream_without_mode_and_shards_has_four() -> None:
    kinesis = Kinesis()
    patch_kinesis_limits(kinesis.module)
    kinesis.ask("_create_stream", StreamName="neither")
    made = kinesis.module._streams["neither"]
    assert (len(made["shards"]), made["StreamModeDetails"]) == (4, {"StreamMode": "ON_DEMAND"})

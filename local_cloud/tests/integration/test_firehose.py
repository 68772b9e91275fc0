"""Amazon Data Firehose through unmodified boto3, with IAM enforced: delivery streams act as their roles."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.delivery_streams import Delivery
from tests.integration.stream_parts import error_code, wait_for

pytestmark = pytest.mark.integration


def test_a_delivery_stream_is_created_described_listed_tagged_and_deleted(delivery: Delivery) -> None:
    """Amazon Data Firehose API Reference: CreateDeliveryStream to DeleteDeliveryStream.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_Operations.html
    """
    delivery.create(Prefix="raw/", seconds=60)
    shown = delivery.describe()
    destination = shown["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (shown["DeliveryStreamType"], shown["VersionId"], shown["HasMoreDestinations"]) == ("DirectPut", "1", False)
    assert destination["BufferingHints"] == {"SizeInMBs": 1, "IntervalInSeconds": 60}
    assert (destination["Prefix"], destination["CompressionFormat"]) == ("raw/", "UNCOMPRESSED")
    assert delivery.name in delivery.firehose.list_delivery_streams(Limit=1000)["DeliveryStreamNames"]

    named = {"DeliveryStreamName": delivery.name}
    delivery.firehose.tag_delivery_stream(**named, Tags=[{"Key": "team", "Value": "sales"}, {"Key": "x", "Value": "1"}])
    delivery.firehose.untag_delivery_stream(**named, TagKeys=["x"])
    assert delivery.firehose.list_tags_for_delivery_stream(**named)["Tags"] == [{"Key": "team", "Value": "sales"}]

    with pytest.raises(ClientError) as error:
        delivery.create()
    assert error_code(error) == "ResourceInUseException"
    delivery.firehose.delete_delivery_stream(**named)

    def is_gone() -> bool:
        return delivery.name not in delivery.firehose.list_delivery_streams(Limit=1000)["DeliveryStreamNames"]

    wait_for(is_gone, "the stream's end")
    with pytest.raises(ClientError) as error:
        delivery.describe()
    assert error_code(error) == "ResourceNotFoundException"


def test_server_side_encryption_is_kept_and_shown(delivery: Delivery) -> None:
    """StartDeliveryStreamEncryption, StopDeliveryStreamEncryption; PutRecord: Encrypted.

    Sources: https://docs.aws.amazon.com/firehose/latest/APIReference/API_StartDeliveryStreamEncryption.html,
    https://docs.aws.amazon.com/firehose/latest/APIReference/API_StopDeliveryStreamEncryption.html,
    https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html
    """
    delivery.create()
    named, record = {"DeliveryStreamName": delivery.name}, {"Data": b"one"}
    key = {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": "arn:aws:kms:us-east-1:000000000000:key/own"}
    shown: list[tuple[Any, Any]] = []
    for change in (
        lambda: delivery.firehose.start_delivery_stream_encryption(**named),
        lambda: delivery.firehose.start_delivery_stream_encryption(
            **named, DeliveryStreamEncryptionConfigurationInput=key
        ),
        lambda: delivery.firehose.stop_delivery_stream_encryption(**named),
    ):
        change()
        put = delivery.firehose.put_record(**named, Record=record)
        shown.append((delivery.describe()["DeliveryStreamEncryptionConfiguration"], put["Encrypted"]))
    assert shown == [
        ({"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"}, True),
        ({"Status": "ENABLED", **key}, True),
        ({"Status": "DISABLED"}, False),
    ]


def test_a_kinesis_source_is_read_from_the_stream_s_creation_on(delivery: Delivery) -> None:
    """KinesisStreamSourceDescription: DeliveryStartTimestamp.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_KinesisStreamSourceDescription.html
    """
    stream = delivery.parts.stream()
    delivery.parts.put_records(stream, [b"before"])
    time.sleep(0.01)
    delivery.create(stream=stream, seconds=1)
    delivery.parts.put_records(stream, [b"after"])
    assert delivery.content(5) == b"after"


def test_nothing_is_lost_when_the_stream_is_split_and_merged(delivery: Delivery) -> None:
    """Kinesis Developer Guide, After resharding: closed shards are read to their end first.

    Source: https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
    """
    stream, kinesis = delivery.parts.stream(), delivery.parts.cloud.client("kinesis")
    lines = [f"{number:03d}\n".encode() for number in range(300)]
    delivery.create(stream=stream, seconds=1)
    delivery.parts.put_records(stream, lines[:100])
    for start, shards in ((100, 2), (200, 1)):
        kinesis.update_shard_count(StreamARN=stream, TargetShardCount=shards, ScalingType="UNIFORM_SCALING")
        delivery.parts.put_records(stream, lines[start : start + 100])
    assert sorted(delivery.content(1200).splitlines(keepends=True)) == lines


def test_nothing_acknowledged_is_lost_when_the_worker_is_killed(delivery: Delivery) -> None:
    """Handle data delivery failures: at least once, from the source.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/retry.html
    """
    stream = delivery.parts.stream()
    delivery.create(stream=stream, seconds=1)
    lines = [f"{number:05d}\n".encode() for number in range(400)]
    delivery.parts.put_records(stream, lines[:200])
    delivery.parts.kill_services()
    delivery.parts.put_records(stream, lines[200:])
    wait_for(lambda: set(delivery.content(1).splitlines(keepends=True)) == set(lines), "every record")


def test_a_direct_put_that_was_answered_survives_a_kill(delivery: Delivery) -> None:
    delivery.create(seconds=3)
    delivery.put(*[f"{number:03d}\n" for number in range(100)])
    delivery.parts.kill_services()
    assert delivery.content(400).splitlines() == [f"{number:03d}".encode() for number in range(100)]


def test_a_role_that_firehose_cannot_assume_is_refused_at_creation(delivery: Delivery) -> None:
    """CreateDeliveryStream: InvalidArgumentException.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
    """
    stranger = delivery.parts.role("stranger", "pipes.amazonaws.com", delivery.allowed)
    with pytest.raises(ClientError, match="unable to assume role") as error:
        delivery.create(RoleARN=stranger)
    assert error_code(error) == "InvalidArgumentException"


def test_direct_puts_are_refused_by_a_stream_that_reads_kinesis(delivery: Delivery) -> None:
    """PutRecord: InvalidArgumentException for another source.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html
    """
    delivery.create(stream=delivery.parts.stream())
    with pytest.raises(ClientError) as error:
        delivery.put("one")
    assert error_code(error) == "InvalidArgumentException"


def test_a_record_over_the_limit_is_refused(delivery: Delivery) -> None:
    """PutRecord: a record has at most 1,000 KiB before it is encoded.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html
    """
    delivery.create()
    with pytest.raises(ClientError) as error:
        delivery.put("x" * (1000 * 1024 + 3))
    assert error_code(error) == "InvalidArgumentException"

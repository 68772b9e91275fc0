"""Firehose writes objects with documented names, by size and interval, through unmodified boto3."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest
from tests.integration.delivery_streams import ERRORS, Delivery
from tests.integration.stream_parts import wait_for

pytestmark = pytest.mark.integration


def test_records_are_joined_as_they_are_under_the_default_prefix(delivery: Delivery) -> None:
    """Amazon S3 object name format; no delimiter is added between records.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
    """
    delivery.create(seconds=1)
    delivery.put("one", "two\n", "three")
    ((key, body),) = delivery.objects().items()
    assert body == b"onetwo\nthree"
    stamp = r"\d{4}(-\d{2}){5}"
    assert re.fullmatch(rf"\d{{4}}/\d{{2}}/\d{{2}}/\d{{2}}/{delivery.name}-1-{stamp}-[0-9a-f-]{{36}}", key)


def test_a_hive_prefix_compression_and_a_file_extension(delivery: Delivery) -> None:
    """Understand custom prefixes for Amazon S3 objects; ExtendedS3DestinationConfiguration: FileExtension.

    Sources: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html,
    https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html
    """
    delivery.create(
        Prefix="raw/dt=!{timestamp:yyyy-MM-dd}/hr=!{timestamp:HH}/", ErrorOutputPrefix=ERRORS,
        CompressionFormat="GZIP", FileExtension=".json.gz",
    )  # fmt: skip
    delivery.put("one")
    ((key, body),) = delivery.objects().items()
    assert re.match(r"raw/dt=\d{4}-\d{2}-\d{2}/hr=\d{2}/", key)
    assert key.endswith(".json.gz")
    assert gzip.decompress(body) == b"one"


def test_a_full_buffer_does_not_wait_for_its_interval(delivery: Delivery) -> None:
    """Configure buffering hints: whichever condition is satisfied first.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
    """
    delivery.create(seconds=900)
    for _ in range(3):
        delivery.put("x" * 400_000)
    assert len(delivery.content(1_200_000)) == 1_200_000


def test_the_interval_gathers_records_into_one_object(delivery: Delivery) -> None:
    """Configure buffering hints.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
    """
    delivery.create(seconds=2)
    for number in range(5):
        delivery.put(f"{number}\n")
    delivery.content(10)
    assert list(delivery.parts.objects().values()) == [b"0\n1\n2\n3\n4\n"]


def test_a_delimiter_is_appended_when_it_is_asked_for(delivery: Delivery) -> None:
    """Processor: AppendDelimiterToRecord.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_Processor.html
    """
    processor = {
        "Type": "AppendDelimiterToRecord",
        "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
    }
    delivery.create(ProcessingConfiguration={"Enabled": True, "Processors": [processor]}, seconds=1)
    delivery.put("one", "two")
    assert delivery.content(8) == b"one\ntwo\n"


def test_a_change_of_destination_loses_nothing_of_the_buffer(delivery: Delivery) -> None:
    """UpdateDestination.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html
    """
    delivery.create(Prefix="old/", seconds=900)
    delivery.put("one\n", "two\n")
    delivery.update(Prefix="new/", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
    assert delivery.content(8, "new/") == b"one\ntwo\n"
    assert delivery.describe()["VersionId"] == "2"
    assert f"{delivery.name}-2-" in next(iter(delivery.parts.objects("new/")))


def test_records_wait_for_a_permission_on_the_bucket_and_the_error_is_logged(delivery: Delivery) -> None:
    """Monitor Amazon Data Firehose using CloudWatch Logs: S3.AccessDenied; Handle data delivery failures.

    Sources: https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html,
    https://docs.aws.amazon.com/firehose/latest/dev/retry.html
    """
    logs, group = delivery.parts.cloud.client("logs"), f"/aws/firehose/{delivery.name}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="DestinationDelivery")
    objects = f"arn:aws:s3:::{delivery.bucket}/*"
    delivery.allow(objects, "s3:GetObject")
    delivery.allow("*", "logs:PutLogEvents")
    delivery.create(
        CloudWatchLoggingOptions={"Enabled": True, "LogGroupName": group, "LogStreamName": "DestinationDelivery"}
    )
    delivery.put("one")

    def logged() -> list[dict[str, Any]]:
        found = logs.get_log_events(logGroupName=group, logStreamName="DestinationDelivery")["events"]
        return [json.loads(one["message"]) for one in found]

    first = wait_for(logged, "a logged error")[0]
    assert first["errorCode"] == "S3.AccessDenied"
    assert first["deliveryStreamARN"] == delivery.describe()["DeliveryStreamARN"]
    delivery.allow(objects, "s3:PutObject")
    assert delivery.content(3) == b"one"

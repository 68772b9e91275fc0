"""The whole cloud killed while changes are on their way: what DynamoDB acknowledged is in S3 in the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.stream_parts import Parts, wait_for
from tests.integration.test_crash import CrashingCloud

pytestmark = pytest.mark.integration

READ_TABLE = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
READ_STREAM = ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
LOOK_AT_BUCKET = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[CrashingCloud]:
    cloud = CrashingCloud(tmp_path)
    cloud.command("start")
    yield cloud
    cloud.command("stop")


def make_chain(parts: Parts) -> None:
    """Table → pipe → Kinesis → Firehose → bucket, buffered for two seconds."""
    source, stream, bucket = parts.table(), parts.stream(), parts.bucket()
    reader = parts.role(
        "firehose", "firehose.amazonaws.com",
        {stream: READ_STREAM, f"arn:aws:s3:::{bucket}/*": ["s3:PutObject"], f"arn:aws:s3:::{bucket}": LOOK_AT_BUCKET},
    )  # fmt: skip
    mover = parts.role(
        "pipe", "pipes.amazonaws.com", {f"{source.rpartition('/')[0]}/*": READ_TABLE, stream: ["kinesis:PutRecords"]}
    )
    parts.cloud.client("firehose").create_delivery_stream(
        DeliveryStreamName=f"{parts.prefix}-delivery", DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": stream, "RoleARN": reader},
        ExtendedS3DestinationConfiguration={
            "RoleARN": reader, "BucketARN": f"arn:aws:s3:::{bucket}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 2},
            "ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord"}]},
        },
    )  # fmt: skip
    parts.cloud.client("pipes").create_pipe(
        Name=f"{parts.prefix}-pipe", RoleArn=mover, Source=source, Target=stream,
        SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        TargetParameters={"KinesisStreamParameters": {"PartitionKey": "$.dynamodb.Keys.orderid.S"}},
    )  # fmt: skip


def delivered(parts: Parts) -> set[str]:
    lines = [line for body in parts.objects().values() for line in body.splitlines()]
    return {json.loads(line)["dynamodb"]["Keys"]["orderid"]["S"] for line in lines}


def test_every_acknowledged_order_is_delivered_after_kills_of_everything(crashing: CrashingCloud, prefix: str) -> None:
    parts = Parts(crashing, prefix)
    make_chain(parts)
    written: set[str] = set()
    for round_number in range(3):
        names = [f"o-{round_number}-{number}" for number in range(40)]
        parts.put_orders(*names)
        written.update(names)
        if round_number == 1:
            wait_for(lambda: parts.read_stream(parts.stream_arn()), "records in Kinesis")
        crashing.kill()
        crashing.command("start")
    wait_for(lambda: delivered(parts) == written, "every order", seconds=60)

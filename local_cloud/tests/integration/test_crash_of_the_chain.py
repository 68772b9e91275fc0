"""When the whole cloud is killed while changes are delivered, every acknowledged one is in S3 in the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.integration.pipe_chain import LIST_STREAMS, READ
from tests.integration.stream_parts import Parts, wait_for
from tests.integration.test_crash import CrashingCloud

pytestmark = pytest.mark.integration

READ_STREAM = ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
LOOK_AT_BUCKET = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[CrashingCloud]:
    cloud = CrashingCloud(tmp_path)
    cloud.command("start")
    yield cloud
    cloud.command("stop")


def make_chain(parts: Parts) -> None:
    """Make a table → pipe → Kinesis → Firehose → bucket, buffered for two seconds."""
    source, stream, bucket = parts.table(), parts.stream(), parts.bucket()
    reader = parts.role(
        "firehose", "firehose.amazonaws.com",
        {stream: READ_STREAM, f"arn:aws:s3:::{bucket}/*": ["s3:PutObject"], f"arn:aws:s3:::{bucket}": LOOK_AT_BUCKET},
    )  # fmt: skip
    mover = parts.role(
        "pipe", "pipes.amazonaws.com",
        {f"{source.rpartition('/')[0]}/*": READ, **LIST_STREAMS, stream: ["kinesis:PutRecords"]},
    )  # fmt: skip
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


def write_orders(parts: Parts, names: list[str]) -> set[str]:
    """Put the orders one after another; return those that DynamoDB acknowledged."""
    written = set()
    for name in names:
        try:
            parts.put_orders(name)
        except (BotoCoreError, ClientError):
            continue
        written.add(name)
        time.sleep(0.02)
    return written


def test_every_acknowledged_order_is_delivered_after_repeated_kills(crashing: CrashingCloud, prefix: str) -> None:
    """Kill before, while and after the first records are in Kinesis and in Firehose's buffer, during a write each time."""
    parts = Parts(crashing, prefix)
    make_chain(parts)
    names = [f"o-{number}" for number in range(250)]
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_orders, parts, names)
        for seconds in (0.3, 1.0, 2.5):
            time.sleep(seconds)
            crashing.kill()
            crashing.command("start")
        written = writing.result()
    assert len(written) > len(names) / 2
    wait_for(lambda: delivered(parts) >= written, "every order", seconds=120)
    assert delivered(parts) <= set(names)

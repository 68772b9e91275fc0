"""CloudWatch shows the metrics of Kinesis and Lambda to an unmodified client."""

from __future__ import annotations

import io
import json
import time
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.integration


def total(cloud: Any, namespace: str, metric: str, dimension: str, name: str) -> float:
    """Wait for a metric and return its sum over the last hour; 0 when there is none."""
    deadline = time.monotonic() + 60
    while True:
        now = datetime.now(UTC)
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace=namespace, MetricName=metric, Dimensions=[{"Name": dimension, "Value": name}],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1), Period=3600, Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        if found or time.monotonic() > deadline:
            return float(sum(point["Sum"] for point in found))
        time.sleep(0.3)


def test_kinesis_counts_incoming_records_and_the_age_of_its_readers(cloud: Any, prefix: str) -> None:
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName=prefix, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=prefix, WaiterConfig={"Delay": 1})
    kinesis.put_records(StreamName=prefix, Records=[{"Data": b"abc", "PartitionKey": str(n)} for n in range(7)])
    shard = kinesis.list_shards(StreamName=prefix)["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName=prefix, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    kinesis.get_records(ShardIterator=iterator["ShardIterator"])
    assert total(cloud, "AWS/Kinesis", "IncomingRecords", "StreamName", prefix) == 7
    ages = cloud.client("cloudwatch").list_metrics(
        Namespace="AWS/Kinesis", MetricName="GetRecords.IteratorAgeMilliseconds", Dimensions=[{"Name": "StreamName", "Value": prefix}]
    )  # fmt: skip
    assert ages["Metrics"]


def test_lambda_counts_invocations_and_errors(cloud: Any, prefix: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("failing.py", "def handler(event, context):\n    return 1 / event['by']\n")
    cloud.client("iam").create_role(
        RoleName=prefix, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
    )
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName=prefix, Runtime="python3.11", Handler="failing.handler", Code={"ZipFile": packed.getvalue()},
        Role=f"arn:aws:iam::000000000000:role/{prefix}",
    )  # fmt: skip
    functions.get_waiter("function_active_v2").wait(FunctionName=prefix, WaiterConfig={"Delay": 1})
    for by in (1, 0, 0):
        functions.invoke(FunctionName=prefix, Payload=json.dumps({"by": by}))
    assert total(cloud, "AWS/Lambda", "Errors", "FunctionName", prefix) == 2
    assert total(cloud, "AWS/Lambda", "Invocations", "FunctionName", prefix) == 3

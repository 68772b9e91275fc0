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


def waited_for(cloud: Any, alarm: str, state: str) -> dict[str, Any]:
    """Wait until an alarm is in a state, and return its description."""
    deadline = time.monotonic() + 60
    while True:
        (found,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        if found["StateValue"] == state:
            return dict(found)
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def test_an_alarm_on_a_queue_fires_while_it_holds_messages_and_tells_a_topic(cloud: Any, prefix: str) -> None:
    """Alarms of AWS go back to OK by themselves, and act on each change.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    """
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    topic = sns.create_topic(Name=prefix)["TopicArn"]
    letters, told = (sqs.create_queue(QueueName=f"{prefix}-{name}")["QueueUrl"] for name in ("letters", "told"))
    told_arn = sqs.get_queue_attributes(QueueUrl=told, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": told_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=told, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told_arn)
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=prefix, Namespace="AWS/SQS", MetricName="ApproximateNumberOfMessagesVisible", Statistic="Maximum", Period=10,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="notBreaching",
        Dimensions=[{"Name": "QueueName", "Value": f"{prefix}-letters"}], AlarmActions=[topic], OKActions=[topic],
    )  # fmt: skip
    waited_for(cloud, prefix, "OK")
    sqs.send_message(QueueUrl=letters, MessageBody="given up")
    assert "GreaterThanOrEqualToThreshold 1" in waited_for(cloud, prefix, "ALARM")["StateReason"]
    sqs.purge_queue(QueueUrl=letters)
    waited_for(cloud, prefix, "OK")
    states = []
    while received := sqs.receive_message(QueueUrl=told, MaxNumberOfMessages=10).get("Messages"):
        states += [json.loads(json.loads(each["Body"])["Message"])["NewStateValue"] for each in received]
    assert sorted(states) == ["ALARM", "OK", "OK"]

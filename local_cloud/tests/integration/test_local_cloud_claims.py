"""What the README says about services that MiniStack answers, seen through unmodified clients.

A test whose name begins with ``differs`` shows a difference from AWS. When it fails one day, the README can promise more.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.integration.stream_parts import Parts, error_code, wait_for

import local_cloud

pytestmark = pytest.mark.integration


def test_what_the_cloud_keeps_is_in_its_home(cloud: Any) -> None:
    kept = ("cloud/emulator", "cloud/s3", "cloud/services.db", "logs/cloud.log")
    assert [name for name in kept if not (cloud.home / name).exists()] == []


def test_records_of_one_partition_key_keep_their_order_in_one_shard(parts: Parts) -> None:
    """PutRecords, GetRecords.

    Sources: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html,
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
    """
    stream = parts.stream()
    entries = [{"Data": f"{number}".encode(), "PartitionKey": f"key-{number % 7}"} for number in range(70)]
    parts.cloud.client("kinesis").put_records(StreamARN=stream, Records=entries)
    read = parts.read_stream(stream)
    assert len(read) == 70
    for key in {entry["PartitionKey"] for entry in entries}:
        of_key = [int(record["Data"]) for record in read if record["PartitionKey"] == key]
        assert of_key == sorted(of_key)


def test_a_call_with_more_than_500_kinesis_records_is_refused(parts: Parts) -> None:
    """PutRecords: at most 500 records.

    Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
    """
    entries = [{"Data": b"1", "PartitionKey": "a"}] * 501
    with pytest.raises(ClientError) as refused:
        parts.cloud.client("kinesis").put_records(StreamARN=parts.stream(), Records=entries)
    assert error_code(refused) in {"ValidationException", "InvalidArgumentException"}


def test_a_conditional_put_does_not_overwrite(parts: Parts) -> None:
    """How to prevent object overwrites with conditional writes (Amazon S3).

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    place = {"Bucket": parts.bucket(), "Key": "a"}
    s3 = parts.cloud.client("s3")
    s3.put_object(**place, Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        s3.put_object(**place, Body=b"second", IfNoneMatch="*")
    assert error_code(refused) == "PreconditionFailed"
    assert s3.get_object(**place)["Body"].read() == b"first"


def test_a_new_object_reaches_a_queue_through_eventbridge(parts: Parts) -> None:
    """Using EventBridge (Amazon S3): bucket → default bus → rule → SQS.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
    """
    bucket, (url, queue) = parts.bucket(), parts.queue()
    parts.cloud.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket]}}}
    events, rule = parts.cloud.client("events"), f"{parts.prefix}-created"
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue}])
    sqs = parts.cloud.client("sqs")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}]}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(document)})
    parts.cloud.client("s3").put_object(Bucket=bucket, Key="raw/a.json", Body=b"1")
    (message,) = wait_for(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "the event")
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "raw/a.json"


def test_a_message_is_hidden_while_it_is_worked_on_and_gone_once_deleted(parts: Parts) -> None:
    """Amazon SQS visibility timeout.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
    """
    sqs, (url, _) = parts.cloud.client("sqs"), parts.queue()
    sqs.send_message(QueueUrl=url, MessageBody="letter")
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=1)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    (again,) = wait_for(lambda: sqs.receive_message(QueueUrl=url, VisibilityTimeout=30).get("Messages"), "the message")
    assert again["MessageId"] == message["MessageId"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (counted["ApproximateNumberOfMessages"], counted["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")


def test_a_function_s_log_is_in_cloudwatch(parts: Parts) -> None:
    """Sending Lambda function logs to CloudWatch Logs.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    parts.function("def handler(event, context):\n    print('seen', event['name'])\n    return event\n")
    name = f"{parts.prefix}-transformer"
    functions, logs = parts.cloud.client("lambda"), parts.cloud.client("logs")
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    functions.invoke(FunctionName=name, Payload=json.dumps({"name": "a"}))

    def lines() -> list[str]:
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        return [one["message"] for one in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]] if groups else []  # fmt: skip

    assert any("seen a" in line for line in wait_for(lines, "the log"))


def test_differs_a_function_runs_on_this_machine_s_python(parts: Parts) -> None:
    """On AWS on the one that its runtime names (Lambda runtimes).

    Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    parts.function("import sys\ndef handler(event, context):\n    return list(sys.version_info[:3])\n")
    name, functions = f"{parts.prefix}-transformer", parts.cloud.client("lambda")
    functions.update_function_configuration(FunctionName=name, Runtime="python3.13")
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    assert json.load(functions.invoke(FunctionName=name)["Payload"]) == list(sys.version_info[:3])


def test_differs_crawlers_of_other_targets_are_refused(parts: Parts) -> None:
    role = parts.role("crawler", "glue.amazonaws.com", {"*": ["s3:*", "glue:*"]})
    targets = {"JdbcTargets": [{"ConnectionName": "c", "Path": "p"}]}
    with pytest.raises(ClientError, match="local cloud") as answer:
        parts.cloud.client("glue").create_crawler(Name=parts.prefix, Role=role, DatabaseName="d", Targets=targets)
    assert error_code(answer) == "InvalidInputException"


def test_differs_awsglue_is_a_part_of_aws_s() -> None:
    library = Path(local_cloud.__file__).parent / "glue" / "jobs" / "library" / "awsglue"
    found = {path.stem for path in library.glob("*.py")} - {"__init__"}
    assert found == {"context", "dynamicframe", "job", "tables", "utils"}


def test_a_change_of_a_stale_table_version_is_refused(parts: Parts) -> None:
    """UpdateTable (AWS Glue): VersionId.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html
    """
    glue, name = parts.cloud.client("glue"), parts.prefix
    glue.create_database(DatabaseInput={"Name": name})
    glue.create_table(DatabaseName=name, TableInput={"Name": "t"})
    version = glue.get_table(DatabaseName=name, Name="t")["Table"]["VersionId"]
    glue.update_table(DatabaseName=name, TableInput={"Name": "t", "Description": "1"}, VersionId=version)
    with pytest.raises(ClientError) as refused:
        glue.update_table(DatabaseName=name, TableInput={"Name": "t", "Description": "2"}, VersionId=version)
    assert error_code(refused) == "ConcurrentModificationException"


def test_the_pair_test_test_is_the_administrator_and_other_keys_are_refused(cloud: Any) -> None:
    """GetCallerIdentity; unknown keys: *Common error types*.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    assert cloud.client("sts").get_caller_identity()["Account"] == "000000000000"
    place = {"endpoint_url": cloud.endpoint, "region_name": "us-east-1"}
    stranger = boto3.client("s3", aws_access_key_id="AKIASTRANGER", aws_secret_access_key="x", **place)
    with pytest.raises(ClientError) as refused:
        stranger.list_buckets()
    assert error_code(refused) in {"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"}


def metric_names(cloud: Any, namespace: str, dimension: str, name: str) -> set[str]:
    pages = cloud.client("cloudwatch").get_paginator("list_metrics").paginate(
        Namespace=namespace, Dimensions=[{"Name": dimension, "Value": name}]
    )  # fmt: skip
    return {one["MetricName"] for page in pages for one in page["Metrics"]}


def test_pipes_and_delivery_streams_have_their_metrics(parts: Parts) -> None:
    """Monitoring Amazon EventBridge Pipes; Monitor with CloudWatch metrics (Amazon Data Firehose).

    Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html,
    https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
    """
    source, stream, bucket, name = parts.table(), parts.stream(), parts.bucket(), parts.prefix
    role = parts.role("pipe", "pipes.amazonaws.com", {"*": ["dynamodb:*", "kinesis:*"]})
    parts.cloud.client("pipes").create_pipe(
        Name=name, RoleArn=role, Source=source, Target=stream,
        SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        TargetParameters={"KinesisStreamParameters": {"PartitionKey": "$.eventID"}},
    )  # fmt: skip
    writer = parts.role("firehose", "firehose.amazonaws.com", {"*": ["s3:*"]})
    firehose = parts.cloud.client("firehose")
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
    destination = {"RoleARN": writer, "BucketARN": f"arn:aws:s3:::{bucket}", "BufferingHints": hints}
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)
    wait_for(
        lambda: firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE",
        "the delivery stream",
    )  # fmt: skip
    parts.put_orders("a")
    firehose.put_record(DeliveryStreamName=name, Record={"Data": b"a"})
    of_pipe = wait_for(lambda: metric_names(parts.cloud, "AWS/EventBridge/Pipes", "PipeName", name), "its metrics")
    assert {"EventCount", "Invocations", "ExecutionFailed", "TargetStageFailed"} <= of_pipe
    delivered = {"IncomingRecords", "DeliveryToS3.Records", "DeliveryToS3.Success", "DeliveryToS3.DataFreshness"}
    wait_for(
        lambda: delivered <= metric_names(parts.cloud, "AWS/Firehose", "DeliveryStreamName", name), "Firehose's metrics"
    )

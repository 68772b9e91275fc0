"""AWS's first minutes, as boto3 meets them: each refusal and each late answer comes, and passes by itself."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError
from tests.integration.pipe_chain import Chain
from tests.integration.stream_parts import Cloud, Parts, error_code, wait_for

pytestmark = pytest.mark.integration
SECONDS = 20.0  # each thing is new for half of it at least: longer than the calls before the look at it take here


class Weather:
    """Ask the cloud for weather and for none."""

    def __init__(self, endpoint: str) -> None:
        self._url = f"{endpoint}/_local_cloud/faults"

    def begin(self, seconds: float = SECONDS) -> None:
        plan = json.dumps({"seed": 7, "eventual_consistency": seconds})
        assert urllib3.request("PUT", self._url, body=plan, retries=False).status == 200

    def end(self) -> None:
        urllib3.request("DELETE", self._url, retries=False)

    def counts(self) -> dict[str, int]:
        done: dict[str, int] = urllib3.request("GET", self._url, retries=False).json()["done"]
        return done


@pytest.fixture
def weather(cloud: Cloud) -> Iterator[Weather]:
    made = Weather(cloud.endpoint)
    yield made
    made.end()


def passes(call: Callable[..., Any], *codes: str, **parameters: Any) -> Any:
    """Call until the call succeeds: it is refused first, and with these codes only."""
    seen: set[str] = set()

    def attempt() -> Any:
        try:
            return call(**parameters) or True
        except ClientError as error:
            seen.add(error.response["Error"]["Code"])
            if not seen <= set(codes):
                raise
            return None

    found = wait_for(attempt, f"the end of {codes}")
    assert seen
    return found


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("main.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()


def test_a_new_role_is_refused_by_each_service_in_its_words(cloud: Cloud, prefix: str, weather: Weather) -> None:
    parts = Parts(cloud, prefix)
    bucket = parts.bucket()
    weather.begin()
    roles = {
        one: parts.role(one, f"{one}.amazonaws.com", {"*": ["s3:*", "logs:*"]})
        for one in ("lambda", "firehose", "glue")
    }
    calls: list[tuple[Callable[..., Any], str, str, dict[str, Any]]] = [
        (
            cloud.client("lambda").create_function, "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
            {"FunctionName": prefix, "Runtime": "python3.11", "Role": roles["lambda"], "Handler": "main.handler", "Code": {"ZipFile": archive()}},
        ),
        (
            cloud.client("firehose").create_delivery_stream, "InvalidArgumentException",
            f"Firehose is unable to assume role {roles['firehose']}. Please check the role provided.",
            {"DeliveryStreamName": prefix, "ExtendedS3DestinationConfiguration": {"RoleARN": roles["firehose"], "BucketARN": f"arn:aws:s3:::{bucket}"}},
        ),
        (
            cloud.client("glue").create_crawler, "InvalidInputException",
            f"Service is unable to assume provided role {roles['glue']}",
            {"Name": prefix, "Role": roles["glue"], "DatabaseName": "d", "Targets": {"S3Targets": [{"Path": f"s3://{bucket}/"}]}},
        ),
    ]  # fmt: skip
    for call, code, words, parameters in calls:
        with pytest.raises(ClientError) as refused:
            call(**parameters)
        assert error_code(refused) == code
        assert words in str(refused.value)
    for call, code, _, parameters in calls:
        wait_for(lambda call=call, code=code, parameters=parameters: succeeded(call, code, parameters), "the role")
    assert weather.counts()["eventual_consistency: role"] >= 3
    weather.end()
    cloud.client("firehose").delete_delivery_stream(DeliveryStreamName=prefix)


def succeeded(call: Callable[..., Any], code: str, parameters: dict[str, Any]) -> bool:
    try:
        call(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return False
    return True


def test_a_pipe_with_a_new_role_fails_and_is_made_in_the_end(chain: Chain, weather: Weather) -> None:
    weather.begin()
    role = chain.parts.role("late", "pipes.amazonaws.com", chain.permissions())
    failed = chain.create(role=role, until="CREATE_FAILED")
    assert "sts:AssumeRole" in failed["StateReason"]
    chain.pipes.delete_pipe(Name=chain.name)
    wait_for(lambda: not chain.pipes.list_pipes(NamePrefix=chain.name)["Pipes"], "no pipe")
    assuming = {"RoleArn": role, "RoleSessionName": "look"}
    wait_for(lambda: succeeded(chain.parts.cloud.client("sts").assume_role, "AccessDenied", assuming), "the role")
    assert chain.create(role=role)["CurrentState"] == "RUNNING"


def test_a_bucket_is_late_aborts_changes_in_a_row_and_its_next_life(
    cloud: Cloud, prefix: str, weather: Weather
) -> None:
    s3, tags = cloud.client("s3"), {"TagSet": [{"Key": "a", "Value": "b"}]}
    weather.begin(8)
    s3.create_bucket(Bucket=prefix)
    passes(s3.put_bucket_tagging, "NoSuchBucket", Bucket=prefix, Tagging=tags)
    passes(s3.put_bucket_versioning, "OperationAborted", Bucket=prefix, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_bucket(Bucket=prefix)
    passes(s3.create_bucket, "OperationAborted", Bucket=prefix)


def test_streams_and_tables_are_creating_and_their_tags_are_late(cloud: Cloud, prefix: str, weather: Weather) -> None:
    kinesis, dynamodb = cloud.client("kinesis"), cloud.client("dynamodb")
    weather.begin()
    kinesis.create_stream(StreamName=prefix, ShardCount=1, Tags={"a": "b"})
    dynamodb.create_table(
        TableName=prefix, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )  # fmt: skip
    summary = kinesis.describe_stream_summary(StreamName=prefix)["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == "CREATING"
    assert kinesis.list_tags_for_stream(StreamName=prefix)["Tags"] == []
    assert dynamodb.describe_table(TableName=prefix)["Table"]["TableStatus"] == "CREATING"
    passes(kinesis.add_tags_to_stream, "ResourceInUseException", StreamName=prefix, Tags={"c": "d"})
    dynamodb.get_waiter("table_exists").wait(TableName=prefix, WaiterConfig={"Delay": 1, "MaxAttempts": 90})
    dynamodb.put_item(TableName=prefix, Item={"k": {"S": "1"}})
    tags = wait_for(lambda: kinesis.list_tags_for_stream(StreamName=prefix)["Tags"], "tags")
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "b", "c": "d"}


def test_queues_and_log_groups_take_their_time(cloud: Cloud, prefix: str, weather: Weather) -> None:
    sqs, logs = cloud.client("sqs"), cloud.client("logs")
    weather.begin()
    url = sqs.create_queue(QueueName=prefix, Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    logs.create_log_group(logGroupName=prefix)
    passes(logs.put_retention_policy, "OperationAbortedException", logGroupName=prefix, retentionInDays=7)
    queue_is_late = sqs.exceptions.QueueDoesNotExist
    with pytest.raises(queue_is_late):
        sqs.get_queue_url(QueueName=prefix)

    def timeout() -> str:
        try:
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        except queue_is_late:
            return ""
        return str(found["Attributes"]["VisibilityTimeout"])

    wait_for(lambda: timeout() == "30", "the queue")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    assert timeout() == "30"
    wait_for(lambda: timeout() == "60", "the attribute")

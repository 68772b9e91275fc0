"""Amazon Data Firehose through unmodified boto3, with IAM enforced: delivery streams act as their roles."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.stream_parts import Cloud, Parts, wait_for

pytestmark = pytest.mark.integration

READ = ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
LOOK = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
VERDICTS = """
import base64, json

def handler(event, context):
    records = []
    for record in event["records"]:
        wish = base64.b64decode(record["data"]).decode().strip()
        result = {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode((wish.upper() + "\\n").encode()).decode()}
        if wish == "crash":
            raise ValueError("as wished")
        if wish == "missing":
            continue
        if wish in ("Dropped", "ProcessingFailed"):
            result["result"] = wish
        records += [result] * (2 if wish == "duplicate" else 1)
    return {"records": records}
"""
ECHO = """
import base64, json

def handler(event, context):
    shown = base64.b64encode((json.dumps(event) + "\\n").encode()).decode()
    return {"records": [{"recordId": one["recordId"], "result": "Ok", "data": shown} for one in event["records"]]}
"""
SLOW = """
import time

def handler(event, context):
    time.sleep(4)
    return {"records": [{"recordId": one["recordId"], "result": "Ok", "data": one["data"]} for one in event["records"]]}
"""


class Delivery:
    """Make a bucket, a role, and delivery streams into the bucket."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.name = parts, f"{parts.prefix}-delivery"
        self.firehose = parts.cloud.client("firehose")
        self.bucket = parts.bucket()
        self.allowed = {f"arn:aws:s3:::{self.bucket}/*": ["s3:PutObject"], f"arn:aws:s3:::{self.bucket}": LOOK}
        self.role = parts.role("firehose", "firehose.amazonaws.com", self.allowed)

    def allow(self, resource: str, *actions: str) -> None:
        self.allowed[resource] = list(actions)
        self.parts.allow("firehose", self.allowed)

    def processing(self, source: str, retries: int = 0) -> dict[str, Any]:
        """Return a processing configuration with a function of the given source."""
        function = self.parts.function(source)
        self.allow(function, "lambda:InvokeFunction", "lambda:GetFunctionConfiguration")
        parameters = {"LambdaArn": function, "BufferIntervalInSeconds": "0", "NumberOfRetries": str(retries)}
        named = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
        return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": named}]}

    def create(self, *, stream: str | None = None, seconds: int = 0, **s3: Any) -> None:
        """Create the delivery stream and wait until it is active."""
        arguments: dict[str, Any] = {"DeliveryStreamType": "DirectPut"}
        if stream is not None:
            self.allow(stream, *READ)
            arguments = {
                "DeliveryStreamType": "KinesisStreamAsSource",
                "KinesisStreamSourceConfiguration": {"KinesisStreamARN": stream, "RoleARN": self.role},
            }
        destination = {
            "RoleARN": self.role, "BucketARN": f"arn:aws:s3:::{self.bucket}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": seconds}, **s3,
        }  # fmt: skip
        self.firehose.create_delivery_stream(
            DeliveryStreamName=self.name, ExtendedS3DestinationConfiguration=destination, **arguments
        )
        wait_for(lambda: self.describe()["DeliveryStreamStatus"] == "ACTIVE", "an active stream")

    def describe(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.firehose.describe_delivery_stream(DeliveryStreamName=self.name)
        description: dict[str, Any] = shown["DeliveryStreamDescription"]
        return description

    def put(self, *payloads: str) -> None:
        records = [{"Data": one.encode()} for one in payloads]
        answer = self.firehose.put_record_batch(DeliveryStreamName=self.name, Records=records)
        assert answer["FailedPutCount"] == 0

    def update(self, **s3: Any) -> None:
        shown = self.describe()
        self.firehose.update_destination(
            DeliveryStreamName=self.name, CurrentDeliveryStreamVersionId=shown["VersionId"],
            DestinationId=shown["Destinations"][0]["DestinationId"], ExtendedS3DestinationUpdate=s3,
        )  # fmt: skip

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Return the bucket's objects under the prefix when there are any."""
        return wait_for(lambda: self.parts.objects(prefix), f"objects under {prefix!r}")

    def content(self, size: int, prefix: str = "") -> bytes:
        """Return the bytes of the objects under the prefix when there are ``size``."""

        def look() -> bytes | None:
            found = b"".join(self.parts.objects(prefix).values())
            return found if len(found) >= size else None

        return wait_for(look, f"{size} bytes under {prefix!r}") or b""

    def failures(self, count: int) -> list[dict[str, Any]]:
        """Return the lines of the error objects when there are ``count``."""

        def look() -> list[dict[str, Any]] | None:
            lines = [json.loads(line) for one in self.parts.objects("errors/").values() for line in one.splitlines()]
            return lines if len(lines) >= count else None

        return wait_for(look, f"{count} failures") or []


@pytest.fixture
def delivery(cloud: Cloud, prefix: str) -> Iterator[Delivery]:
    made = Delivery(Parts(cloud, prefix))
    yield made
    if made.name in made.firehose.list_delivery_streams(Limit=1000)["DeliveryStreamNames"]:
        made.firehose.delete_delivery_stream(DeliveryStreamName=made.name)


ERRORS = "errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_delivery_stream_is_created_described_listed_tagged_and_deleted(delivery: Delivery) -> None:
    """*Amazon Data Firehose API Reference*: CreateDeliveryStream to DeleteDeliveryStream."""
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
    assert code_of(error) == "ResourceInUseException"
    delivery.firehose.delete_delivery_stream(**named)

    def is_gone() -> bool:
        return delivery.name not in delivery.firehose.list_delivery_streams(Limit=1000)["DeliveryStreamNames"]

    wait_for(is_gone, "the stream's end")
    with pytest.raises(ClientError) as error:
        delivery.describe()
    assert code_of(error) == "ResourceNotFoundException"


def test_server_side_encryption_is_kept_and_shown(delivery: Delivery) -> None:
    """*StartDeliveryStreamEncryption*, *StopDeliveryStreamEncryption*; *PutRecord*: Encrypted."""
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


def test_records_are_joined_as_they_are_under_the_default_prefix(delivery: Delivery) -> None:
    """*Amazon S3 object name format*; no delimiter is added between records."""
    delivery.create(seconds=1)
    delivery.put("one", "two\n", "three")
    ((key, body),) = delivery.objects().items()
    assert body == b"onetwo\nthree"
    stamp = r"\d{4}(-\d{2}){5}"
    assert re.fullmatch(rf"\d{{4}}/\d{{2}}/\d{{2}}/\d{{2}}/{delivery.name}-1-{stamp}-[0-9a-f-]{{36}}", key)


def test_a_hive_prefix_compression_and_a_file_extension(delivery: Delivery) -> None:
    """*Understand custom prefixes for Amazon S3 objects*; *ExtendedS3DestinationConfiguration*: FileExtension."""
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
    """*Configure buffering hints*: whichever condition is satisfied first."""
    delivery.create(seconds=900)
    for _ in range(3):
        delivery.put("x" * 400_000)
    assert len(delivery.content(1_200_000)) == 1_200_000


def test_the_interval_gathers_records_into_one_object(delivery: Delivery) -> None:
    """*Configure buffering hints*."""
    delivery.create(seconds=2)
    for number in range(5):
        delivery.put(f"{number}\n")
    delivery.content(10)
    assert list(delivery.parts.objects().values()) == [b"0\n1\n2\n3\n4\n"]


def test_a_delimiter_is_appended_when_it_is_asked_for(delivery: Delivery) -> None:
    """*Processor*: AppendDelimiterToRecord."""
    processor = {
        "Type": "AppendDelimiterToRecord",
        "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
    }
    delivery.create(ProcessingConfiguration={"Enabled": True, "Processors": [processor]}, seconds=1)
    delivery.put("one", "two")
    assert delivery.content(8) == b"one\ntwo\n"


def test_each_record_gets_the_verdict_of_the_function(delivery: Delivery) -> None:
    """*Required parameters for data transformation*; *Handle failure in data transformation*."""
    delivery.create(
        ProcessingConfiguration=delivery.processing(VERDICTS), Prefix="raw/", ErrorOutputPrefix=ERRORS, seconds=1
    )
    delivery.put("good", "Dropped", "ProcessingFailed", "missing", "duplicate", "fine")
    assert delivery.content(10, "raw/") == b"GOOD\nFINE\n"
    failures = {base64.b64decode(one["rawData"]).decode(): one for one in delivery.failures(3)}
    assert {wish: one["errorCode"] for wish, one in failures.items()} == {
        "ProcessingFailed": "Lambda.ProcessingFailedStatus",
        "missing": "Lambda.MissingRecordId",
        "duplicate": "Lambda.DuplicatedRecordId",
    }
    fields = {
        "attemptsMade",
        "arrivalTimestamp",
        "errorCode",
        "errorMessage",
        "attemptEndingTimestamp",
        "rawData",
        "lambdaArn",
    }
    assert all(one.keys() == fields for one in failures.values())
    assert failures["missing"]["lambdaArn"].endswith(":function:" + f"{delivery.parts.prefix}-transformer")
    (key,) = delivery.parts.objects("errors/")
    assert re.match(r"errors/processing-failed/dt=\d{4}-\d{2}-\d{2}/", key)


def test_a_failing_function_is_retried_and_its_batch_is_kept_unchanged(delivery: Delivery) -> None:
    """*Handle failure in data transformation*: retries, then processing-failed."""
    delivery.create(
        ProcessingConfiguration=delivery.processing(VERDICTS, retries=2), Prefix="raw/", ErrorOutputPrefix=ERRORS
    )
    delivery.put("crash", "beside it")
    failures = delivery.failures(2)
    assert [base64.b64decode(one["rawData"]).decode() for one in failures] == ["crash", "beside it"]
    assert {(one["errorCode"], one["attemptsMade"]) for one in failures} == {("Lambda.FunctionError", 3)}


def test_the_function_gets_the_documented_event_of_a_kinesis_source(delivery: Delivery) -> None:
    """*Transform source data in Amazon Data Firehose*; AWS Lambda's sample event for Firehose with Kinesis as source."""
    stream = delivery.parts.stream()
    delivery.create(stream=stream, ProcessingConfiguration=delivery.processing(ECHO), seconds=1)
    before = round(time.time() * 1000) - 60_000
    delivery.parts.put_records(stream, [b"one"])
    event = json.loads(delivery.content(10).splitlines()[0])
    (source,) = delivery.parts.read_stream(stream)
    (record,) = event["records"]
    metadata = record["kinesisRecordMetadata"]
    assert (event["deliveryStreamArn"], event["sourceKinesisStreamArn"]) == (
        delivery.describe()["DeliveryStreamARN"],
        stream,
    )
    assert (event["region"], bool(event["invocationId"])) == ("us-east-1", True)
    assert base64.b64decode(record["data"]) == b"one"
    assert record["recordId"].startswith(source["SequenceNumber"])
    assert record["approximateArrivalTimestamp"] == metadata["approximateArrivalTimestamp"] > before
    assert (metadata["sequenceNumber"], metadata["partitionKey"]) == (source["SequenceNumber"], source["PartitionKey"])
    assert metadata["shardId"].startswith("shardId-")
    assert metadata["subsequenceNumber"] == 0


def test_a_kinesis_source_is_read_from_the_stream_s_creation_on(delivery: Delivery) -> None:
    """*KinesisStreamSourceDescription*: DeliveryStartTimestamp."""
    stream = delivery.parts.stream()
    delivery.parts.put_records(stream, [b"before"])
    time.sleep(0.01)
    delivery.create(stream=stream, seconds=1)
    delivery.parts.put_records(stream, [b"after"])
    assert delivery.content(5) == b"after"


def test_nothing_is_lost_when_the_stream_is_split_and_merged(delivery: Delivery) -> None:
    """Kinesis Developer Guide, *After resharding*: closed shards are read to their end first."""
    stream, kinesis = delivery.parts.stream(), delivery.parts.cloud.client("kinesis")
    lines = [f"{number:03d}\n".encode() for number in range(300)]
    delivery.create(stream=stream, seconds=1)
    delivery.parts.put_records(stream, lines[:100])
    for start, shards in ((100, 3), (200, 1)):
        kinesis.update_shard_count(StreamARN=stream, TargetShardCount=shards, ScalingType="UNIFORM_SCALING")
        delivery.parts.put_records(stream, lines[start : start + 100])
    assert sorted(delivery.content(1200).splitlines(keepends=True)) == lines


def test_nothing_acknowledged_is_lost_when_the_worker_is_killed(delivery: Delivery) -> None:
    """*Handle data delivery failures*: at least once, from the source."""
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


def test_a_change_of_destination_loses_nothing_of_the_buffer(delivery: Delivery) -> None:
    """*UpdateDestination*."""
    delivery.create(Prefix="old/", seconds=900)
    delivery.put("one\n", "two\n")
    delivery.update(Prefix="new/", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
    assert delivery.content(8, "new/") == b"one\ntwo\n"
    assert delivery.describe()["VersionId"] == "2"
    assert f"{delivery.name}-2-" in next(iter(delivery.parts.objects("new/")))


def test_records_wait_for_a_permission_on_the_bucket_and_the_error_is_logged(delivery: Delivery) -> None:
    """*Monitor Amazon Data Firehose using CloudWatch Logs*: S3.AccessDenied; *Handle data delivery failures*."""
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


def test_a_denied_invocation_goes_to_the_error_prefix(delivery: Delivery) -> None:
    """*Monitor Amazon Data Firehose using CloudWatch Logs*: Lambda.InvokeAccessDenied."""
    processing = delivery.processing(VERDICTS)
    function = processing["Processors"][0]["Parameters"][0]["ParameterValue"]
    delivery.allow(function, "lambda:GetFunctionConfiguration")
    delivery.create(ProcessingConfiguration=processing, ErrorOutputPrefix=ERRORS)
    delivery.put("one")
    (failure,) = delivery.failures(1)
    assert failure["errorCode"] == "Lambda.InvokeAccessDenied"
    assert "lambda:InvokeFunction" in failure["errorMessage"]


def test_a_role_that_firehose_cannot_assume_is_refused_at_creation(delivery: Delivery) -> None:
    """*CreateDeliveryStream*: InvalidArgumentException."""
    stranger = delivery.parts.role("stranger", "pipes.amazonaws.com", delivery.allowed)
    with pytest.raises(ClientError, match="unable to assume role") as error:
        delivery.create(RoleARN=stranger)
    assert code_of(error) == "InvalidArgumentException"


def test_direct_puts_are_refused_by_a_stream_that_reads_kinesis(delivery: Delivery) -> None:
    """*PutRecord*: InvalidArgumentException for another source."""
    delivery.create(stream=delivery.parts.stream())
    with pytest.raises(ClientError) as error:
        delivery.put("one")
    assert code_of(error) == "InvalidArgumentException"


def test_a_record_over_the_limit_is_refused(delivery: Delivery) -> None:
    """*PutRecord*: a record has at most 1,000 KiB before it is encoded."""
    delivery.create()
    with pytest.raises(ClientError) as error:
        delivery.put("x" * (1000 * 1024 + 3))
    assert code_of(error) == "InvalidArgumentException"


def test_a_slow_function_delays_no_other_call(delivery: Delivery) -> None:
    delivery.create(ProcessingConfiguration=delivery.processing(SLOW), ErrorOutputPrefix=ERRORS)
    delivery.put("one")
    longest = 0.0
    end = time.monotonic() + 2
    while time.monotonic() < end:
        started = time.monotonic()
        delivery.put("more")
        delivery.describe()
        longest = max(longest, time.monotonic() - started)
    assert longest < 3.0  # the function takes four
    delivery.content(3)

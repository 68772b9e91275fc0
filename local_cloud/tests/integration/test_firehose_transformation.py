"""Firehose transforms records with a Lambda function as documented, through unmodified boto3."""

from __future__ import annotations

import base64
import json
import re
import time

import pytest
from tests.integration.delivery_streams import ECHO, ERRORS, SLOW, VERDICTS, Delivery

pytestmark = pytest.mark.integration


def test_each_record_gets_the_verdict_of_the_function(delivery: Delivery) -> None:
    """Required parameters for data transformation; Handle failure in data transformation.

    Sources: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html,
    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
    """
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
    """Handle failure in data transformation: retries, then processing-failed.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
    """
    delivery.create(
        ProcessingConfiguration=delivery.processing(VERDICTS, retries=2), Prefix="raw/", ErrorOutputPrefix=ERRORS
    )
    delivery.put("crash", "beside it")
    failures = delivery.failures(2)
    assert [base64.b64decode(one["rawData"]).decode() for one in failures] == ["crash", "beside it"]
    assert {(one["errorCode"], one["attemptsMade"]) for one in failures} == {("Lambda.FunctionError", 3)}


def test_the_function_gets_the_documented_event_of_a_kinesis_source(delivery: Delivery) -> None:
    """Transform source data in Amazon Data Firehose; AWS Lambda's sample event for Firehose with Kinesis as source.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
    """
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


def test_a_denied_invocation_goes_to_the_error_prefix(delivery: Delivery) -> None:
    """Monitor Amazon Data Firehose using CloudWatch Logs: Lambda.InvokeAccessDenied.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html
    """
    processing = delivery.processing(VERDICTS)
    function = processing["Processors"][0]["Parameters"][0]["ParameterValue"]
    delivery.allow(function, "lambda:GetFunctionConfiguration")
    delivery.create(ProcessingConfiguration=processing, ErrorOutputPrefix=ERRORS)
    delivery.put("one")
    (failure,) = delivery.failures(1)
    assert failure["errorCode"] == "Lambda.InvokeAccessDenied"
    assert "lambda:InvokeFunction" in failure["errorMessage"]


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

"""The chain from DynamoDB to S3 with each fault on, with all of them, and with its workers killed while orders are written.

The table's own stream is the judge: every change arrives at least once or is under errors/ with the bytes that were sent,
nothing is invented, a duplicated change is the same line again, and each order's last change is what the table holds.
For a kill of the whole cloud see ``test_crash_of_the_chain``.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import Cloud
from tests.integration.pipe_chain import LIST_STREAMS, READ
from tests.integration.stream_parts import Parts, wait_for
from tests.integration.test_crash_of_the_chain import LOOK_AT_BUCKET, READ_STREAM

pytestmark = pytest.mark.integration
ORDERS = 15
Identity = tuple[str, str]
Event = dict[str, Any]

TRANSFORMER = """
import base64, json

def handler(event, context):
    records = []
    for record in event["records"]:
        change = json.loads(base64.b64decode(record["data"]))
        stream = change["dynamodb"]
        line = {
            "order": stream["Keys"]["orderid"]["S"],
            "sequence_number": stream["SequenceNumber"].zfill(40),
            "event_type": change["eventName"],
            "price": stream.get("NewImage", {}).get("price", {}).get("N"),
        }
        data = base64.b64encode((json.dumps(line) + "\\n").encode()).decode()
        records.append({"recordId": record["recordId"], "result": "Ok", "data": data})
    return {"records": records}
"""
"""Writes one JSON line for each change: the order, the padded sequence number, the event type and the new price."""

FAULTS: dict[str, dict[str, float]] = {
    "duplicate": {"duplicate": 0.5},
    "reorder": {"reorder": 0.5},
    "delay": {"delay_seconds": 0.3},
    "throttle": {"throttle": 0.3},
    "lambda_error": {"lambda_error": 0.5},
    "lambda_error_that_outlasts_retries": {"lambda_error": 1.0},
    "lambda_timeout": {"lambda_timeout": 0.5},
    "s3_error": {"s3_error": 0.5},
}
FAULTS["all"] = {
    **dict.fromkeys(("duplicate", "reorder", "throttle", "lambda_error", "lambda_timeout", "s3_error"), 0.3),
    "delay_seconds": 0.1,
}


class Chain:
    """Make a table → pipe → Kinesis → Firehose with the transformer → bucket, with an object every second."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.source, self.stream, bucket = parts.table(), parts.stream(), f"arn:aws:s3:::{parts.bucket()}"
        function = parts.function(TRANSFORMER)
        call = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
        allowed = {self.stream: READ_STREAM, f"{bucket}/*": ["s3:PutObject"], bucket: LOOK_AT_BUCKET, function: call}
        reader = parts.role("firehose", "firehose.amazonaws.com", allowed)
        streams = f"{self.source.rpartition('/')[0]}/*"
        mover = parts.role(
            "pipe", "pipes.amazonaws.com", {streams: READ, **LIST_STREAMS, self.stream: ["kinesis:PutRecords"]}
        )  # fmt: skip
        parameters = {"LambdaArn": function, "BufferIntervalInSeconds": "0", "NumberOfRetries": "3"}
        named = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
        parts.cloud.client("firehose").create_delivery_stream(
            DeliveryStreamName=f"{parts.prefix}-delivery", DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": self.stream, "RoleARN": reader},
            ExtendedS3DestinationConfiguration={
                "RoleARN": reader, "BucketARN": bucket, "Prefix": "raw/",
                "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 1},
                "ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": named}]},
            },
        )  # fmt: skip
        parts.cloud.client("pipes").create_pipe(
            Name=f"{parts.prefix}-pipe", RoleArn=mover, Source=self.source, Target=self.stream,
            SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
            TargetParameters={"KinesisStreamParameters": {"PartitionKey": "$.dynamodb.Keys.orderid.S"}},
        )  # fmt: skip

    def write_orders(self, case: str) -> None:
        """Insert orders, change each of them two times, delete every third."""
        for price in (10, 20, 30):
            names = [f"{case}-{number}" for number in range(ORDERS)]
            self.parts.put_orders(*names, price={"N": str(price)}, product_name={"S": "laptop"})
        table = self.parts.cloud.client("dynamodb")
        for name in names[::3]:
            table.delete_item(TableName=f"{self.parts.prefix}-orders", Key={"orderid": {"S": name}})

    def changes(self, case: str) -> set[Identity]:
        """Return the changes in the table's own stream."""
        client = self.parts.cloud.client("dynamodbstreams")
        found: set[Identity] = set()
        for shard in client.describe_stream(StreamArn=self.source)["StreamDescription"]["Shards"]:
            place = {"StreamArn": self.source, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = client.get_shard_iterator(**place)["ShardIterator"]
            while records := (page := client.get_records(ShardIterator=iterator))["Records"]:
                found |= {identity(record) for record in records}
                iterator = page["NextShardIterator"]
        return {one for one in found if one[0].startswith(f"{case}-")}

    def lines(self, case: str) -> dict[Identity, list[str]]:
        """Return the lines under raw/, by their change."""
        lines: dict[Identity, list[str]] = defaultdict(list)
        for line in (line for body in self.parts.objects("raw/").values() for line in body.decode().splitlines()):
            event = json.loads(line)
            if event["order"].startswith(f"{case}-"):
                lines[event["order"], event["sequence_number"]].append(line)
        return lines

    def failures(self, case: str) -> dict[Identity, bytes]:
        """Return the raw data under errors/, by its change."""
        bodies = self.parts.objects("errors/").values()
        raw = [base64.b64decode(json.loads(line)["rawData"]) for body in bodies for line in body.splitlines()]
        return {identity(json.loads(one)): one for one in raw if identity(json.loads(one))[0].startswith(f"{case}-")}

    def table_holds(self) -> set[str]:
        page = self.parts.cloud.client("dynamodb").scan(TableName=f"{self.parts.prefix}-orders")
        return {item["orderid"]["S"] for item in page["Items"]}


def identity(record: dict[str, Any]) -> Identity:
    change = record["dynamodb"]
    return change["Keys"]["orderid"]["S"], change["SequenceNumber"].zfill(40)


def ask(cloud: Cloud, method: str, path: str, document: Any = None) -> bool:
    """Send a request to the admin endpoint; return False when it is refused for now."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{cloud.endpoint}/_local_cloud/{path}", body, method=method)
    try:
        urllib.request.urlopen(request).close()
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
        return False
    return True


@pytest.fixture(scope="module")
def chain(cloud: Cloud) -> Iterator[Chain]:
    made = Chain(Parts(cloud, "under-faults"))
    yield made
    cloud.client("pipes").delete_pipe(Name=f"{made.parts.prefix}-pipe")
    cloud.client("firehose").delete_delivery_stream(DeliveryStreamName=f"{made.parts.prefix}-delivery")


@pytest.fixture(autouse=True)
def faultless_afterwards(cloud: Cloud) -> Iterator[None]:
    yield
    ask(cloud, "DELETE", "faults")


def expect_every_change(chain: Chain, case: str) -> None:
    """Check that each change of the case's orders is delivered, or kept as it was sent, and nothing else is."""
    written = chain.changes(case)
    assert len(written) == 3 * ORDERS + ORDERS / 3
    wait_for(lambda: chain.lines(case).keys() | chain.failures(case).keys() >= written, "every change", seconds=120)
    lines, failures = chain.lines(case), chain.failures(case)
    assert lines.keys() | failures.keys() == written
    assert all(len(set(copies)) == 1 for copies in lines.values())
    if failures:
        assert set(failures.values()) <= {record["Data"] for record in chain.parts.read_stream(chain.stream)}
    else:
        expect_table(chain, [json.loads(copies[0]) for copies in lines.values()], case)


def expect_table(chain: Chain, events: list[Event], case: str) -> None:
    latest: dict[str, Event] = {}
    for event in sorted(events, key=lambda one: one["sequence_number"]):
        latest[event["order"]] = event
    alive = {order for order, event in latest.items() if event["event_type"] != "REMOVE"}
    assert alive == {order for order in chain.table_holds() if order.startswith(f"{case}-")}
    assert all(latest[order]["price"] == "30" for order in alive)


@pytest.mark.parametrize("case", FAULTS)
def test_no_change_is_lost_or_invented_under_faults(case: str, chain: Chain, cloud: Cloud) -> None:
    ask(cloud, "PUT", "faults", {"seed": 1, **FAULTS[case]})
    chain.write_orders(case)
    if case == "lambda_error_that_outlasts_retries":
        wait_for(lambda: chain.failures(case).keys() == chain.changes(case), "every change under errors/", seconds=120)
    expect_every_change(chain, case)


def test_no_change_is_lost_or_invented_when_the_workers_are_killed(chain: Chain, cloud: Cloud) -> None:
    for case in ("crash-a", "crash-b"):
        chain.write_orders(case)
        wait_for(lambda: ask(cloud, "POST", "crash"), "a crash")
    chain.write_orders("crash-c")
    for case in ("crash-a", "crash-b", "crash-c"):
        expect_every_change(chain, case)

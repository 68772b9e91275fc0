"""Test the redrive: after a fix the failed changes arrive; those that fail again stay, with their reason."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyathena import connect
from sales_cdc.redrive.error_zone import ErrorZoneHook

from tests.e2e.conftest import DATABASE, ORDERS, WORKGROUP, Pipeline
from tests.integration.dag_runs import DagRun
from tests.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
FUNCTION, QUEUE, STREAM = "sales-cdc-transformer", "sales-cdc-pipe-dlq", "sales-cdc-changes"
BROKEN = "def handler(event, context):\n    raise RuntimeError('not today')\n"
FORMER = """
def handler(event, context):
    refused = [{"recordId": each["recordId"], "result": "ProcessingFailed", "data": each["data"]} for each in event["records"]]
    return {"records": refused}
"""
"""A transformer before values were rescued: it refused each change with a value of another type than its field's."""


class Zones:
    """Read the bucket without the project's code."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline, self.bucket, self.s3 = pipeline, pipeline.bucket, pipeline.client("s3")

    def objects(self, prefix: str) -> dict[str, bytes]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return {key: self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}

    def lines(self, prefix: str) -> list[dict[str, Any]]:
        return [json.loads(line) for body in self.objects(prefix).values() for line in body.splitlines()]

    def document(self, key: str) -> dict[str, Any]:
        return dict(json.loads(self.objects(key)[key]))

    def probes_have_passed(self) -> bool:
        """Return whether each probe order's delete has arrived like its insert, so that none is in flight."""
        ends: dict[str, set[str]] = {"INSERT": set(), "REMOVE": set()}
        for line in self.lines("raw/"):
            if "probe" in line["orderID"] and line["event_type"] in ends:
                ends[line["event_type"]].add(line["orderID"])
        return ends["INSERT"] == ends["REMOVE"]

    def redriven(self) -> set[str]:
        return {key for key in self.objects("raw/") if "/redrive-" in key}

    def clear(self, prefix: str) -> None:
        for key in self.objects(prefix):
            self.s3.delete_object(Bucket=self.bucket, Key=key)


@pytest.fixture
def zones(pipeline: Pipeline) -> Iterator[Zones]:
    """Check that the error zone is empty before and after a test."""
    made = Zones(pipeline)
    wait_for(made.probes_have_passed, "the end of the probes")
    made.clear("errors/")
    yield made
    made.clear("errors/")


@contextmanager
def broken_transformer(pipeline: Pipeline, code: str = BROKEN) -> Iterator[None]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lambda_transformer.py", code)
    client = pipeline.client("lambda")
    client.update_function_code(FunctionName=FUNCTION, ZipFile=packed.getvalue())
    try:
        yield
    finally:
        client.update_function_code(
            FunctionName=FUNCTION, S3Bucket=pipeline.bucket, S3Key="artifacts/lambda_transformer.zip"
        )


def redrive(zones: Zones, run_id: str = "", **params: Any) -> dict[str, Any]:
    """Run the DAG once; return its report."""
    run = DagRun("sales_cdc_redrive.py", **params)
    run.run_id = run_id or run.run_id
    run.run()
    return zones.document(f"ledger/redrive/{run.run_id}.json")


def killed_before_it_settled(zones: Zones, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a redrive that is killed after it delivered, before it deletes anything under errors/."""

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ErrorZoneHook, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            redrive(zones, run_id)


def test_changes_that_a_broken_transformer_failed_are_delivered_after_the_fix(
    pipeline: Pipeline, zones: Zones, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broken_transformer(pipeline):
        generated = DagRun("sales_cdc_generate.py", inserts=60, updates=30, deletes=10, seed=501)
        generated.run()
        wait_for(lambda: len(zones.lines("errors/")) >= 100, "every change under errors/", seconds=120)
    failed, before = zones.objects("errors/"), zones.redriven()
    dry = redrive(zones, dry_run=True)
    assert (dry["found"], dry["redelivered"], dry["left"]) == (100, 100, 0)
    assert zones.objects("errors/") == failed
    killed_before_it_settled(zones, "killed", monkeypatch)
    assert zones.objects("errors/") == failed
    done, again = redrive(zones, "killed"), redrive(zones)
    assert (done["found"], done["redelivered"], done["left"]) == (100, 100, 0)
    assert list(done["found_by_reason"]) == [
        "Lambda.FunctionError: The Lambda function was successfully invoked but it returned an error result."
    ]
    assert (again["found"], again["redelivered"]) == (0, 0)
    assert zones.objects("errors/") == {}
    assert len(zones.redriven() - before) == len(failed)
    batch = DagRun("sales_cdc_batch.py")
    batch.run("find_account", "wait_for_delivery")
    confirmed = zones.document(f"ledger/generate/{generated.run_id}/confirmed.json")
    assert confirmed["delivered"] == {"INSERT": 60, "MODIFY": 30, "REMOVE": 10}


def test_changes_that_fail_again_stay_with_the_transformer_s_own_reason(pipeline: Pipeline, zones: Zones) -> None:
    change = {
        "eventID": "poison", "eventName": "UPSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795647153, "Keys": {"orderid": {"S": "poison"}}, "SequenceNumber": "1",
            "NewImage": {"orderid": {"S": "poison"}, "quantity": {"N": "1"}},
        },
    }  # fmt: skip
    payloads = [json.dumps(change).encode(), b"no JSON"]
    records = [{"Data": payload, "PartitionKey": "poison"} for payload in payloads]
    pipeline.client("kinesis").put_records(StreamName=STREAM, Records=records)
    wait_for(lambda: len(zones.lines("errors/")) == 2, "both under errors/", seconds=120)
    first = redrive(zones)
    kept = zones.objects("errors/")
    second = redrive(zones)
    reasons = {
        "Lambda.ProcessingFailedStatus: eventName is not INSERT, MODIFY or REMOVE": 1,
        "Lambda.ProcessingFailedStatus: its data is not base64 of one JSON document in UTF-8 (JSONDecodeError)": 1,
    }
    assert first["by_reason"] == second["by_reason"] == second["found_by_reason"] == reasons
    assert (first["found"], first["redelivered"], first["left"]) == (2, 0, 2)
    assert zones.objects("errors/") == kept


def test_positions_are_read_back_from_the_stream_and_the_trimmed_are_named(pipeline: Pipeline, zones: Zones) -> None:
    orders = [f"lettered-{number}" for number in range(5)]
    for order in orders:
        item = {
            "orderid": {"S": order},
            "product_name": {"S": "laptop"},
            "quantity": {"N": "5"},
            "price": {"N": "10.50"},
            "photo": {"B": b"\0\xff"},
            "sizes": {"NS": ["1.50", "2"]},
        }
        pipeline.client("dynamodb").put_item(TableName=ORDERS, Item=item)
    wait_for(
        lambda: sum("lettered-" in str(line["orderID"]) for line in zones.lines("raw/")) >= 5, "the orders in raw/"
    )
    stream, shard, sequence_numbers = positions(pipeline, orders)
    send(pipeline, stream, shard, sequence_numbers[0], sequence_numbers[-1], 5)
    send(pipeline, stream, "shardId-00000000000000000099-00000099", "1".zfill(30), "7".zfill(30), 7)
    report = redrive(zones)
    trimmed = {"trimmed: the stream no longer holds it": 7}
    assert (report["found"], report["redelivered"], report["by_reason"]) == (12, 5, trimmed)
    (delivered,) = [key for key in zones.objects("raw/") if "shardId" in key or sequence_numbers[0] in key]
    by_pipe = {
        line for key, body in zones.objects("raw/").items() if key != delivered
        for line in body.splitlines() if b"lettered-" in line
    }  # fmt: skip
    assert set(zones.objects("raw/")[delivered].splitlines()) == by_pipe
    (named,) = zones.objects("ledger/redrive/trimmed/").values()
    assert json.loads(named)["trimmed"] == 7
    assert redrive(zones)["found"] == 0


def test_an_order_whose_id_is_too_long_for_kinesis_holds_up_no_other_and_arrives_by_redrive(
    pipeline: Pipeline, zones: Zones
) -> None:
    """A partition key has at most 256 characters: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html."""
    long, after = "long-" + "x" * 295, "after-the-long-one"
    for order in (long, after):
        item = {"orderid": {"S": order}, "product_name": {"S": "laptop"}, "quantity": {"N": "5"}, "price": {"N": "9.5"}}
        pipeline.client("dynamodb").put_item(TableName=ORDERS, Item=item)
    wait_for(lambda: any(line["orderID"] == after for line in zones.lines("raw/")), "the next order", seconds=30)
    wait_for(lambda: letters(pipeline) == 1, "the position in the dead-letter queue", seconds=30)
    assert not [line for line in zones.lines("raw/") if line["orderID"] == long]
    report = redrive(zones)
    assert (report["found"], report["redelivered"], report["left"], letters(pipeline)) == (1, 1, 0, 0)
    curate(pipeline)
    assert ask(pipeline, "SELECT orderid FROM orders_current WHERE orderid LIKE 'long-%' AND quantity = 5") == [(long,)]


def test_changes_that_a_former_transformer_refused_for_a_value_arrive_with_it_rescued(
    pipeline: Pipeline, zones: Zones
) -> None:
    bad = {"quantity": {"S": "five"}, "price": {"N": "10.555"}}
    with broken_transformer(pipeline, FORMER):
        for order, values in (("refused-1", bad), ("refused-2", {"quantity": {"N": "5"}, "price": {"N": "9.5"}})):
            item = {"orderid": {"S": order}, "product_name": {"S": "laptop"}, **values}
            pipeline.client("dynamodb").put_item(TableName=ORDERS, Item=item)
        wait_for(lambda: len(zones.lines("errors/")) == 2, "both under errors/", seconds=120)
    report = redrive(zones)
    assert (report["found"], report["redelivered"], report["left"]) == (2, 2, 0)
    assert zones.objects("errors/") == {}
    curate(pipeline)
    found = ask(pipeline, "SELECT orderid, quantity, CAST(price AS varchar), rescued_data FROM orders_current WHERE orderid LIKE 'refused-%' ORDER BY orderid")  # fmt: skip
    first, second = found
    assert first[:3] == ("refused-1", None, None)
    assert json.loads(first[3]) == bad
    assert second == ("refused-2", 5, "9.50", None)


def ask(pipeline: Pipeline, sql: str) -> list[Any]:
    """Return the rows of a query of Athena."""
    athena = connect(
        work_group=WORKGROUP, schema_name=DATABASE, region_name="us-east-1", endpoint_url=pipeline.endpoint,
        aws_access_key_id="test", aws_secret_access_key="test", poll_interval=0.1,
    ).cursor()  # fmt: skip
    return list(athena.execute(sql).fetchall())


def letters(pipeline: Pipeline) -> int:
    """Count the messages of the dead-letter queue."""
    sqs = pipeline.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))


def curate(pipeline: Pipeline) -> None:
    """Run the curate job to its end."""
    glue = pipeline.client("glue")
    run = glue.start_job_run(JobName="sales-cdc-curate")["JobRunId"]
    state = lambda: glue.get_job_run(JobName="sales-cdc-curate", RunId=run)["JobRun"]["JobRunState"]  # noqa: E731
    wait_for(lambda: state() in {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"}, "the job's end", seconds=250)
    assert state() == "SUCCEEDED"


def positions(pipeline: Pipeline, orders: list[str]) -> tuple[str, str, list[str]]:
    """Return the table's stream, its shard, and the orders' positions in it."""
    stream = pipeline.client("dynamodb").describe_table(TableName=ORDERS)["Table"]["LatestStreamArn"]
    client = pipeline.client("dynamodbstreams")
    (shard,) = client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    iterator = client.get_shard_iterator(
        StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]  # fmt: skip
    found: list[str] = []
    while records := (page := client.get_records(ShardIterator=iterator))["Records"]:
        changes = [each["dynamodb"] for each in records]
        found += [each["SequenceNumber"] for each in changes if each["Keys"]["orderid"]["S"] in orders]
        iterator = page["NextShardIterator"]
    return stream, shard["ShardId"], found


def send(pipeline: Pipeline, stream: str, shard: str, first: str, last: str, records: int) -> None:
    """Return a message as a pipe leaves it in its dead-letter queue."""
    batch = {
        "shardId": shard, "startSequenceNumber": first, "endSequenceNumber": last, "batchSize": records,
        "approximateArrivalOfFirstRecord": "2026-11-25T00:00:00.000Z", "streamArn": stream,
        "approximateArrivalOfLastRecord": "2026-11-25T00:00:00.000Z",
    }  # fmt: skip
    message = {"context": {"condition": "RetryAttemptsExhausted"}, "version": "1.0", "DDBStreamBatchInfo": batch}
    sqs = pipeline.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody=json.dumps(message))

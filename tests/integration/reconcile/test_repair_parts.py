"""Repair changes no value of an order, yields to other writers, and continues where it stopped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sales_cdc.contract.change_contract import TOUCH, probe_key
from sales_cdc.reconcile.operators.repair import NothingToRepairFromError, RepairOrdersOperator
from sales_cdc.reconcile.repair_writes import Repaired, RepairWritesHook

pytestmark = pytest.mark.integration

KEY = {"orderid": {"S": "one"}}
ORDER = {**KEY, "quantity": {"N": "5"}, "gift": {"M": {"to": {"S": "Ada"}}}}


@pytest.fixture
def table(cloud: Any, prefix: str) -> Any:
    """A client for the table ``prefix``, whose stream is on; the bucket has the same name."""
    client = cloud.client("dynamodb")
    client.create_table(
        TableName=prefix, KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )  # fmt: skip
    cloud.client("s3").create_bucket(Bucket=prefix)
    return client


@pytest.fixture
def orders(table: Any, prefix: str) -> RepairWritesHook:
    return RepairWritesHook(table=prefix, aws_conn_id="aws_default", region_name="us-east-1")


def streamed(cloud: Any, prefix: str) -> list[tuple[str, dict[str, Any]]]:
    """Return every change of the table: its event type and its new image."""
    streams = cloud.client("dynamodbstreams")
    arn = streams.list_streams(TableName=prefix)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return [
        (record["eventName"], record["dynamodb"].get("NewImage", {}))
        for record in streams.get_records(ShardIterator=start)["Records"]
    ]


def stored(table: Any, prefix: str) -> Any:
    return table.get_item(TableName=prefix, Key=KEY, ConsistentRead=True).get("Item")


def test_a_touched_order_is_streamed_again_and_keeps_its_values(
    cloud: Any, table: Any, orders: RepairWritesHook, prefix: str
) -> None:
    table.put_item(TableName=prefix, Item=ORDER)
    assert orders.touch("one", "run-1") is Repaired.TOUCHED
    assert stored(table, prefix) == ORDER
    assert streamed(cloud, prefix)[1:] == [("MODIFY", {**ORDER, TOUCH: {"S": "run-1"}}), ("MODIFY", ORDER)]
    table.put_item(TableName=prefix, Item={**ORDER, TOUCH: {"S": "run-2"}})  # as left by a run that was killed half-way
    assert orders.touch("one", "run-2") is Repaired.TOUCHED
    assert stored(table, prefix) == ORDER


def test_a_touch_does_not_restore_a_deleted_order(table: Any, orders: RepairWritesHook, prefix: str) -> None:
    assert orders.touch("one", "run-1") is Repaired.GONE
    assert stored(table, prefix) is None


def test_an_extra_order_is_put_and_deleted(cloud: Any, table: Any, orders: RepairWritesHook, prefix: str) -> None:
    table.put_item(TableName=prefix, Item={**KEY, TOUCH: {"S": "run-1"}})  # as left by a run that was killed half-way
    assert orders.put_and_delete("one", "run-1") is Repaired.PUT_AND_DELETED
    assert orders.put_and_delete("one", "run-1") is Repaired.PUT_AND_DELETED
    assert stored(table, prefix) is None
    assert [kind for kind, _ in streamed(cloud, prefix)] == ["INSERT", "REMOVE", "INSERT", "REMOVE"]


def test_an_order_that_others_insert_again_stays(table: Any, orders: RepairWritesHook, prefix: str) -> None:
    table.put_item(TableName=prefix, Item=ORDER)
    assert orders.put_and_delete("one", "run-1") is Repaired.BACK
    assert stored(table, prefix) == ORDER


def repair(prefix: str, **arguments: str) -> dict[str, Any]:
    hops = {"table": prefix, "bucket": prefix}
    operator = RepairOrdersOperator(task_id="repair", hops=hops, region_name="us-east-1", **arguments)
    found: dict[str, Any] = operator.execute({"run_id": "run:1"})
    return found


def test_the_orders_of_the_latest_report_are_repaired_by_their_kind_of_finding(
    cloud: Any, table: Any, prefix: str
) -> None:
    s3 = cloud.client("s3")
    with pytest.raises(NothingToRepairFromError, match="sales_cdc_reconcile"):
        repair(prefix)
    with pytest.raises(NothingToRepairFromError, match="never-was"):
        repair(prefix, reconcile_run="never-was")
    table.put_item(TableName=prefix, Item=ORDER)
    report = {"missing": ["one"], "extra": ["two"], "stale": [{"orderid": "three", "fields": {}}]}
    s3.put_object(Bucket=prefix, Key="ledger/reconcile/run-0.json", Body=json.dumps(report))
    assert repair(prefix) == {
        "report": "ledger/repair/run-1.json", "asked": 3, "repaired": 2,
        "touched": 1, "put and deleted": 1, "deleted meanwhile: its own change mends it": 1,
    }  # fmt: skip
    kept = json.load(s3.get_object(Bucket=prefix, Key="ledger/repair/run-1.json")["Body"])
    assert kept["from"] == "ledger/reconcile/run-0.json"
    assert kept["orders"] == {"one": "touched", "two": "put and deleted", "three": str(Repaired.GONE)}
    assert "stay missing from the history" in kept["history"]


def test_named_orders_are_repaired_by_what_the_table_holds(cloud: Any, table: Any, prefix: str) -> None:
    table.put_item(TableName=prefix, Item=ORDER)
    assert repair(prefix, orders=json.dumps(["one", "two", probe_key()])) == {
        "report": "ledger/repair/run-1.json", "asked": 2, "repaired": 2, "touched": 1, "put and deleted": 1,
    }  # fmt: skip
    assert [kind for kind, _ in streamed(cloud, prefix)].count("REMOVE") == 1

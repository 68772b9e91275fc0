"""The main job: what DynamoDB holds is what Athena shows, row by row, after random work by us and by strangers.

The oracle knows nothing of the project's code: it scans DynamoDB with boto3 and reads Athena with PyAthena.
"""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest
from pyathena import connect
from pyathena.cursor import Cursor

from tests.e2e.conftest import DATABASE, ORDERS, WORKGROUP, Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
COLUMNS = "orderid, event_type, sequence_number, product_name, quantity, price"


@pytest.fixture
def athena(pipeline: Pipeline) -> Cursor:
    return connect(
        work_group=WORKGROUP, schema_name=DATABASE, region_name="us-east-1", endpoint_url=pipeline.endpoint,
        aws_access_key_id="test", aws_secret_access_key="test", poll_interval=0.1,
    ).cursor()  # fmt: skip


def latest_states(rows: list[tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """What a reader of the change rows takes for the orders that live: the newest row of each, unless it is a delete."""
    newest: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        if row[0] not in newest or row[2] > newest[row[0]][2]:
            newest[row[0]] = row
    return {key: row for key, row in newest.items() if row[1] != "REMOVE"}


def scanned_states(pipeline: Pipeline) -> dict[str, tuple[Any, ...]]:
    def number(value: dict[str, str] | None) -> Decimal | None:
        return None if value is None else Decimal(value["N"])

    return {
        key: (item["product_name"]["S"], number(item["quantity"]), number(item["price"]))
        for key, item in pipeline.orders().items()
    }


def edit_by_hand(pipeline: Pipeline, dice: random.Random) -> None:
    """What others do to the table: an order of their own, a new price, a delete."""
    table = pipeline.client("dynamodb")
    keys = sorted(pipeline.orders())
    table.put_item(TableName=ORDERS, Item={"orderid": {"S": "by-hand"}, "product_name": {"S": "laptop"}, "quantity": {"N": "5"}, "price": {"N": "0.10"}, "gift": {"BOOL": True}})  # fmt: skip
    for key in dice.sample(keys, 10):
        table.update_item(
            TableName=ORDERS, Key={"orderid": {"S": key}}, UpdateExpression="SET price = :p",
            ExpressionAttributeValues={":p": {"N": f"{dice.randrange(1, 10**7)}.{dice.randrange(10, 99)}"}},
        )  # fmt: skip
    for key in dice.sample(keys, 5):
        table.delete_item(TableName=ORDERS, Key={"orderid": {"S": key}})


def test_athena_shows_what_dynamodb_holds_after_random_work(pipeline: Pipeline, athena: Cursor) -> None:
    dice = random.Random(20261122)
    pipeline.must_run("sales_cdc_generate", inserts=dice.randrange(150, 250), seed=dice.randrange(1000))
    edit_by_hand(pipeline, dice)
    pipeline.must_run("sales_cdc_generate", inserts=20, updates=dice.randrange(80, 120), deletes=dice.randrange(30, 50), seed=dice.randrange(1000))  # fmt: skip
    pipeline.must_run("sales_cdc_batch")
    rows = athena.execute(f"SELECT {COLUMNS} FROM raw_orders WHERE orderid NOT LIKE '%probe%'").fetchall()
    shown = {key: (row[3], Decimal(str(row[4])), Decimal(str(row[5]))) for key, row in latest_states(rows).items()}
    assert shown == scanned_states(pipeline)
    kinds = {row[1] for row in rows}
    assert kinds == {"INSERT", "MODIFY", "REMOVE"}


def test_the_briefs_selects_show_the_change_of_an_order(pipeline: Pipeline, athena: Cursor) -> None:
    select = "SELECT * FROM raw_orders WHERE product_name='laptop' AND quantity=5 AND orderid='changing'"
    table = pipeline.client("dynamodb")
    item = {
        "orderid": {"S": "changing"},
        "product_name": {"S": "laptop"},
        "quantity": {"N": "4"},
        "price": {"N": "10.50"},
    }
    table.put_item(TableName=ORDERS, Item=item)
    pipeline.must_run("sales_cdc_batch")
    before = athena.execute(select).fetchall()
    table.put_item(TableName=ORDERS, Item={**item, "quantity": {"N": "5"}})
    pipeline.must_run("sales_cdc_generate", inserts=1)
    pipeline.must_run("sales_cdc_batch")
    assert before == []
    assert len(athena.execute(select).fetchall()) == 1


def test_a_failing_check_fails_the_run_and_names_the_rows(pipeline: Pipeline) -> None:
    event = {
        "orderID": "never-inserted", "product_name": "laptop", "quantity": 1, "price": 1.5, "event_type": "MODIFY",
        "creation_time": "2026-01-01T00:00:00.000Z", "event_id": "x", "sequence_number": "1".zfill(40), "actor": "user",
    }  # fmt: skip
    place = {"Bucket": pipeline.bucket, "Key": "raw/orders/dt=2026-01-01/hr=00/foreign.json"}
    pipeline.client("s3").put_object(**place, Body=json.dumps(event).encode() + b"\n")
    try:
        failed = pipeline.run("sales_cdc_batch")
    finally:
        pipeline.client("s3").delete_object(**place)
    assert not failed.succeeded
    assert "orders that changed without having been inserted" in failed.log
    assert "never-inserted" in failed.log


@pytest.mark.parametrize(
    ("dag_id", "conf", "said"),
    [
        ("sales_cdc_generate", {"insert": 1}, "insert"),
        ("sales_cdc_generate", {"inserts": -1}, "inserts"),
        ("sales_cdc_generate", {"inserts": 0, "deletes": 10**6}, "deletes"),
        ("sales_cdc_teardown", {"confirm": "yes"}, "confirm"),
    ],
)
def test_bad_parameters_are_named_and_nothing_is_done(
    pipeline: Pipeline, dag_id: str, conf: dict[str, Any], said: str
) -> None:
    before = pipeline.orders()
    refused = pipeline.run(dag_id, **conf)
    assert not refused.succeeded
    assert said in refused.log
    assert pipeline.orders() == before

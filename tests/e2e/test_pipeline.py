"""Test the main job: Athena shows what DynamoDB holds, row by row, after random work by us and others.

The oracle shares no code with the project: it scans DynamoDB with boto3 and reads Athena with PyAthena.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyathena import connect
from pyathena.cursor import Cursor

from tests.e2e.conftest import DATABASE, ORDERS, WORKGROUP, Pipeline
from tests.ports import free_port
from tools import trino_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
COLUMNS = "orderid, event_type, sequence_number, product_name, quantity, price"


Values = dict[str, Any]


@pytest.fixture(scope="module")
def athena(pipeline: Pipeline) -> Cursor:
    return connect(
        work_group=WORKGROUP, schema_name=DATABASE, region_name="us-east-1", endpoint_url=pipeline.endpoint,
        aws_access_key_id="test", aws_secret_access_key="test", poll_interval=0.1,
    ).cursor()  # fmt: skip


def latest_states(rows: list[tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Return the alive orders by the change rows: the newest row of each, unless it is a delete."""
    newest: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        if row[0] not in newest or row[2] > newest[row[0]][2]:
            newest[row[0]] = row
    return {key: row for key, row in newest.items() if row[1] != "REMOVE"}


def scanned_states(pipeline: Pipeline) -> dict[str, tuple[Any, ...]]:
    return {
        key: (item["product_name"]["S"], Decimal(item["quantity"]["N"]), Decimal(item["price"]["N"]))
        for key, item in pipeline.orders().items()
    }


def scanned_orders(pipeline: Pipeline) -> dict[str, Values]:
    """Return every item with the curated tables' types: all but the contract's fields are texts."""

    def value(name: str, typed: dict[str, Any]) -> Any:
        ((kind, held),) = typed.items()
        exact = {"quantity": int, "price": Decimal}.get(name)
        return exact(held) if exact else str(held).lower() if kind == "BOOL" else held

    return {key: {name: value(name, typed) for name, typed in item.items()} for key, item in pipeline.orders().items()}


def put_order(pipeline: Pipeline, order_id: str, quantity: int, **further: Any) -> None:
    values = {
        "orderid": {"S": order_id},
        "product_name": {"S": "laptop"},
        "quantity": {"N": str(quantity)},
        "price": {"N": "10.50"},
    }
    pipeline.client("dynamodb").put_item(TableName=ORDERS, Item={**values, **further})


def edit_by_hand(pipeline: Pipeline, dice: random.Random) -> None:
    """Make changes as others do: an order of their own, a new price, a delete."""
    table = pipeline.client("dynamodb")
    keys = sorted(pipeline.orders())
    put_order(pipeline, "by-hand", 5, gift={"BOOL": True})
    for key in dice.sample(keys, 10):
        table.update_item(
            TableName=ORDERS, Key={"orderid": {"S": key}}, UpdateExpression="SET price = :p",
            ExpressionAttributeValues={":p": {"N": f"{dice.randrange(1, 10**7)}.{dice.randrange(10, 99)}"}},
        )  # fmt: skip
    for key in dice.sample(keys, 5):
        table.delete_item(TableName=ORDERS, Key={"orderid": {"S": key}})


def live_two_lives(pipeline: Pipeline) -> None:
    """Insert, update and delete one order, and insert one that will change later."""
    put_order(pipeline, "short-lived", 1)
    put_order(pipeline, "short-lived", 2)
    pipeline.client("dynamodb").delete_item(TableName=ORDERS, Key={"orderid": {"S": "short-lived"}})
    put_order(pipeline, "changing", 4)


@dataclass(frozen=True)
class Story:
    """Run random work and a batch, change an order and run a batch, and repeat that batch."""

    before: list[Any]
    after: list[Any]
    report: Values
    page: str
    log: str
    tables: Values
    tables_after_rerun: Values


@pytest.fixture(scope="module")
def story(pipeline: Pipeline, athena: Cursor) -> Story:
    select = "SELECT * FROM raw_orders WHERE product_name='laptop' AND quantity=5 AND orderid='changing'"
    dice = random.Random(20261122)
    pipeline.must_run("sales_cdc_generate", inserts=dice.randrange(150, 250), seed=dice.randrange(1000))
    edit_by_hand(pipeline, dice)
    pipeline.must_run("sales_cdc_generate", inserts=20, updates=dice.randrange(80, 120), deletes=dice.randrange(30, 50), seed=dice.randrange(1000))  # fmt: skip
    live_two_lives(pipeline)
    pipeline.must_run("sales_cdc_generate", inserts=1)
    pipeline.must_run("sales_cdc_batch")
    before = athena.execute(select).fetchall()
    put_order(pipeline, "changing", 5)
    pipeline.must_run("sales_cdc_generate", inserts=1)
    log = pipeline.must_run("sales_cdc_batch").log
    after, (page, report) = athena.execute(select).fetchall(), reports(pipeline)[-1]
    tables = curated_tables(athena)
    pipeline.must_run("sales_cdc_batch")
    return Story(before, after, json.loads(report, parse_float=Decimal), page, log, tables, curated_tables(athena))


def reports(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Return the page and document of each batch that wrote a report, oldest first."""
    s3 = pipeline.client("s3")
    listed = s3.list_objects_v2(Bucket=pipeline.bucket, Prefix="ledger/batch/manual")["Contents"]
    folders = sorted({entry["Key"].rpartition("/")[0] for entry in listed if entry["Key"].endswith("/report.json")})
    bodies = [
        [s3.get_object(Bucket=pipeline.bucket, Key=f"{folder}/report.{kind}")["Body"].read().decode() for kind in ("md", "json")]
        for folder in folders
    ]  # fmt: skip
    return [(page, document) for page, document in bodies]


def curated_tables(athena: Cursor) -> Values:
    """Return every row of every curated table and view."""
    names = ("orders_changes", "orders_current", "orders_quarantine", "orders", "orders_history")
    return {name: sorted(athena.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


def test_raw_shows_what_dynamodb_holds_after_random_work(story: Story, pipeline: Pipeline, athena: Cursor) -> None:
    rows = athena.execute(f"SELECT {COLUMNS} FROM raw_orders WHERE orderid NOT LIKE 'sales-cdc-probe-%'").fetchall()
    shown = {key: (row[3], Decimal(str(row[4])), Decimal(str(row[5]))) for key, row in latest_states(rows).items()}
    assert shown == scanned_states(pipeline)
    assert {row[1] for row in rows} == {"INSERT", "MODIFY", "REMOVE"}


def test_orders_are_dynamodb_s_items_attribute_by_attribute(story: Story, pipeline: Pipeline, athena: Cursor) -> None:
    rows = athena.execute("SELECT * FROM orders").fetchall()
    of_the_change = {"event_type", "creation_time", "event_id", "sequence_number", "actor", "source_stream"}
    names = [column[0] for column in athena.description]
    shown = [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows]
    items = {order["orderid"]: {name: order[name] for name in order.keys() - of_the_change} for order in shown}
    assert items == scanned_orders(pipeline)
    assert len(rows) == len(items)


def test_the_history_has_every_version_of_an_order(story: Story, athena: Cursor) -> None:
    select = "SELECT quantity, event_type, valid_from, valid_to, is_current FROM orders_history WHERE orderid = '{}' ORDER BY sequence_number"
    (four, insert, _, until, was), (five, modify, since, to, now) = athena.execute(select.format("changing")).fetchall()
    assert (four, insert, was, five, modify, to, now) == (4, "INSERT", False, 5, "MODIFY", None, True)
    assert until == since
    short = athena.execute(select.format("short-lived")).fetchall()
    assert [(row[0], row[1], row[3] is None, row[4]) for row in short] == [
        (1, "INSERT", False, False),
        (2, "MODIFY", False, False),
    ]


def test_the_briefs_selects_show_the_change_of_an_order(story: Story) -> None:
    assert story.before == []
    assert len(story.after) == 1


def test_the_report_is_complete(story: Story) -> None:
    report = story.report
    assert report["written"] == report["delivered"] == {"INSERT": 1, "MODIFY": 0, "REMOVE": 0}
    assert (report["failed"], report["lost"]) == (0, 0)
    assert report["lag_seconds"]["max"] >= report["lag_seconds"]["p50"] > 0
    assert (report["curated"]["changes"], report["curated"]["quarantined"]) == (2, 0)
    assert len(report["checks"]) == 10
    assert {check["rows"] for check in report["checks"]} == {0}
    assert len(report["insights"]) == 5
    assert all(insight["question"].endswith(("?", ".")) and insight["rows"] for insight in report["insights"])
    inserted, changing = sorted(report["changed_orders"], key=lambda order: order["orderid"] == "changing")
    assert inserted["before"] is None
    assert (changing["before"]["quantity"], changing["after"]["quantity"]) == (4, 5)
    assert "| changing | quantity 4 | quantity 5 |" in story.page
    assert story.page in story.log


def test_a_repeated_batch_leaves_the_same_tables(story: Story) -> None:
    assert story.tables == story.tables_after_rerun
    delivered = [line for line in story.tables["orders_quarantine"] if "/sales-cdc-delivery-" in line[2]]
    assert delivered == [], "only objects that others put there, for another test, are in quarantine"


def test_a_real_trino_answers_every_statement_alike(story: Story, pipeline: Pipeline, tmp_path: Path) -> None:
    """``make verify-sql``, where a JDK is there that Trino runs on; Trino is fetched once. The judge is Trino 476."""
    try:
        trino_server.java()
    except trino_server.TrinoError as error:
        pytest.skip(str(error))
    settings = {"TRINO_PORT": str(free_port()), "LOCAL_CLOUD_HOME": str(tmp_path)}
    environment = {**os.environ, **settings, "SALES_CDC_LOCAL_ENDPOINT": pipeline.endpoint}
    command = [sys.executable, "-m"]
    try:
        done = subprocess.run(
            [*command, "tools.verify_sql"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    finally:
        subprocess.run([*command, "tools.trino_server", "stop"], cwd=ROOT, env=environment, check=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 with another answer" in done.stdout


def test_a_failing_check_fails_the_run_and_names_the_rows(story: Story, pipeline: Pipeline) -> None:
    event = {
        "orderID": "never-inserted", "product_name": "laptop", "quantity": 1, "price": 1.5, "event_type": "REMOVE",
        "creation_time": "2026-01-01T00:00:00.000Z", "event_id": "x", "sequence_number": "1".zfill(40), "actor": "user",
    }  # fmt: skip
    place = {"Bucket": pipeline.bucket, "Key": "raw/orders/dt=2026-01-01/hr=00/sales-cdc-delivery-1-never.json"}
    pipeline.client("s3").put_object(**place, Body=json.dumps(event).encode() + b"\n")
    known = len(reports(pipeline))
    try:
        failed = pipeline.run("sales_cdc_batch")
    finally:
        pipeline.client("s3").delete_object(**place)
    assert not failed.succeeded
    assert "orders that changed without having been inserted" in failed.log
    assert "deletes that carry values" in failed.log
    assert "never-inserted" in failed.log
    assert len(reports(pipeline)) == known


def test_a_setup_that_only_plans_says_what_it_would_change_and_changes_nothing(pipeline: Pipeline) -> None:
    function = {"FunctionName": "sales-cdc-transformer"}
    timeout = pipeline.client("lambda").get_function_configuration(**function)["Timeout"]
    pipeline.client("lambda").update_function_configuration(**function, Timeout=7)
    done = pipeline.must_run("sales_cdc_setup", plan_only=True)
    assert "Lambda function: 'sales-cdc-transformer' differs in Timeout" in done.log
    assert "GO: nothing found stands in the way (1 to change" in done.log
    assert "a month with 1,000,000 changes" in done.log
    assert "summarise_setup" not in done.log.partition("GO: nothing")[2].partition("skip")[0]
    assert pipeline.client("lambda").get_function_configuration(**function)["Timeout"] == 7
    pipeline.client("lambda").update_function_configuration(**function, Timeout=timeout)


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

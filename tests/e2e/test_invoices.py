"""Test the example of another contract: a key of two attributes, one a number, and fields of every type.

The oracle shares no code with the project: it scans DynamoDB with boto3 and reads Athena with PyAthena.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyathena import connect
from pyathena.cursor import Cursor

from include.scripts.airflow_session import AirflowSession
from tests.e2e.conftest import Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = {"SALES_CDC_PREFIX": "invoices", "SALES_CDC_CONTRACT": "examples/invoices/contract.json"}
TABLE = "invoices-invoices"
FIELDS = (
    "customer", "gross", "paid", "currency", "net", "tax_rate", "positions", "weight_kg", "issued_at", "due_at", "address", "items",
)  # fmt: skip
METADATA = ("event_type", "creation_time", "event_id", "sequence_number", "actor", "source_stream", "rescued_data")
FURTHER = ("channel", "reminders")
PAIR = ('it\'s "x"', "4.5")
PAGE = """
import json
from sales_cdc.deployment.settings import Settings
from sales_cdc.page.entity import ENTITY
from sales_cdc.page.reader import DeploymentReader
from sales_cdc.page.tabs import changes, flow, insights, orders, trust
settings = Settings.from_environment()
reader = DeploymentReader(settings)
found = orders.found_orders(reader, "it's")
print(json.dumps({
    "entity": ENTITY.as_json(), "label": ENTITY.search_label, "insights": insights.insight_names(), "found": found,
    "by_customer": orders.found_orders(reader, "ZOË"), "order": orders.order(reader, found["orders"][0]["orderid"]),
    "live": changes.live(reader), "bars": changes.changes(reader, "day"), "flow": flow.flow(reader, settings),
    "batch": trust.report(reader, "batch"), "reconciliation": trust.report(reader, "reconciliation"),
}, default=str))
"""


@pytest.fixture(scope="module")
def invoices(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The pipeline of the example, set up beside whatever else the session's cloud holds."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in EXAMPLE.items():
            patch.setenv(name, value)
        with AirflowSession() as airflow:
            made = Pipeline(cloud.client, cloud.endpoint, airflow, tmp_path_factory.mktemp("airflow") / "command.log")
            migrated = made.command("db", "migrate")
            assert migrated.succeeded, migrated.log
            made.must_run("sales_cdc_setup")
            yield made


@pytest.fixture(scope="module")
def athena(invoices: Pipeline) -> Cursor:
    return connect(
        work_group="invoices", schema_name="invoices", region_name="us-east-1", endpoint_url=invoices.endpoint,
        aws_access_key_id="test", aws_secret_access_key="test", poll_interval=0.1,
    ).cursor()  # fmt: skip


def in_project(*command: str) -> str:
    """Run a Python program in the example's environment."""
    ended = subprocess.run([sys.executable, *command], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


def put(table: Any, supplier: str, number: str, **values: Any) -> None:
    table.put_item(TableName=TABLE, Item={"supplier": {"S": supplier}, "number": {"N": number}, **values})


@pytest.fixture(scope="module")
def batch(invoices: Pipeline) -> dict[str, Any]:
    """The example's own writes and some by hand, and the report of the batch that followed."""
    in_project("examples/invoices/write_invoices.py", "--invoices", "60", "--odd", "10")
    table = invoices.client("dynamodb")
    put(table, *PAIR, customer={"S": "Zoë"}, weight_kg={"N": "1E+10"}, due_at={"N": "1795354800250"})
    put(
        table, PAIR[0], "4.50", customer={"S": "Zoë"}, paid={"NULL": True}, gross={"N": "-0.10"}
    )  # the same key, as a number
    put(table, PAIR[0], "-4.5", items={"S": "a text"}, positions={"N": "9223372036854775808"})
    for number in ("0", "100"):
        put(table, "short-lived", number, net={"N": "1"})
        table.delete_item(TableName=TABLE, Key={"supplier": {"S": "short-lived"}, "number": {"N": number}})
    put(table, "short-lived", "100", net={"N": "2"})
    invoices.must_run("sales_cdc_batch")
    s3, bucket = invoices.client("s3"), f"invoices-{invoices.client('sts').get_caller_identity()['Account']}-us-east-1"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="ledger/batch/manual")["Contents"]
    (key,) = [entry["Key"] for entry in listed if entry["Key"].endswith("/report.json")]
    report: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return report


# The oracle


def plain(typed: dict[str, Any]) -> Any:
    """A typed value as JSON has it."""
    ((kind, value),) = typed.items()
    if kind in "ML":
        return {name: plain(each) for name, each in value.items()} if kind == "M" else [plain(each) for each in value]
    return Decimal(value) if kind == "N" else None if kind == "NULL" else value


def shown(name: str, typed: dict[str, Any]) -> Any:
    """What a column shows of an attribute; an error when it does not fit."""
    ((kind, value),) = typed.items()
    if kind == "NULL" and name in FIELDS:
        return None
    if name in ("address", "items"):
        return plain(typed)
    if name in ("issued_at", "due_at"):
        seconds = Decimal(value) if kind == "N" else None
        moment = datetime.fromisoformat(value) if seconds is None else datetime.fromtimestamp(float(seconds if seconds < 10**11 else seconds / 1000), UTC)  # fmt: skip
        return moment.astimezone(UTC).replace(tzinfo=None)
    wanted = {"paid": "BOOL", "gross": "N", "net": "N", "tax_rate": "N", "positions": "N", "weight_kg": "N"}
    if name in FIELDS and kind != wanted.get(name, "S"):
        raise ValueError
    if name == "weight_kg":
        return float(value)
    if kind != "N" or name not in FIELDS:
        return value
    digits = {"gross": 2, "net": 2, "tax_rate": 4, "positions": 0}[name]
    number = Decimal(value)
    if number != round(number, digits) or (name == "positions" and abs(number) >= 2**63):
        raise ValueError
    return int(number) if name == "positions" else number


def expected(item: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"supplier": item["supplier"]["S"], "number": f"{Decimal(item['number']['N']).normalize():f}"}
    rescued = {}
    for attribute in item.keys() - {"supplier", "number"}:
        name = attribute.replace(" ", "_")
        try:
            row[name] = shown(name, item[attribute])
        except (ValueError, TypeError):
            rescued[attribute] = item[attribute]
    return row | ({"rescued_data": rescued} if rescued else {})


def test_the_view_shows_dynamodb_s_items_field_by_field(batch: Any, invoices: Pipeline, athena: Cursor) -> None:
    rows = athena.execute("SELECT * FROM invoices").fetchall()
    names = [column[0] for column in athena.description]
    assert names == ["supplier", "number", *FIELDS, *METADATA, *FURTHER]
    found = {}
    for row in rows:
        values = {name: value for name, value in zip(names, row, strict=True) if value is not None and (name == "rescued_data" or name not in METADATA)}  # fmt: skip
        texts = {name: json.loads(values[name], parse_float=Decimal) for name in ("address", "items", "rescued_data") if name in values}  # fmt: skip
        found[row[0], row[1]] = values | texts
    pages = invoices.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
    wanted = [expected(item) for page in pages for item in page["Items"]]
    held = {(row["supplier"], row["number"]): {name: value for name, value in row.items() if value is not None} for row in wanted}  # fmt: skip
    assert found == held
    assert len(rows) == 54 + 3
    assert sum("rescued_data" in row for row in found.values()) == 10 + 1


def test_batch_and_reconciliation_are_green_and_the_rescued_values_are_named(batch: dict[str, Any]) -> None:
    counts = {name: batch["reconciliation"][name] for name in ("source_items", "curated_items", "matching", "missing", "extra", "stale")}  # fmt: skip
    assert counts == {"source_items": 57, "curated_items": 57, "matching": 57, "missing": 0, "extra": 0, "stale": 0}
    assert {check["rows"] for check in batch["checks"]} == {0}
    assert batch["insights"] == []
    assert any("values that do not fit" in warning and '["ACME",' in warning for warning in batch["warnings"])
    assert batch["changed_orders"]
    assert all(isinstance(json.loads(order["orderid"]), list) for order in batch["changed_orders"])


def test_tables_and_history_are_the_entity_s(batch: Any, athena: Cursor) -> None:
    tables = {row[0] for row in athena.execute("SHOW TABLES").fetchall()}
    curated = {f"invoices_{part}" for part in ("changes", "current", "quarantine", "intake", "history")}
    assert tables == {"raw_invoices", "invoices", "pipeline_ledger", *curated}
    versions = athena.execute(
        "SELECT number, net, is_current, valid_to IS NULL FROM invoices_history WHERE supplier = 'short-lived' ORDER BY number, sequence_number"
    ).fetchall()
    assert versions == [
        ("0", Decimal("1.00"), False, False), ("100", Decimal("1.00"), False, False), ("100", Decimal("2.00"), True, True),
    ]  # fmt: skip
    raw = athena.execute("SELECT count(*) FROM raw_invoices WHERE supplier = 'short-lived' AND event_type = 'REMOVE'").fetchall()  # fmt: skip
    assert raw == [(2,)]


def test_the_page_shows_invoices(batch: Any) -> None:
    page = json.loads(in_project("-c", PAGE).splitlines()[-1])  # Airflow may log before it
    assert (page["entity"]["one"], page["entity"]["title"], page["insights"]) == ("invoice", "Invoices", [])
    assert page["label"] == "Invoice id, its beginning, or a customer"
    ids = [json.dumps([PAIR[0], number], separators=(",", ":")) for number in ("-4.5", "4.5")]
    assert sorted(order["orderid"] for order in page["found"]["orders"]) == sorted(ids)
    (known,) = page["by_customer"]["orders"]
    assert (known["orderid"], known["values"]) == (ids[1], {"customer": "Zoë", "gross": "-0.10", "paid": None})
    assert page["order"]["versions"]
    assert {bar for bars in page["bars"]["bars"] for bar in bars} == {"at", "inserts", "updates", "deletes"}
    assert all(event["orderid"].startswith("[") and event["values"].keys() == {"customer", "gross", "paid"} for event in page["live"]["events"])  # fmt: skip
    assert page["flow"]["hops"][0]["title"] == "Invoices table"
    assert page["batch"]["failed"] == 0


def test_an_invoice_is_repaired_by_its_two_part_key(batch: Any, invoices: Pipeline, athena: Cursor) -> None:
    athena.execute("DELETE FROM invoices_current WHERE supplier = 'short-lived' AND number = '100'")
    assert athena.execute("SELECT * FROM invoices WHERE supplier = 'short-lived'").fetchall() == []
    refused = invoices.run("sales_cdc_repair", orders=[["short-lived"]])
    assert not refused.succeeded
    assert "names no order: the key is supplier (S) and number (N)" in refused.log
    invoices.must_run("sales_cdc_repair", orders=[["short-lived", "100.0"]])
    assert athena.execute("SELECT number, net FROM invoices WHERE supplier = 'short-lived'").fetchall() == [("100", Decimal("2.00"))]  # fmt: skip


@pytest.mark.parametrize("dag", ["sales_cdc_generate", "sales_cdc_drill"])
def test_mock_orders_are_refused(batch: Any, invoices: Pipeline, dag: str) -> None:
    done = invoices.run(dag)
    assert not done.succeeded
    assert "declares invoices" in done.log
    assert "Nothing was written" in done.log

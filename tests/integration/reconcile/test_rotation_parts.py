"""A comparison of a day reads a part of real services: segments of a scan, lists in S3, and Athena's answer for these alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jinja2
import pytest
from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.contract import rotation
from sales_cdc.contract.curated_row import Item
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.reconcile import coverage_ledger
from sales_cdc.reconcile.comparison import Compared, Comparison
from sales_cdc.reconcile.coverage import Coverage, Part
from sales_cdc.reconcile.coverage_ledger import CoverageLedger, KeyLists
from sales_cdc.reconcile.curated_orders import CuratedOrdersHook
from sales_cdc.reconcile.raw_zone import RawZoneHook

pytestmark = pytest.mark.integration

SQL = Path(__file__).resolve().parents[3] / "include" / "sql"
CONNECTION = {"aws_conn_id": "aws_default", "region_name": "us-east-1"}
COLUMNS = "orderid string, quantity bigint, creation_time timestamp, sequence_number string, is_deleted boolean, source_stream string"
LARGE = rotation.TableFacts("table", 10**6, 10**9)
ORDERS = [f'it\'s "order" {number}\n\u2028é' for number in range(60)]


class Settled:
    """A chain without changes on their way."""

    def deliver(self) -> None: ...

    def pending(self, _order_ids: Collection[str]) -> dict[str, Any]:
        return {}


class LargeTable(SourceOrdersHook):
    """A table that says it is large, and counts what is read of it."""

    read = 0

    def facts(self) -> rotation.TableFacts:
        return replace(LARGE, id=super().facts().id)

    def scan_parts(self, parts: Collection[int]) -> Iterator[tuple[int, Item]]:
        for part, item in super().scan_parts(parts):
            self.read += 1
            yield part, item


class Deployment:
    """A table, its curated tables and the ledger, in resources of one test."""

    def __init__(self, cloud: Any, prefix: str) -> None:
        self.table, self.s3, self.name = cloud.client("dynamodb"), cloud.client("s3"), prefix
        self.s3.create_bucket(Bucket=prefix)
        cloud.client("glue").create_database(DatabaseInput={"Name": prefix, "LocationUri": f"s3://{prefix}/curated/"})
        cloud.client("athena").create_work_group(
            Name=prefix, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{prefix}/results/"}}
        )
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(SQL), autoescape=False)  # noqa: S701 (SQL)
        environment.globals.update(statement_names(declared_contract()))
        self.curated = CuratedOrdersHook(
            database=prefix, workgroup=prefix, connection=CONNECTION, bucket=prefix,
            render=lambda name, params: environment.get_template(name).render(params=params),
        )  # fmt: skip
        self.zone = RawZoneHook(bucket=prefix, **CONNECTION)
        self.source = LargeTable(table=prefix, **CONNECTION)

    def make(self) -> None:
        self.table.create_table(
            TableName=self.name, KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
        )  # fmt: skip
        tables = {"current": COLUMNS, "changes": COLUMNS, "intake": "object string, taken_at timestamp"}
        for table, columns in tables.items():
            self.ask(
                f"CREATE TABLE orders_{table} ({columns}) LOCATION 's3://{self.name}/curated/{table}/' TBLPROPERTIES ('table_type'='ICEBERG')"
            )
        self.ask(
            f"""CREATE EXTERNAL TABLE raw_orders (orderid string) PARTITIONED BY (dt string, hr string)
            ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{self.name}/raw/orders/'"""
        )

    def ask(self, sql: str) -> None:
        self.curated.athena.run(sql)

    def put(self, order_ids: Collection[str], quantity: int) -> None:
        for order_id in order_ids:
            item = {"orderid": {"S": order_id}, "quantity": {"N": str(quantity)}}
            self.table.put_item(TableName=self.name, Item=item)

    def curate(self, order_ids: Collection[str], quantity: int) -> None:
        rows = ", ".join(
            f"('{each.replace(chr(39), chr(39) * 2)}', {quantity}, TIMESTAMP '2026-01-01 00:00:00', '1', false, NULL)"
            for each in order_ids
        )
        self.ask(f"INSERT INTO orders_current VALUES {rows}")

    def take(self, order_id: str, hour: str) -> None:
        """Leave a raw object that the job has taken just now."""
        day, key = "2026-11-29", f"raw/orders/dt=2026-11-29/hr={hour}/x.json"
        self.s3.put_object(Bucket=self.name, Key=key, Body=json.dumps({"orderID": order_id}) + "\n")
        self.ask(f"ALTER TABLE raw_orders ADD PARTITION (dt = '{day}', hr = '{hour}')")
        self.ask(f"INSERT INTO orders_intake VALUES ('{key}', TIMESTAMP '{datetime.now(UTC):%Y-%m-%d %H:%M:%S}')")

    def compare(self, run: str) -> Compared:
        lists = KeyLists(self.zone, run)
        ledger = CoverageLedger(self.zone)
        return Comparison(self.source, self.curated, Settled(), ledger, lists, run_id=run).run(datetime.now(UTC))

    def age(self, days: int) -> None:
        """Let time pass: what was compared was compared so many days earlier."""
        text = self.zone.text("ledger/compared/coverage.json")
        known = Coverage.of(json.loads(text or ""), datetime.now(UTC))
        assert known is not None
        past = timedelta(days=days)
        parts = tuple(replace(part, verified_at=part.verified_at - past, scanned_at=part.verified_at - past) for part in known.parts)  # fmt: skip
        self.zone.put_json(
            "ledger/compared/coverage.json", replace(known, began=known.began - past, parts=parts).document()
        )


@pytest.fixture
def deployment(cloud: Any, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Sixty orders, equal on both sides; the lists of keys have objects of five lines."""
    monkeypatch.setattr(coverage_ledger, "KEYS_PER_FILE", 5)
    monkeypatch.setattr(CuratedOrdersHook, "lake", "one")
    made = Deployment(cloud, prefix)
    made.make()
    made.put(ORDERS, 1)
    made.curate(ORDERS, 1)
    return made


def test_parts_of_a_scan_hold_each_order_once_and_always_the_same(deployment: Deployment) -> None:
    by_part = {part: {item["orderid"]["S"] for _, item in deployment.source.scan_parts([part])} for part in range(7)}
    assert sorted(order for orders in by_part.values() for order in orders) == sorted(ORDERS)
    assert {(part, item["orderid"]["S"]) for part, item in deployment.source.scan_parts([2, 4])} == {
        (part, order) for part in (2, 4) for order in by_part[part]
    }


def test_a_day_compares_one_part_what_changed_and_what_was_open(deployment: Deployment) -> None:
    first = deployment.compare("first")
    assert first.plan.why_whole == "what was compared before is not known"
    assert first.found.counts["matching"] == len(ORDERS) == deployment.source.read
    deployment.age(days=1)

    part_0 = [item["orderid"]["S"] for _, item in deployment.source.scan_parts([0])]
    others = [order for order in ORDERS if order not in part_0]
    lost, stale, changed = part_0[0], part_0[1], others[0]
    deployment.table.delete_item(TableName=deployment.name, Key={"orderid": {"S": lost}})
    deployment.put([stale, changed, others[1]], 2)  # nobody hears of the last one until its part's turn
    deployment.take(changed, "10")
    deployment.source.read = 0
    second = deployment.compare("second")
    assert second.report() | {"verified_at": [], "oldest": ""} == {
        "reads_all": False, "why": "", "parts": [1], "changed": 1, "open": 0, "verified_at": [], "oldest": "",
    }  # fmt: skip
    assert deployment.source.read == len(part_0) - 1
    assert second.coverage.findings == {lost: "extra", stale: "stale", changed: "stale"}

    deployment.put([stale], 1)
    third = deployment.compare("third")  # the same day: no part is due, what is open is looked at
    assert (third.plan.parts, third.reopened) == ((), 3)
    assert third.coverage.findings == {lost: "extra", changed: "stale"}


def test_two_comparisons_do_not_overwrite_each_other(deployment: Deployment) -> None:
    one, other = CoverageLedger(deployment.zone), CoverageLedger(deployment.zone)
    now = one.now()
    known = Coverage("run", now, "table", "lake", tuple(Part(now) for _ in range(rotation.PARTS)))
    assert one.read(now) is other.read(now) is None
    assert one.write(known)
    assert not other.write(known)
    assert other.read(now) == known
    assert other.write(replace(known, run_id="other"))
    assert not one.write(known)


def test_lists_that_no_coverage_names_are_deleted_once_they_are_old(deployment: Deployment) -> None:
    deployment.compare("first")
    ledger = CoverageLedger(deployment.zone)
    lists, known = ledger.lists(), ledger.read(ledger.now())
    assert known is not None
    assert len(lists) > rotation.PARTS
    left = replace(known, parts=(replace(known.parts[0], files=0), *known.parts[1:]))
    ledger.forget(left, ledger.now())
    assert ledger.lists() == lists
    ledger.forget(left, ledger.now() + timedelta(days=3))
    assert ledger.lists() == [name for name in lists if not name.startswith("first/0-")]


def test_objects_that_are_in_no_hour_say_nothing_of_what_changed(deployment: Deployment) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    assert deployment.curated.hours_taken(since) == set()
    deployment.take("a", "10")
    assert deployment.curated.hours_taken(since) == {("2026-11-29", "10")}
    assert deployment.curated.hours_taken(since + timedelta(hours=2)) == set()
    deployment.ask(
        f"INSERT INTO orders_intake VALUES ('raw/orders/x.json', TIMESTAMP '{datetime.now(UTC):%Y-%m-%d %H:%M:%S}')"
    )
    assert deployment.curated.hours_taken(since) is None

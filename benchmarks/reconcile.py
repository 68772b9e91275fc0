"""Measure reconciliation of whole tables beside a plain boto3 scan of the same table in the same run.

Athena makes the curated side, which equals the items except for one order. Nothing is on its way, so no probe orders are sent.

    python -m benchmarks.reconcile http://127.0.0.1:4566
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import jinja2
from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.contract.curated_row import Item, item_row
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.reconcile.curated_orders import CuratedOrdersHook
from sales_cdc.reconcile.findings import Reconciliation
from sales_cdc.reconcile.reconciliation import reconcile
from sales_cdc.reconcile.sides import Version

SQL = Path(__file__).parents[1] / "include" / "sql"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
CONNECTION = {"aws_conn_id": "aws_default", "region_name": "us-east-1"}
SMALL, LARGE = 60_000, 200_000
ROUNDS = 3


class Settled:
    """A chain without changes on their way."""

    def deliver(self) -> None: ...

    def pending(self, _order_ids: Collection[str]) -> dict[str, Any]:
        return {}


class Held:
    """Both sides in memory, so that only the comparison is measured."""

    def __init__(self, items: list[Item], columns: Sequence[str], prints: list[tuple[str, str]]) -> None:
        self._items, self.columns, self._prints = items, columns, prints

    def versions(self, _order_ids: Collection[str]) -> dict[str, Version]:
        last = _item(len(self._items) - 1)
        return {last["orderid"]["S"]: Version(("", "0"), {**item_row(last, frozenset(self.columns)), "quantity": "99"})}

    def scan(self) -> Iterator[Item]:
        return iter(self._items)

    def get(self, order_ids: Collection[str]) -> dict[str, Item]:
        return {item["orderid"]["S"]: item for item in self._items if item["orderid"]["S"] in order_ids}

    def fingerprints(self) -> Iterator[tuple[str, str]]:
        return iter(self._prints)


def measure(endpoint: str) -> dict[str, float]:
    """Return the speeds of a reconciliation.

    ``reconcile_items_per_second`` covers reading both services and comparing. ``reconcile_comparison_items_per_second`` covers the
    comparison alone, on one core. ``reconcile_to_plain_scan`` is the whole time in multiples of a boto3 loop that only reads the
    table. ``reconcile_large_items_per_second`` is the first figure for a table of ``LARGE`` orders.
    """
    small, large = best_seconds(endpoint, SMALL), best_seconds(endpoint, LARGE)
    return {
        "reconcile_items_per_second": SMALL / small["reconcile"],
        "reconcile_large_items_per_second": LARGE / large["reconcile"],
        "reconcile_comparison_items_per_second": SMALL / small["comparison"],
        "reconcile_to_plain_scan": small["reconcile"] / small["plain"],
    }


def best_seconds(endpoint: str, orders: int) -> dict[str, float]:
    """Return the least seconds of ``ROUNDS``, of the table with so many orders, a multiple of 1,000; ``comparison`` in processor time."""
    name = f"bench{uuid.uuid4().hex[:8]}"
    table = boto3.client("dynamodb", endpoint_url=endpoint, **KEYS)
    _write_items(table, name, orders)
    curated = _curated(endpoint, name, orders)
    source = SourceOrdersHook(table=name, **CONNECTION)
    times: dict[str, list[float]] = {"plain": [], "reconcile": [], "comparison": []}
    held = Held(
        sorted(source.scan(), key=lambda item: str(item["orderid"]["S"])), curated.columns, list(curated.fingerprints())
    )
    for _ in range(ROUNDS):
        started = time.perf_counter()
        pages = table.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        assert sum(len(page["Items"]) for page in pages) == orders
        times["plain"].append(time.perf_counter() - started)
        started = time.perf_counter()
        _require(reconcile(source, curated, Settled(), datetime.now(UTC)), orders)
        times["reconcile"].append(time.perf_counter() - started)
        started = time.process_time()
        _require(reconcile(held, held, Settled(), datetime.now(UTC)), orders)
        times["comparison"].append(time.process_time() - started)
    table.delete_table(TableName=name)
    return {kind: min(seconds) for kind, seconds in times.items()}


def _require(found: Reconciliation, orders: int) -> None:
    expected = {"matching": orders - 1, "in_flight": 0, "missing": 0, "extra": 0, "stale": 1}
    assert found.counts == expected, found.counts


def _write_items(table: Any, name: str, orders: int) -> None:
    table.create_table(
        TableName=name, KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
    )  # fmt: skip

    def write(first: int) -> None:
        puts = [{"PutRequest": {"Item": _item(number)}} for number in range(first, first + 25)]
        table.batch_write_item(RequestItems={name: puts})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(0, orders, 25)))


def _item(number: int) -> dict[str, dict[str, str]]:
    return {
        "orderid": {"S": f"order-{number:012d}"},
        "product_name": {"S": "laptop"},
        "quantity": {"N": str(number % 10)},
        "price": {"N": f"{number}.5"},
        "order_status": {"S": "shipped"},
        "customer": {"S": f"Customer {number % 100} and Sons"},
    }


def _curated(endpoint: str, name: str, orders: int) -> CuratedOrdersHook:
    """Make the curated table of the same orders, with another quantity for the last one."""
    boto3.client("s3", endpoint_url=endpoint, **KEYS).create_bucket(Bucket=name)
    boto3.client("glue", endpoint_url=endpoint, **KEYS).create_database(DatabaseInput={"Name": name})
    boto3.client("athena", endpoint_url=endpoint, **KEYS).create_work_group(
        Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{name}/results/"}}
    )
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(SQL), autoescape=False)  # noqa: S701 (SQL)
    templates.globals.update(statement_names(declared_contract()))
    hook = CuratedOrdersHook(
        database=name, workgroup=name, connection=CONNECTION,
        render=lambda file, params: templates.get_template(file).render(params=params),
    )  # fmt: skip
    rows = f"""SELECT 'order-' || lpad(CAST(n AS varchar), 12, '0') AS orderid, 'laptop' AS product_name,
        CAST(IF(n = {orders - 1}, 99, n % 10) AS bigint) AS quantity, CAST(n + DECIMAL '0.50' AS decimal(12,2)) AS price,
        'shipped' AS order_status, 'Customer ' || CAST(n % 100 AS varchar) || ' and Sons' AS customer,
        lpad(CAST(n AS varchar), 40, '0') AS sequence_number, false AS is_deleted
        FROM (SELECT a * 1000 + b AS n FROM UNNEST(sequence(0, {orders // 1000 - 1})) AS t (a)
        CROSS JOIN UNNEST(sequence(0, 999)) AS u (b))"""  # noqa: S608 (numbers of ours)
    made = f"CREATE TABLE orders_current WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{name}/current/') AS {rows}"
    hook.athena.run(made)
    return hook


def main() -> None:
    for name, value in measure(sys.argv[1]).items():
        print(f"{name}: {value:,.2f}")


if __name__ == "__main__":
    main()

"""The views and the insight queries give the rows that their headers promise: Athena's SQL, translated for DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest
import sqlglot
from airflow.sdk.execution_time import macros
from sales_cdc.contract.change_contract import PROBE_PATTERN
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names

SQL = Path(__file__).resolve().parents[4] / "include" / "sql"
TODAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
XCOMS = {
    "wait_for_delivery": None,
    "await_curation": {
        "attributes": ["colour"],
        "changes": 4,
        "rescued": {"changes": 1},
        "time_travel": {"before": None, "columns_before": [], "after": "1"},
    },
}
CONTEXT = {
    **statement_names(declared_contract()),
    "params": {
        "database": "lake",
        "delivery": "delivery",
        "from_day": "2026-11-20",
        "until_day": "2026-11-22",
        "probe": PROBE_PATTERN,
        "rescued_share": 0.2,
    },
    "dag_run": SimpleNamespace(start_date=TODAY),
    "ti": SimpleNamespace(xcom_pull=lambda task_ids: XCOMS[task_ids]),
    "macros": macros,
}
CHANGES = [  # orderid, product, quantity, price, event type, time, sequence number, actor, colour
    ("a", "laptop", 1, "900.00", "INSERT", "2026-11-20 09:00:00", 1, "user", "red"),
    ("a", "laptop", 2, "850.00", "MODIFY", "2026-11-20 09:00:00", 2, "user", "red"),
    ("a", "laptop", 2, "875.50", "MODIFY", "2026-11-21 10:59:59", 5, "user", None),
    ("b", "mouse", 3, "10.10", "INSERT", "2026-11-20 09:30:00", 3, "user", None),
    ("b", None, None, None, "REMOVE", "2026-11-20 09:30:00", 4, "user", None),
    ("b", "mouse", 4, "10.10", "INSERT", "2026-11-21 11:00:00", 6, "user", None),
    ("c", "mouse", None, "9.00", "INSERT", "2026-11-21 11:00:01", 7, "user", None),
    ("d", "cable", 5, "1.00", "INSERT", "2026-11-21 12:00:00", 8, "user", None),
    ("d", None, None, None, "REMOVE", "2026-11-22 00:00:00", 9, "ttl", None),
    ("e", "cable", 1, "1.00", "INSERT", "2026-11-22 00:00:00", 10, "user", None),
]


@pytest.fixture(scope="module")
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    """The curated tables of CHANGES, and the views."""
    connection = duckdb.connect()
    connection.execute(
        """CREATE SCHEMA lake; CREATE TABLE lake.orders_changes (orderid varchar, product_name varchar, quantity bigint,
        price decimal(12,2), event_type varchar, creation_time timestamp, sequence_number varchar, actor varchar,
        colour varchar, event_id varchar, source_stream varchar, rescued_data varchar)"""
    )
    rows = [(*row[:6], str(row[6]).zfill(40), *row[7:], f"e{row[6]}", None, None) for row in CHANGES]
    connection.executemany(f"INSERT INTO lake.orders_changes VALUES ({', '.join('?' * 12)})", rows)
    connection.execute(
        """CREATE TABLE lake.orders_current AS SELECT *, event_type = 'REMOVE' AS is_deleted FROM lake.orders_changes
        QUALIFY row_number() OVER (PARTITION BY orderid ORDER BY sequence_number DESC) = 1"""
    )
    for view in ("orders", "orders_history"):
        connection.execute(translated(f"views/{view}.sql"))
    yield connection
    connection.close()


def translated(name: str) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 (SQL)
    environment.filters["ds"] = lambda moment: f"{moment:%Y-%m-%d}"
    text = environment.from_string((SQL / name).read_text())
    (statement,) = sqlglot.transpile(text.render(CONTEXT), read="athena", write="duckdb")
    return statement.replace('"$path"', "source_object")  # DuckDB has no such column


def test_orders_are_those_that_stand_without_the_tombstones_mark(lake: Any) -> None:
    rows = lake.execute("SELECT * FROM lake.orders ORDER BY orderid")
    assert [column[0] for column in rows.description] == [
        "orderid", "product_name", "quantity", "price", "event_type", "creation_time", "event_id", "sequence_number", "actor",
        "source_stream", "rescued_data", "colour",
    ]  # fmt: skip
    assert [(row[0], row[3]) for row in rows.fetchall()] == [
        ("a", Decimal("875.50")), ("b", Decimal("10.10")), ("c", Decimal("9.00")), ("e", Decimal("1.00")),
    ]  # fmt: skip


def test_a_remove_closes_the_version_before_it_and_is_no_version(lake: Any) -> None:
    history = lake.execute(
        "SELECT orderid, quantity, valid_from, valid_to, is_current FROM lake.orders_history ORDER BY sequence_number"
    ).fetchall()
    nine, half_past, eleven = at(20, 9), at(20, 9, 30), at(21, 11)
    assert history == [
        ("a", 1, nine, nine, False),
        ("a", 2, nine, at(21, 10, 59, 59), False),
        ("b", 3, half_past, half_past, False),
        ("a", 2, at(21, 10, 59, 59), None, True),
        ("b", 4, eleven, None, True),
        ("c", None, at(21, 11, 0, 1), None, True),
        ("d", 5, at(21, 12), at(22, 0), False),
        ("e", 1, at(22, 0), None, True),
    ]


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, second)  # noqa: DTZ001 (Athena's timestamp has no zone)


FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 21)


@pytest.mark.parametrize(
    ("insight", "expected"),
    [
        (
            "revenue_by_product_and_day",
            [
                (FIRST, "laptop", 1, 2, Decimal("1751.00")),
                (SECOND, "mouse", 2, 4, Decimal("40.40")),
            ],
        ),
        (
            "demand_and_prices_by_day",
            [
                (FIRST, "laptop", 1, 1, 0, 1, Decimal("850.00"), Decimal("900.00")),
                (FIRST, "mouse", 1, 3, 0, 0, Decimal("10.10"), Decimal("10.10")),
                (SECOND, "cable", 1, 5, 0, 0, Decimal("1.00"), Decimal("1.00")),
                (SECOND, "laptop", 0, 0, 1, 0, Decimal("875.50"), Decimal("875.50")),
                (SECOND, "mouse", 2, 4, 0, 0, Decimal("9.00"), Decimal("10.10")),
            ],
        ),
        (
            "cancellation_rate",
            [(FIRST, 2, 1, 0, Decimal("50.00")), (SECOND, 3, 0, 1, Decimal("0.00"))],
        ),
        (
            "most_changed_orders",
            [
                ("a", 3, at(20, 9), at(21, 10, 59, 59), "MODIFY", "laptop"),
                ("b", 3, at(20, 9, 30), at(21, 11), "INSERT", "mouse"),
                ("c", 1, at(21, 11, 0, 1), at(21, 11, 0, 1), "INSERT", "mouse"),
                ("d", 1, at(21, 12), at(21, 12), "INSERT", "cable"),
            ],
        ),
        (
            "change_mix_by_hour",
            [
                (at(20, 9), 4, 2, 1, 1, 0, 2),
                (at(21, 10), 1, 0, 1, 0, 0, 1),
                (at(21, 11), 2, 2, 0, 0, 0, 2),
                (at(21, 12), 1, 1, 0, 0, 0, 1),
            ],
        ),
    ],
)
def test_an_insight_gives_exactly_these_rows(lake: Any, insight: str, expected: list[tuple[Any, ...]]) -> None:
    assert lake.execute(translated(f"insights/{insight}.sql")).fetchall() == expected


@pytest.mark.parametrize(
    "file", sorted(SQL.glob("insights/*.sql")) + sorted(SQL.glob("views/*.sql")), ids=lambda file: file.stem
)
def test_a_file_is_short_and_opens_with_its_question(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert lines[0].startswith("-- ")
    assert "?" in lines[0]
    assert len(lines) <= 80


@pytest.mark.parametrize(
    "file", ["reconcile/fingerprints.sql", "reconcile/versions.sql", "report/changed_orders.sql", "views/orders.sql", "views/orders_history.sql"]
)  # fmt: skip
def test_a_statement_with_text_for_each_column_is_within_athena_s_limit_at_the_cap(file: str) -> None:
    columns = [f"{number:03d}".ljust(255, "c") for number in range(230)]
    curated = {"attributes": columns, "time_travel": {"before": "1", "columns_before": columns, "after": "2"}}
    context = CONTEXT | {
        "params": {**CONTEXT["params"], "columns": columns, "order_ids": ["a"]},
        "ti": SimpleNamespace(xcom_pull=lambda task_ids: curated),
    }
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(SQL), autoescape=False)  # noqa: S701 (SQL)
    statement = templates.get_template(file).render(context)
    assert len(statement.encode()) < 262_144

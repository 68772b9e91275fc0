"""Test that statements name the contract's own tables and columns, whatever they are called."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
import sqlglot
from airflow.sdk.execution_time import macros
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sqlglot import exp

from tests.unit.contract.invoices import contract_of

SQL = Path(__file__).resolve().parents[3] / "include" / "sql"
OF_ORDERS = ("insights", "drill", "seed_queries")
STATEMENTS = sorted(str(path.relative_to(SQL)) for path in SQL.rglob("*.sql") if path.parent.name not in OF_ORDERS)
CURATED: dict[str, Any] = {
    "attributes": ["colour"], "changes": 4, "rescued": {"changes": 1}, "written": {"INSERT": 1, "MODIFY": 1, "REMOVE": 1},
    "mended_until": "2026-11-20", "time_travel": {"before": "1", "columns_before": ["units"], "after": "2"},
}  # fmt: skip
PARAMS: dict[str, Any] = {
    "database": "lake", "delivery": "delivery", "probe": "p", "rescued_share": 0.2, "from_time": "2026-11-20 00:00:00",
    "from_day": "2026-11-20", "unit": "day", "columns": ["units", "table"], "source_stream": "source_stream", "bucket": "b",
    "until_time": "2026-11-21 00:00:00", "until": 0, "size": 50, "skip": 0, "pieces": [1, 2], "filters": {"text": 2, "type": "INSERT"},
    "hours_by_day": [("2026-11-20", ["00", "23"])], "folder": "lists/", "from_object": "raw/orders/dt=2026-11-20",
    "order_ids": [("a'b", "7"), ("c", "8")], "since": "2026-11-20 00:00:00", "run_id": "r", "run_at": "2026-11-20 00:00:00",
    "entries": [{"event_type": "INSERT", "written": 1, "captured": 1, "delivered": 1, "failed": 0, "dropped": 0, "curated": 1, "lags": []}],
}  # fmt: skip


def rendered(names: dict[str, Any], file: str, table: str) -> str:
    loader = jinja2.FileSystemLoader(SQL)
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    environment.filters["ds"] = lambda moment: str(moment)
    context = {"params": PARAMS | {"table": table, "changes": table}, "macros": macros, "dag_run": SimpleNamespace(start_date="2026-11-21"), "ti": SimpleNamespace(xcom_pull=lambda task_ids: CURATED)}  # fmt: skip
    return environment.get_template(file).render(**context, **names)


@pytest.mark.parametrize("of", ["raw_order", "order_changes"])
@pytest.mark.parametrize("file", STATEMENTS)
def test_a_statement_of_another_contract_parses_and_reads_that_contract_s_tables(
    tmp_path: Path, file: str, of: str
) -> None:
    contract = contract_of(tmp_path)
    names = statement_names(contract)
    text = rendered(names, file, of)
    statement = sqlglot.parse_one(text, read="athena")
    known = {
        "raw_order",
        "order",
        *(f"order_{part}" for part in ("changes", "current", "quarantine", "intake", "history", "compared")),
    }
    within = {cte.alias for cte in statement.find_all(exp.CTE)} | {"pipeline_ledger", ""}
    tables = {table.name for table in statement.find_all(exp.Table) if isinstance(table.this, exp.Identifier)}
    assert tables - within <= known
    assert "orderid" not in text.lower()
    assert [
        number.this for number in statement.find_all(exp.Literal) if not number.is_string and "." in number.this
    ] == []


def test_a_statement_s_number_with_a_point_names_its_type() -> None:
    """``1.5`` is a decimal to Trino and a double to Athena; ``DECIMAL '1.5'`` and ``DOUBLE '1.5'`` are the same to both.

    Source: https://docs.aws.amazon.com/athena/latest/ug/data-types-examples.html
    """
    untyped = re.compile(r"(?<![\w'.:-])(?:\d+\.\d*|\.\d+)(?![\w.'-])")
    found = {
        path.name: untyped.findall(re.sub(r"--.*|\{[{%#].*?[}%#]\}", "", path.read_text(encoding="utf-8")))
        for path in SQL.rglob("*.sql")
    }
    assert {name: numbers for name, numbers in found.items() if numbers} == {}


def test_a_column_of_a_statement_s_own_takes_no_name_of_the_contract_s(tmp_path: Path) -> None:
    text = rendered(statement_names(contract_of(tmp_path)), "curated_checks/current_is_the_latest_change.sql", "")
    assert "AS attr_newest\n" in text
    assert "WHERE attr_newest = 1" in text


def test_reserved_names_are_quoted_and_orders_are_written_as_ever(tmp_path: Path) -> None:
    names = statement_names(contract_of(tmp_path))
    assert (names["tables"].view, names["title"]) == ('"order"', '"table"')
    orders = statement_names(declared_contract())
    assert (orders["tables"].view, orders["tables"].raw, str(orders["key"])) == ("orders", "raw_orders", "orderid")
    assert rendered(orders, "curated_checks/changes_are_unique.sql", "").splitlines()[1:] == [
        "SELECT orderid, source_stream, sequence_number, count(*) AS times",
        "FROM lake.orders_changes",
        "GROUP BY orderid, source_stream, sequence_number",
        "HAVING count(*) > 1",
        "ORDER BY orderid, source_stream, sequence_number",
    ]


def test_keys_of_two_parts_are_asked_for_as_pairs(tmp_path: Path) -> None:
    text = rendered(statement_names(contract_of(tmp_path)), "reconcile/versions.sql", "")
    assert " ".join(text.partition("WHERE")[2].split()) == "(customer, position) IN ( ('a''b', '7'), ('c', '8') )"


def test_fingerprints_of_listed_orders_name_the_contract_s_key(tmp_path: Path) -> None:
    names, lists = statement_names(contract_of(tmp_path)), {"compared": "lake.order_compared", "asked": ["b/0"], "known": ["a/1"], "oldest": "2026-11-20 00:00:00"}  # fmt: skip
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(SQL), undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701  # fmt: skip
    text = environment.get_template("reconcile/fingerprints.sql").render(params=PARAMS | lists, **names)
    statement = sqlglot.parse_one(text, read="athena")
    assert {table.name for table in statement.find_all(exp.Table)} == {"order_current", "order_compared"}
    assert str(names["key"].equal("kept", "listed")) in text

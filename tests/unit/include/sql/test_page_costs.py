"""Every statement that a visit of the page sends confines each table that it reads: to days, months, folders, or to one order's key."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
import sqlglot
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.page.reads.lake_query import SQL
from sqlglot import expressions as exp

from tests.unit.include.sql.test_daily_costs import CONFINING, _demands

KEY = {key.column for key in declared_contract().key}
SOURCES = {
    **CONFINING,
    "orders_current": {*CONFINING["orders_current"], *KEY},
    "orders": KEY,
    "pipeline_ledger": {"run_at"},
}
WHEN_ASKED_FOR = {"page/orders_listed.sql"}  # the whole history, after its cost was said
TEXTS = {"filters": {"text": 1, "product": 1, "state": "deleted"}, "pieces": [1], "skip": 0, "size": 50, "until": 0}
TIMES = {
    "from_day": "2026-11-01", "until_day": "2026-12-01", "from_time": "2026-11-01 00:00:00", "until_time": "2026-12-01 00:00:00",
    "unit": "hour", "from_object": "raw/orders/dt=2026-11-01",
}  # fmt: skip
FILES = sorted(
    {path.relative_to(SQL).as_posix() for name in ("page", "insights") for path in (SQL / name).glob("*.sql")}
)


def unconfined(file: str, table: str = "orders_changes", **params: Any) -> set[str]:
    """Return the tables of which a statement may read everything."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 (SQL)
    environment.globals.update(statement_names(declared_contract()))
    known = {"database": "lake", "probe": "x", "table": table, "changes": table, **TEXTS, **TIMES, **params}
    (statement,) = sqlglot.parse(environment.from_string((SQL / file).read_text()).render(params=known), read="athena")
    assert statement is not None
    reads = [each for each in statement.find_all(exp.Table) if each.name in SOURCES]
    assert reads
    return {each.name for each in reads if not any(_confines(each.name, demand) for demand in _demands(each))}


def _confines(table: str, condition: exp.Expression) -> bool:
    columns = {column.name for column in condition.find_all(exp.Column)}
    return bool(columns) and columns <= SOURCES[table] and not isinstance(condition, exp.Or | exp.Not)


@pytest.mark.parametrize("table", ["orders_changes", "raw_orders"])
@pytest.mark.parametrize("file", sorted(set(FILES) - WHEN_ASKED_FOR))
def test_a_visit_reads_no_table_whole(file: str, table: str) -> None:
    assert unconfined(file, table) == set()


def test_the_question_finds_statements_that_read_everything() -> None:
    assert unconfined("page/orders_listed.sql", filters={"text": 1}) == {"orders_changes"}
    assert unconfined("page/quarantined_lines.sql", from_object="") == {"orders_quarantine"}

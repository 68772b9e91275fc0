"""Every statement of a daily batch confines each table that it reads to what has changed, or to the days of the insights.

A condition confines a table if it has to hold, and asks only for columns by which files are left out: partitions (``dt`` and ``hr``,
the day of ``creation_time``, the folder of an object) and times that go with the order in which rows are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlglot
from sales_cdc.batch.changed import Changed
from sales_cdc.batch.statements import CURATED_CHECKS, QUESTION_FILES, RAW_CHECKS, RESCUED, SEED_QUERIES
from sqlglot import expressions as exp

from tests.unit.include.sql import test_views_and_insights as sql_context
from tests.unit.include.sql.test_daily_checks import LATE, rendered

CONFINING = {
    "raw_orders": {"dt", "hr"},
    "orders_changes": {"creation_time"},
    "orders_current": {"creation_time"},
    "orders_intake": {"object", "taken_at"},
    "orders_quarantine": {"source_object"},
}
DELIVERY = {"awaited": {"INSERT": 1, "MODIFY": 0, "REMOVE": 0}, "since": "2026-11-21T10:00:00+00:00"}
TRAVEL = {"before": "1", "columns_before": ["price"], "after": "2", "log_before": "1", "log_columns_before": ["price"]}
DAILY = [
    *(f"checks/{name}.sql" for name in RAW_CHECKS),
    *(f"curated_checks/{name}.sql" for name in CURATED_CHECKS),
    *(f"seed_queries/{name}.sql" for name in SEED_QUERIES),
    *QUESTION_FILES,
    "ledger/curated_since.sql",
    "reconcile/objects_taken.sql",
]
FEW = {"since": "2026-11-21 10:00:00", "prefixes": ["raw/orders/dt=2026-11-21/"], "holders": "'a'"}


@pytest.fixture(autouse=True)
def xcoms(monkeypatch: pytest.MonkeyPatch) -> None:
    curated = {**sql_context.XCOMS["await_curation"], "time_travel": TRAVEL}  # type: ignore[dict-item]
    known = {"wait_for_delivery": DELIVERY, "await_curation": curated, "verify_raw_table": {}}
    for task, outcome in known.items():
        monkeypatch.setitem(sql_context.XCOMS, task, outcome)


def unconfined(file: str, changed: Changed | None, **params: Any) -> list[str]:
    known = {} if changed is None else {"changed": changed}
    (statement,) = sqlglot.parse(rendered(file, **known, **params), read="athena")
    assert statement is not None
    reads = [table for table in statement.find_all(exp.Table) if table.name in CONFINING]
    assert reads
    return [table.name for table in reads if not any(_confines(table.name, each) for each in _demands(table))]


def _demands(table: exp.Table) -> Iterator[exp.Expression]:
    """Yield the conditions that every row has to meet."""
    select = table.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    if where is not None:
        condition = where.this.unnest()
        yield from condition.flatten() if isinstance(condition, exp.And) else [condition]


def _confines(table: str, condition: exp.Expression) -> bool:
    columns = {column.name for column in condition.find_all(exp.Column)}
    return bool(columns) and columns <= CONFINING[table]


@pytest.mark.parametrize("file", DAILY)
def test_a_daily_statement_confines_each_table_that_it_reads(file: str) -> None:
    assert unconfined(file, LATE, **FEW) == []


def test_the_question_finds_statements_that_read_everything() -> None:
    checks = {f"curated_checks/{name}.sql": unconfined(f"curated_checks/{name}.sql", None) for name in CURATED_CHECKS}
    assert "orders_changes" in checks["curated_checks/changes_are_unique.sql"]
    assert unconfined(f"report/{RESCUED}.sql", LATE) == ["orders_current"]

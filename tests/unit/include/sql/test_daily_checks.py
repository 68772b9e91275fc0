"""Asked of what has changed, each check still finds what was done there, and reads nothing older."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jinja2
import pytest
import sqlglot
from sales_cdc.batch.changed import Changed, texts

from tests.unit.include.sql.test_curated_checks import TAMPERINGS, lake  # noqa: F401 (a fixture)
from tests.unit.include.sql.test_views_and_insights import CONTEXT, SQL

TODAY = Changed(("2026-11-21", "10"))
LATE = Changed(("2026-11-28", "10"), (("2026-11-21", "10"),), (("2026-11-21", "2026-11-21"),))
LATER = Changed(("2026-11-28", "10"))


def rendered(file: str, **params: Any) -> str:
    """Return the statement as Athena gets it."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 (SQL)
    environment.filters["ds"] = lambda moment: f"{moment:%Y-%m-%d}"
    text = environment.from_string((SQL / file).read_text())
    return text.render({**CONTEXT, "params": {**CONTEXT["params"], **params}})  # type: ignore[dict-item]


def asked(file: str, **params: Any) -> str:
    """Return the statement in DuckDB's SQL."""
    (statement,) = sqlglot.transpile(rendered(file, **params), read="athena", write="duckdb")
    return statement.replace('"$path"', "source_object")


@pytest.fixture
def tables(lake: Any) -> Any:  # noqa: F811
    for column, value in (("dt", "2026-11-21"), ("hr", "10"), ("creation_time", "2026-11-21T10:00:00.000Z")):
        lake.execute(f"ALTER TABLE lake.raw_orders ADD COLUMN {column} varchar DEFAULT '{value}'")
    return lake


def found_by(check: str, tables: Any, **params: Any) -> list[str]:
    return [row[0] for row in tables.execute(asked(f"curated_checks/{check}.sql", **params)).fetchall()]


@pytest.mark.parametrize("changed", [TODAY, LATE, LATER])
@pytest.mark.parametrize("check", [*TAMPERINGS, "delivered_lines_are_taken"])
def test_tables_as_the_job_makes_them_pass(tables: Any, check: str, changed: Changed) -> None:
    assert found_by(check, tables, changed=changed) == []


@pytest.mark.parametrize("changed", [TODAY, LATE])
@pytest.mark.parametrize("check", TAMPERINGS)
def test_a_tampered_day_is_found_when_it_has_changed(tables: Any, check: str, changed: Changed) -> None:
    statement, order = TAMPERINGS[check]
    tables.execute(statement)
    assert found_by(check, tables, changed=changed) == [order]
    assert found_by(check, tables, changed=LATER) == []


def test_many_quarantined_lines_count_on_the_day_on_which_they_came(tables: Any) -> None:
    key = "raw/orders/dt=2026-11-21/hr=10/delivery-1-x.json"
    for number in range(10):
        tables.execute("INSERT INTO lake.orders_quarantine VALUES ('no price', '{}', ?, ?)", [key, number])
    found = [found_by("delivered_lines_are_taken", tables, changed=changed) for changed in (TODAY, LATE, LATER)]
    assert found == [["no price"], ["no price"], []]


def test_a_late_change_under_a_current_row_of_another_day_is_a_suspect_and_no_finding(tables: Any) -> None:
    """The current row is not read; asked again for the order alone, of the whole tables, the check finds nothing."""
    tables.execute("UPDATE lake.orders_changes SET creation_time = '2026-11-22 10:00:00' WHERE event_type = 'MODIFY'")
    tables.execute("UPDATE lake.orders_current SET creation_time = '2026-11-22 10:00:00' WHERE orderid = 'a'")
    assert found_by("current_is_the_latest_change", tables, changed=LATE) == ["a"]
    assert found_by("current_is_the_latest_change", tables, changed=LATE, orders=texts(["a"])) == []


def test_a_current_row_that_is_older_than_a_change_is_found(tables: Any) -> None:
    tables.execute("UPDATE lake.orders_current SET sequence_number = lpad('1', 40, '0'), creation_time = '2026-10-01 00:00:00' WHERE orderid = 'a'")  # fmt: skip
    assert found_by("current_is_the_latest_change", tables, changed=TODAY) == ["a"]
    assert found_by("current_is_the_latest_change", tables, changed=TODAY, orders=texts(["a"])) == ["a"]


@pytest.mark.parametrize("changed", [None, TODAY, LATE])
def test_orders_without_an_insert_are_those_that_the_job_notes(tables: Any, changed: Changed | None) -> None:
    tables.execute("ALTER TABLE lake.raw_orders ADD COLUMN event_type varchar DEFAULT 'MODIFY'")
    statement = asked("checks/changes_follow_an_insert.sql", **({} if changed is None else {"changed": changed}))
    for name in ("source_stream",):
        tables.execute(f"ALTER TABLE lake.raw_orders ADD COLUMN IF NOT EXISTS {name} varchar")
    assert [row[0] for row in tables.execute(statement).fetchall()] == ([] if changed else ["a", "b"])
    if changed is not None:
        noted = Changed(changed.since, changed.hours, changed.days, ("b", "of another batch"))
        statement = asked("checks/changes_follow_an_insert.sql", changed=noted)
        assert [row[0] for row in tables.execute(statement).fetchall()] == ["b"]


@pytest.mark.parametrize(("since", "written", "found"), [("2026-11-21T10:30:00+00:00", 3, []), ("2026-11-21T10:30:00+00:00", 4, ["MODIFY"]), ("2026-11-21T12:00:00+00:00", 1, ["MODIFY"]), (None, 0, [])])  # fmt: skip
def test_the_changes_that_the_batch_waited_for_are_counted(
    tables: Any, monkeypatch: pytest.MonkeyPatch, since: str | None, written: int, found: list[str]
) -> None:
    from tests.unit.include.sql import test_views_and_insights as context

    for name in ("event_type", "source_stream"):
        tables.execute(f"ALTER TABLE lake.raw_orders ADD COLUMN IF NOT EXISTS {name} varchar")
    tables.execute("UPDATE lake.raw_orders SET event_type = 'MODIFY' WHERE CAST(sequence_number AS bigint) < 4")
    awaited = {"INSERT": 0, "MODIFY": written, "REMOVE": 0}
    ever = {"INSERT": 0, "MODIFY": 1000, "REMOVE": 0}
    monkeypatch.setitem(context.XCOMS, "wait_for_delivery", {"awaited": awaited, "written": ever, "since": since})
    statement = asked("checks/counts_by_event_type.sql", changed=TODAY)
    assert [row[0] for row in tables.execute(statement).fetchall()] == found
    statement = asked("checks/counts_by_event_type.sql")
    assert [row[0] for row in tables.execute(statement).fetchall()] == ["MODIFY"]


def test_the_state_before_is_that_of_the_change_log_before_the_run(
    tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """a was inserted and changed before, and changed again in the run; c is new; b, deleted before, did not change."""
    from tests.unit.include.sql import test_views_and_insights as context

    tables.execute("ALTER TABLE lake.orders_changes ADD COLUMN event_id varchar")
    tables.execute("ALTER TABLE lake.orders_current ADD COLUMN event_id varchar")
    for table in ("orders_changes", "orders_current"):
        tables.execute(f"UPDATE lake.{table} SET event_id = 'e' || CAST(sequence_number AS bigint)")
    tables.execute("CREATE TABLE lake.log_before AS SELECT * FROM lake.orders_changes")
    tables.execute("UPDATE lake.orders_current SET sequence_number = lpad('7', 40, '0'), price = 5, event_id = 'e7' WHERE orderid = 'a'")  # fmt: skip
    tables.execute("INSERT INTO lake.orders_current SELECT * REPLACE ('c' AS orderid, 'INSERT' AS event_type, 'e8' AS event_id, lpad('8', 40, '0') AS sequence_number) FROM lake.orders_current WHERE orderid = 'a'")  # fmt: skip
    columns = ["orderid", "product_name", "quantity", "price", "creation_time", "rescued_data"]
    travel = {"before": "9", "columns_before": [], "after": "2", "log_before": "1", "log_columns_before": columns}
    monkeypatch.setitem(context.XCOMS, "await_curation", {"attributes": [], "time_travel": travel})
    (statement,) = sqlglot.parse(rendered("report/changed_orders.sql", changed=TODAY), read="athena")
    assert statement is not None
    for table in statement.find_all(sqlglot.exp.Table):
        if version := table.args.get("version"):
            table.set("version", None)
            if version.expression.name == "1":
                table.set("this", sqlglot.exp.to_identifier("log_before"))
    answer = tables.execute(statement.sql("duckdb"))
    names = [column[0] for column in answer.description]
    rows = {row["orderid"]: row for row in (dict(zip(names, each, strict=True)) for each in answer.fetchall())}
    assert rows.keys() == {"a", "c"}
    shown = ("before_is_deleted", "after_is_deleted", "before_price", "after_price")
    found = {order: tuple(row[name] for name in shown) for order, row in rows.items()}
    assert found == {"a": (False, False, Decimal("9.90"), 5), "c": (True, False, None, 5)}

"""What has changed is what is after the watermark and what is noted; its SQL keeps exactly these rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
import sqlglot
from sales_cdc.batch.changed import Changed, texts
from sales_cdc.contract.watermark import Watermark

MARK = Watermark(("2026-11-29", "13"), datetime(2026, 11, 29, 13, 5, tzinfo=UTC), (), "lake-1")
NOTES: list[dict[str, Any]] = [
    {"hours": [["2026-11-29", "14"], ["2026-11-02", "05"]], "days": ["2026-11-29", "2026-10-31", "2026-11-01"], "without_insert": ["o'1"]},
    {"late": True, "hours": [["2026-11-02", "04"]]},
]  # fmt: skip
CHANGED = Changed(("2026-11-29", "13"), (("2026-11-02", "04"), ("2026-11-02", "05")), (("2026-10-31", "2026-11-01"),), ("o'1",))  # fmt: skip


def kept(condition: str, column: str, values: list[Any]) -> list[Any]:
    rows = ", ".join(f"({value})" for value in values)
    (sql,) = sqlglot.transpile(f"SELECT {column} FROM (VALUES {rows}) AS t ({column}) WHERE {condition}", read="athena", write="duckdb")  # fmt: skip
    return [row[0] for row in duckdb.sql(sql).fetchall()]


def test_older_hours_and_days_are_those_that_are_noted() -> None:
    assert Changed.since_watermark(MARK, NOTES) == CHANGED
    assert Changed.since_watermark(MARK, [], [("2026-11-29", "12"), ("2026-11-30", "00")]) == Changed(MARK.hour, (("2026-11-29", "12"),))  # fmt: skip


def test_without_a_watermark_and_with_a_damaged_note_everything_is_asked() -> None:
    assert Changed.since_watermark(None, NOTES) is None
    assert Changed.since_watermark(MARK, [*NOTES, {"damaged": True}]) is None
    assert Changed.of(None) is None


def test_it_is_read_as_it_was_written() -> None:
    assert Changed.of(CHANGED.document()) == CHANGED


def test_many_days_are_one_range_that_holds_them() -> None:
    days = [f"20{year}-{month:02}-15" for year in (24, 25, 26) for month in range(1, 13)] * 2
    days += [day.replace("-15", "-20") for day in days]
    note = {"hours": [[day, "00"] for day in days], "days": days}
    many = Changed.since_watermark(MARK, [note])
    assert many == Changed(("2024-01-15", "00"), (), (), ())
    lone = Changed.since_watermark(MARK, [{**note, "hours": []}])
    assert lone is not None
    assert lone.days == (("2024-01-15", "2026-11-20"),)


def test_the_partitions_of_raw_are_those_hours_and_later_ones() -> None:
    hours = [
        ("2026-11-02", "04"),
        ("2026-11-02", "06"),
        ("2026-11-29", "12"),
        ("2026-11-29", "13"),
        ("2026-11-30", "00"),
    ]
    rows = ", ".join(f"('{day}', '{hour}')" for day, hour in hours)
    found = duckdb.sql(f"SELECT * FROM (VALUES {rows}) t (dt, hr) WHERE {CHANGED.raw()}").fetchall()
    assert found == [hours[0], *hours[3:]]


def test_times_and_their_texts_are_those_of_the_days() -> None:
    days = ["2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02", "2026-11-28", "2026-11-29", "2026-12-24"]
    wanted = [days[1], days[2], days[5], days[6]]
    times = kept(CHANGED.times("at"), "at", [f"TIMESTAMP '{day} 23:59:59.999999'" for day in days])
    assert [f"{time:%Y-%m-%d}" for time in times] == wanted
    assert kept(CHANGED.day_texts("at"), "at", [f"'{day}T23:59:59.999Z'" for day in days]) == [
        f"{day}T23:59:59.999Z" for day in wanted
    ]


def test_objects_are_those_of_the_hours_and_those_in_no_hour() -> None:
    keys = [f"raw/orders/{name}" for name in ("above.json", "dt=2026-11-02/hr=04/a", "dt=2026-11-02/hr=06/a", "dt=2026-11-29/hr=12/a", "dt=2026-11-29/hr=13/a", "sub/x")]  # fmt: skip
    assert kept(CHANGED.objects('"object"'), '"object"', [f"'{key}'" for key in keys]) == [keys[0], keys[1], *keys[4:]]


@pytest.mark.parametrize(
    ("moment", "hours"), [("2026-11-29T14:30:00+00:00", ["13", "14"]), ("2026-11-29T00:30:00+00:00", ["12", "13", "14"]), (None, [])]
)  # fmt: skip
def test_changes_of_a_run_are_looked_for_from_the_hour_before_it_began(moment: str | None, hours: list[str]) -> None:
    rows = ", ".join(f"('2026-11-29', '{hour}')" for hour in ("12", "13", "14"))
    found = duckdb.sql(f"SELECT hr FROM (VALUES {rows}) t (dt, hr) WHERE {CHANGED.raw_since(moment)}").fetchall()
    assert [row[0] for row in found] == hours


def test_literals_are_quoted() -> None:
    assert texts(["a", "o'1"]) == "'a', 'o''1'"
    assert CHANGED.orders_without_insert == "'o''1'"
    assert Changed(MARK.hour).orders_without_insert == "NULL"

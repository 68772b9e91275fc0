"""Each check of the curated tables finds what was done to them, and nothing in tables that are as the job makes them."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.unit.include.sql.test_views_and_insights import translated

OURS, FOREIGN = "raw/orders/dt=2026-11-21/hr=10/delivery-1-x.json", "raw/orders/dt=2026-11-21/hr=10/foreign.json"
CHANGE = "(orderid varchar, product_name varchar, quantity bigint, price decimal(12,2), event_type varchar, creation_time timestamp, sequence_number varchar, source_stream varchar, rescued_data varchar"

STREAM = "2026-11-20T09:00:00.000"
RAW_ROW = "INSERT INTO lake.raw_orders VALUES (?, ?, ?, ?)"


@pytest.fixture
def lake() -> Any:
    """Two orders, one of them deleted, from one raw object; a line that is no change event from another."""
    connection = duckdb.connect()
    connection.execute(
        f"""CREATE SCHEMA lake;
        CREATE TABLE lake.orders_changes {CHANGE});
        CREATE TABLE lake.orders_current {CHANGE}, is_deleted boolean);
        CREATE TABLE lake.orders_intake (object varchar, taken_at timestamp);
        CREATE TABLE lake.orders_quarantine (reason varchar, raw_line varchar, source_object varchar, line_number bigint);
        CREATE TABLE lake.raw_orders (orderid varchar, source_stream varchar, sequence_number varchar, source_object varchar)"""
    )
    for order, kind, number in (("a", "INSERT", 1), ("a", "MODIFY", 2), ("b", "INSERT", 3), ("b", "REMOVE", 4)):
        values = [None] * 3 if kind == "REMOVE" else ["laptop", 1, "9.90"]
        row = [order, *values, kind, "2026-11-21 10:00:00", str(number).zfill(40), STREAM, None]
        connection.execute("INSERT INTO lake.orders_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute(RAW_ROW, [order, row[7], row[6], f"s3://bucket/{OURS}"])
    connection.execute(
        """INSERT INTO lake.orders_current SELECT *, event_type = 'REMOVE' FROM lake.orders_changes
        WHERE CAST(sequence_number AS bigint) IN (2, 4)"""
    )
    for key in (OURS, FOREIGN):
        connection.execute("INSERT INTO lake.orders_intake VALUES (?, '2026-11-21 10:05:00')", [key])
    connection.execute("INSERT INTO lake.orders_quarantine VALUES ('orderID is missing', '{}', ?, 1)", [FOREIGN])
    return connection


def found_by(check: str, lake: Any) -> list[Any]:
    rows: list[Any] = lake.execute(translated(f"curated_checks/{check}.sql")).fetchall()
    return rows


TAMPERINGS = {
    "changes_are_unique": ("INSERT INTO lake.orders_changes SELECT * FROM lake.orders_changes WHERE event_type = 'MODIFY'", "a"),
    "current_is_the_latest_change": ("UPDATE lake.orders_current SET price = 0.01 WHERE orderid = 'a'", "a"),
    "deleted_orders_stay_deleted": (
        "UPDATE lake.orders_current SET is_deleted = false, event_type = 'MODIFY', sequence_number = lpad('3', 40, '0') WHERE orderid = 'b'", "b",
    ),
    "values_fit_their_columns": (
        "UPDATE lake.orders_changes SET rescued_data = '{}', price = NULL WHERE event_type = 'MODIFY'", "a",
    ),
    "raw_changes_are_curated": ("DELETE FROM lake.orders_changes WHERE event_type = 'MODIFY'", "a"),
}  # fmt: skip


@pytest.mark.parametrize("check", [*TAMPERINGS, "delivered_lines_are_taken"])
def test_tables_as_the_job_makes_them_pass(lake: Any, check: str) -> None:
    assert found_by(check, lake) == []


@pytest.mark.parametrize("check", TAMPERINGS)
def test_a_tampered_table_is_found_and_its_order_named(lake: Any, check: str) -> None:
    statement, order = TAMPERINGS[check]
    lake.execute(statement)
    assert [row[0] for row in found_by(check, lake)] == [order]


def test_the_same_sequence_number_of_another_stream_is_another_change(lake: Any) -> None:
    lake.execute(
        "INSERT INTO lake.orders_changes SELECT * REPLACE ('2026-11-01T09:00:00.000' AS source_stream) FROM lake.orders_changes"
    )
    for check in ("changes_are_unique", "current_is_the_latest_change", "deleted_orders_stay_deleted"):
        assert found_by(check, lake) == []


def test_an_order_put_again_in_a_later_stream_stands(lake: Any) -> None:
    for table, more in (("orders_changes", ""), ("orders_current", ", false")):
        lake.execute("DELETE FROM lake.orders_current WHERE orderid = 'b'")
        lake.execute(
            f"INSERT INTO lake.{table} VALUES ('b', 'laptop', 1, 9.90, 'INSERT', '2026-11-21 11:00:00', lpad('1', 40, '0'), '2026-11-21T09:00:00.000', NULL{more})"
        )
    for check in ("current_is_the_latest_change", "deleted_orders_stay_deleted"):
        assert found_by(check, lake) == []


def test_an_edited_row_is_shown_by_what_differs_in_it(lake: Any) -> None:
    lake.execute("UPDATE lake.orders_current SET price = 0.01, product_name = NULL WHERE orderid = 'a'")
    (row,) = found_by("current_is_the_latest_change", lake)
    assert row == ("a", "product_name laptop, price 9.90", "product_name null, price 0.01")


def test_an_order_that_only_one_table_has_is_found(lake: Any) -> None:
    lake.execute("DELETE FROM lake.orders_current WHERE orderid = 'b'")
    (row,) = found_by("current_is_the_latest_change", lake)
    assert row == (
        "b",
        f"event_type REMOVE, source_stream 2026-11-20T09:00:00.000, sequence_number {'4'.zfill(40)}",
        "no row",
    )


def test_a_quarantined_change_is_not_missing(lake: Any) -> None:
    number = "2".zfill(40)
    lake.execute("DELETE FROM lake.orders_changes WHERE event_type = 'MODIFY'")
    line = f'{{"orderID": "a", "sequence_number": "{number}", "source_stream": "{STREAM}", "price": "cheap"}}'
    lake.execute("INSERT INTO lake.orders_quarantine VALUES ('price is not a number', ?, ?, 2)", [line, OURS])
    assert found_by("raw_changes_are_curated", lake) == []


def test_lines_of_foreign_objects_are_not_missed_and_those_of_a_redrive_are(lake: Any) -> None:
    redriven = OURS.replace("delivery-", "redrive-")
    lake.execute("INSERT INTO lake.orders_intake VALUES (?, '2026-11-21 10:05:00')", [redriven])
    for order, key in (("{}", FOREIGN), ("c", redriven)):
        lake.execute(RAW_ROW, [order, None, "9".zfill(40), f"s3://bucket/{key}"])
    assert [row[0] for row in found_by("raw_changes_are_curated", lake)] == ["c"]


def test_a_raw_change_is_missed_if_only_another_stream_has_its_sequence_number(lake: Any) -> None:
    lake.execute(RAW_ROW, ["a", "2026-11-21T09:00:00.000", "2".zfill(40), f"s3://bucket/{OURS}"])
    assert [row[:2] for row in found_by("raw_changes_are_curated", lake)] == [("a", "2026-11-21T09:00:00.000")]


def test_the_first_change_is_that_of_the_oldest_stream_whatever_its_time_and_number() -> None:
    raw = duckdb.connect()
    raw.execute(f"CREATE SCHEMA lake; CREATE TABLE lake.raw_orders {CHANGE}, source_object varchar)")
    changes = {
        "made-again": [("INSERT", "2026-11-21 11:00:00", 9, STREAM), ("MODIFY", "2026-11-21 10:00:00", 1, "2026-11-21T09:00:00.000")],
        "labelled": [("INSERT", "2026-11-21 11:00:00", 9, None), ("MODIFY", "2026-11-21 10:00:00", 1, STREAM)],
        "lost": [("MODIFY", "2026-11-21 11:00:00", 9, STREAM), ("INSERT", "2026-11-21 10:00:00", 1, "2026-11-21T09:00:00.000")],
    }  # fmt: skip
    for order, history in changes.items():
        for kind, at, number, stream in history:
            row = [order, "laptop", 1, "9.90", kind, at, str(number).zfill(40), stream, None, f"s3://bucket/{OURS}"]
            raw.execute("INSERT INTO lake.raw_orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    assert [row[0] for row in raw.execute(translated("checks/changes_follow_an_insert.sql")).fetchall()] == ["lost"]


@pytest.mark.parametrize("check", ["changes_follow_an_insert", "deletes_are_rows"])
def test_only_the_pipeline_s_own_changes_are_judged(check: str) -> None:
    raw = duckdb.connect()
    raw.execute(f"CREATE SCHEMA lake; CREATE TABLE lake.raw_orders {CHANGE}, source_object varchar)")
    for order, key in (("ours", OURS), ("theirs", FOREIGN), ("redriven", OURS.replace("delivery-", "redrive-"))):
        row = [
            order,
            "laptop",
            1,
            "9.90",
            "REMOVE",
            "2026-11-21 10:00:00",
            "1".zfill(40),
            None,
            None,
            f"s3://bucket/{key}",
        ]
        raw.execute("INSERT INTO lake.raw_orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    found = raw.execute(translated(f"checks/{check}.sql")).fetchall()
    assert sorted(row[0] for row in found) == ["ours", "redriven"]


def test_raw_objects_that_were_not_taken_yet_are_not_missed(lake: Any) -> None:
    lake.execute(RAW_ROW, ["late", None, "9".zfill(40), "s3://bucket/raw/orders/later.json"])
    assert found_by("raw_changes_are_curated", lake) == []


@pytest.mark.parametrize(("lines", "source", "expected"), [(9, OURS, []), (10, OURS, [("no price", 10, OURS)]), (99, FOREIGN, [])])  # fmt: skip
def test_many_of_the_pipeline_s_own_lines_in_quarantine_are_too_many(
    lake: Any, lines: int, source: str, expected: list[Any]
) -> None:
    for number in range(lines):
        lake.execute("INSERT INTO lake.orders_quarantine VALUES ('no price', '{}', ?, ?)", [source, number])
    assert found_by("delivered_lines_are_taken", lake) == expected


def test_one_bad_line_in_a_hundred_is_their_writers_affair(lake: Any) -> None:
    for number in range(10):
        lake.execute("INSERT INTO lake.orders_quarantine VALUES ('no price', '{}', ?, ?)", [OURS, number])
    lake.execute(
        "INSERT INTO lake.orders_changes SELECT a.* FROM lake.orders_changes AS a CROSS JOIN range(300) WHERE event_type = 'MODIFY'"
    )
    lake.execute("INSERT INTO lake.orders_changes SELECT a.* FROM lake.orders_changes AS a CROSS JOIN range(4)")
    assert found_by("delivered_lines_are_taken", lake) == []


def test_only_the_pipeline_s_own_events_have_to_be_whole() -> None:
    raw = duckdb.connect()
    raw.execute("CREATE SCHEMA lake; CREATE TABLE lake.raw_orders (orderid varchar, event_type varchar, creation_time varchar, event_id varchar, sequence_number varchar, source_object varchar)")  # fmt: skip
    for key in (OURS, FOREIGN):
        raw.execute("INSERT INTO lake.raw_orders VALUES ('a', 'UPSERT', NULL, NULL, '7', ?)", [f"s3://bucket/{key}"])
    found = raw.execute(translated("checks/change_events_are_whole.sql")).fetchall()
    assert [row[0] for row in found] == [f"s3://bucket/{OURS}"]

"""Test the batch's report: its fields, exact values, and its Markdown page."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from sales_cdc.aws.ledger_folder import json_line
from sales_cdc.batch.report_document import (
    Answer,
    batch_report,
    changed_orders,
    question_of,
    with_verdict,
)
from sales_cdc.batch.report_page import as_markdown
from sales_cdc.batch.report_warnings import backfill_warning, batch_warnings, raw_table_warnings, rescued_document

NONE = {"INSERT": 0, "MODIFY": 0, "REMOVE": 0}
COLUMNS = ("orderid", "turn", "before_is_deleted", "after_is_deleted", "before_price", "after_price", "after_colour")
QUARANTINE_COLUMNS = ("source_object", "reason", "lines", "first_line", "taken_at")
FOREIGN = ("raw/orders/theirs.json", "price is not a number", 2, 7, "2026-11-25 11:00:00")
CHANGED = [
    ("new", 1, True, False, None, Decimal("9.90"), "red"),
    ("dearer", 1, False, False, Decimal("9.90"), Decimal("10.00"), None),
    ("gone", 1, False, True, Decimal("1.00"), None, None),
]


@pytest.fixture
def report() -> dict[str, Any]:
    return batch_report(
        run_id="manual__1",
        at="2026-11-25T12:00:00+00:00",
        delivery={
            "written": {"INSERT": 900, "MODIFY": 9, "REMOVE": 9}, "awaited": {**NONE, "INSERT": 3}, "delivered": {**NONE, "INSERT": 3},
            "missing": 0, "failed": 1, "duplicates_in_raw": 2, "lag_seconds": {"p50": 1.5, "p99": 2.0, "max": 2.0}, "runs": ["one"],
        },
        curated={"objects": 1, "changes": 3, "new_columns": ["colour"], "time_travel": {"before": None, "after": "7"}},
        checks={"changes_are_unique": 0, "changes_follow_an_insert": 2},
        quarantine=Answer("quarantined", "Why?", QUARANTINE_COLUMNS, []),
        answers=[Answer("revenue", "What is it worth?", ["product", "revenue"], [["a|b", Decimal("0.30")]] * 60)],
        changed=Answer("changed_orders", "What changed?", COLUMNS, CHANGED),
        reconciliation=None,
    )  # fmt: skip


def test_it_has_the_contract_s_fields(report: dict[str, Any]) -> None:
    assert list(report) == [
        "run_id", "at", "written", "delivered", "failed", "lost", "duplicates_in_raw", "lag_seconds", "curated", "checks", "insights",
        "changed_orders", "reconciliation", "ledger", "warnings", "quarantine", "rescued", "open", "given_up",
    ]  # fmt: skip
    assert report["written"] == report["delivered"] == {**NONE, "INSERT": 3}
    assert (report["lost"], report["failed"]) == (0, 1)
    assert report["curated"] == {"objects": 1, "changes": 3, "new_columns": ["colour"], "rescued": 0}
    assert report["checks"][1] == {"name": "changes_follow_an_insert", "rows": 2}


def test_the_verdict_follows_the_run_and_its_time(report: dict[str, Any]) -> None:
    verdict = {"sentence": "Not trustworthy: 1 record failed.", "reason": "Why.", "remedy": "Do this."}
    judged = with_verdict(report, verdict)
    assert list(judged)[:3] == ["run_id", "at", "verdict"]
    assert as_markdown(judged).splitlines()[2] == "**Not trustworthy: 1 record failed.** Why. Do this."


def test_an_insight_shows_fifty_rows_at_most(report: dict[str, Any]) -> None:
    assert len(report["insights"][0]["rows"]) == 50


def test_an_order_is_null_when_it_was_not_alive(report: dict[str, Any]) -> None:
    new, dearer, gone = report["changed_orders"]
    assert new == {"orderid": "new", "before": None, "after": {"price": Decimal("9.90"), "colour": "red"}}
    assert dearer["before"] == {"price": Decimal("9.90")}
    assert gone == {"orderid": "gone", "before": {"price": Decimal("1.00")}, "after": None}


def test_twenty_orders_at_most() -> None:
    assert len(changed_orders(Answer("changed_orders", "?", COLUMNS, CHANGED * 10))) == 20


def test_every_number_keeps_its_digits_in_json(report: dict[str, Any]) -> None:
    assert json.loads(json_line(report), parse_float=Decimal)["insights"][0]["rows"][0] == ["a|b", Decimal("0.30")]
    assert "0.30" in json_line(report)


def test_the_page_shows_counts_differences_and_answers(report: dict[str, Any]) -> None:
    page = as_markdown(report)
    assert "| INSERT | 3 | 3 |" in page
    assert "| dearer | price 9.90 | price 10.00 |" in page
    assert "| gone | price 1.00 | — |" in page
    assert "**What is it worth?**" in page
    assert "| a\\|b | 0.30 |" in page
    assert "DynamoDB against orders" not in page


def test_a_reconciliation_is_shown_when_there_was_one(report: dict[str, Any]) -> None:
    page = as_markdown({**report, "reconciliation": {"missing": 0, "extra": 1, "stale": 0}})
    assert "| missing | extra | stale |\n| --- | --- | --- |\n| 0 | 1 | 0 |" in page


def test_the_ledger_is_shown_when_it_was_recorded(report: dict[str, Any]) -> None:
    page = as_markdown({**report, "ledger": {"INSERT": {"written": 5, "captured": 4}}})
    assert "| event type | written | captured |\n| --- | --- | --- |\n| INSERT | 5 | 4 |" in page
    assert "Ledger" not in as_markdown(report)


def quarantine(*rows: Any) -> Answer:
    return Answer("quarantined", "Which lines are in quarantine?", QUARANTINE_COLUMNS, rows)


VALUES = [
    {"key": "a", "field": "price", "declared": "decimal(12,2)", "found": "N", "object": "raw/orders/theirs.json"},
    {"key": "b", "field": "quantity", "declared": "bigint", "found": "S", "object": "raw/orders/others.json"},
]


def test_items_that_await_a_backfill_are_a_warning_with_the_remedy() -> None:
    (warning,) = backfill_warning({"missing": 1_200, "extra": 0, "stale": 0, "awaits_backfill": True})
    assert "1,200 items of the adopted table are not in them" in warning
    assert "Run sales_cdc_backfill, then sales_cdc_batch" in warning
    assert backfill_warning({"missing": 1, "extra": 0, "stale": 0}) == backfill_warning(None) == []


def test_a_raw_column_of_a_foreign_type_is_a_warning_that_names_the_objects_with_such_rescued_values() -> None:
    raw_table = {"foreign_types": {"price": "string"}, "foreign": ["raw/orders/x.csv"]}
    (warning,) = batch_warnings(raw_table, {"rescued": {"changes": 0, "values": VALUES}})
    assert warning.startswith("The column price of raw_orders is string")
    assert "raw/orders/theirs.json (N that decimal(12,2) does not hold); raw/orders/x.csv. Move" in warning
    assert "others.json" not in warning


def test_a_foreign_type_that_no_object_of_this_run_explains_is_a_warning_with_a_query_that_finds_the_object() -> None:
    (warning,) = batch_warnings({"foreign_types": {"quantity": "string"}}, {})
    assert (
        'SELECT DISTINCT "$path" FROM raw_orders WHERE quantity IS NOT NULL AND try_cast(quantity AS double)' in warning
    )


def test_the_report_names_rescued_values_with_their_reasons(report: dict[str, Any]) -> None:
    rescued = rescued_document({"changes": 2, "fields": ["price", "quantity"], "keys": ["a", "b"], "values": VALUES})
    assert [list(each.values()) for each in rescued["values"]] == [
        ["a", "price", "N that decimal(12,2) does not hold", "raw/orders/theirs.json"],
        ["b", "quantity", "S, not bigint", "raw/orders/others.json"],
    ]
    page = as_markdown({**report, "rescued": rescued})
    assert "## Rescued values" in page
    assert "| b | quantity | S, not bigint | raw/orders/others.json |" in page
    assert "Rescued values" not in as_markdown(report)


def test_lines_that_the_run_quarantined_are_a_warning() -> None:
    (warning,) = batch_warnings({}, {"quarantined": 2})
    assert warning.startswith("This run quarantined 2 of raw/'s lines")


def test_rescued_values_are_a_warning_that_names_how_many_which_fields_and_which_orders() -> None:
    keys = [f"order-{number}" for number in range(8)]
    rescued = {"changes": 28, "fields": ["price", "quantity"], "keys": keys}
    (warning,) = batch_warnings({}, {"rescued": rescued})
    assert warning == (
        "28 of this run's changes have values that do not fit their columns: price, quantity. They are null there, and whole in the "
        "column rescued_data. The orders: order-0, order-1, order-2, order-3, order-4, …."
    )


def test_a_run_without_findings_has_no_warning(report: dict[str, Any]) -> None:
    assert batch_warnings({}, {"rescued": {"changes": 0}}) == report["warnings"] == []
    assert "Warnings" not in as_markdown(report)
    assert "quarantine" not in as_markdown(report)


def test_the_page_begins_with_its_warnings_and_lists_the_quarantined_lines(report: dict[str, Any]) -> None:
    page = as_markdown({**report, "warnings": ["Mind this."], "quarantine": quarantine(FOREIGN).document()})
    assert page.index("* Mind this.") < page.index("## Curated")
    assert "| raw/orders/theirs.json | price is not a number | 2 | 7 | 2026-11-25 11:00:00 |" in page


def test_the_question_is_the_header_s_first_line() -> None:
    assert question_of("-- What? Rows: all.\n-- More.\nSELECT 1") == "What? Rows: all."


def test_foreign_objects_and_columns_put_in_are_warned_of() -> None:
    table = {
        "foreign": ["raw/orders/x.csv"],
        "foreign_objects": 7,
        "removed_tables": ["raw_hr_00"],
        "added_columns": ["price"],
    }
    foreign, columns = raw_table_warnings(table)
    assert "7 objects or folders under raw/orders/ are not the pipeline's: raw/orders/x.csv and more" in foreign
    assert "1 were removed" in foreign
    assert "no column price" in columns
    assert raw_table_warnings({"foreign": [], "foreign_objects": 0, "removed_tables": [], "added_columns": []}) == []

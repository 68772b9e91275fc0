"""Test that every written change is counted once: delivered, failed, dropped, or unaccounted for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sales_cdc.batch.accounting import account, as_rows
from sales_cdc.batch.change_matching import Delivery, compare
from sales_cdc.contract.lines import Arrival, FailedChange, WrittenChange

SINCE = datetime(2026, 11, 25, 12, tzinfo=UTC)
CURATED_AT = SINCE + timedelta(seconds=60)


def written(order_id: str, event_type: str = "INSERT", run: str = "run-1") -> WrittenChange:
    return WrittenChange(run, order_id, event_type, {}, SINCE)


def arrival(order_id: str, number: int, event_type: str = "INSERT", lag_seconds: int = 2) -> Arrival:
    event: dict[str, Any] = {
        "orderID": order_id, "event_type": event_type, "sequence_number": f"{number:040d}",
        "creation_time": "2026-11-25T12:00:00.000Z",
    }  # fmt: skip
    return Arrival(event, SINCE + timedelta(seconds=lag_seconds))


def record(order_id: str, number: int, event_type: str = "INSERT") -> FailedChange:
    return FailedChange(order_id, event_type, f"{number:040d}", "why", "where")


def test_every_change_is_counted_in_one_place_or_named_as_unaccounted() -> None:
    changes = [written(name) for name in ("a", "b", "failed", "dropped", "lost")] + [written("a", "MODIFY")]
    delivery = compare(
        changes, [arrival("a", 1), arrival("a", 2, "MODIFY"), arrival("b", 3, lag_seconds=4), arrival("other", 9)]
    )
    curated = {("a", "", f"{1:040d}"), ("a", "", f"{2:040d}"), ("other", "", f"{9:040d}")}
    found = account(
        changes, delivery, [record("failed", 4), record("other", 5)], [record("dropped", 6)], curated, CURATED_AT
    )
    inserted, modified, removed = found.entries
    assert (inserted.written, inserted.captured, inserted.delivered, inserted.failed, inserted.dropped) == (
        5,
        4,
        2,
        1,
        1,
    )
    assert inserted.curated == 1
    assert inserted.lags == (2.0, 4.0, 4.0, 60.0, 60.0, 60.0)
    assert (modified.written, modified.captured, modified.delivered, modified.curated) == (1, 1, 1, 1)
    assert (removed.written, removed.captured, removed.lags) == (0, 0, (None,) * 6)
    assert found.unaccounted == [written("lost")]
    header, rows = as_rows(found)
    assert rows[0][:7] == ["INSERT", "5", "4", "2", "1", "1", "1"]
    assert {len(row) for row in rows} == {len(header)}


def test_one_failed_record_explains_one_change() -> None:
    changes = [written("a"), written("a", run="run-2")]
    found = account(changes, compare(changes, []), [record("a", 1)], [record("a", 1)], set(), CURATED_AT)
    assert (found.entries[0].failed, found.entries[0].dropped, len(found.unaccounted)) == (1, 1, 0)
    found = account(changes, compare(changes, []), [record("a", 1)], [], set(), CURATED_AT)
    assert len(found.unaccounted) == 1


def test_a_failed_record_that_arrived_since_explains_nothing() -> None:
    changes = [written("a"), written("a", run="run-2")]
    delivery = compare(changes, [arrival("a", 1)])
    found = account(changes, delivery, [record("a", 1)], [], set(), CURATED_AT)
    assert (found.entries[0].delivered, found.entries[0].failed, len(found.unaccounted)) == (1, 0, 1)


def test_without_written_changes_none_is_unaccounted() -> None:
    found = account([], Delivery(), [], [], set(), CURATED_AT)
    assert [entry.captured for entry in found.entries] == [0, 0, 0]
    assert found.unaccounted == []

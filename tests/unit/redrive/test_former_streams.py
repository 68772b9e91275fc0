"""Test which former streams are read, and what is said of the interval that may be missing."""

from __future__ import annotations

from datetime import UTC, datetime

from sales_cdc.redrive.former_streams import Drained, findings, former_streams

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/sales-cdc-orders/stream/"
FIRST, SECOND, THIRD, FOURTH = (f"{TABLE}2026-11-{day}T09:00:00.000" for day in (20, 21, 22, 23))
MADE_BEFORE, MADE_AGAIN = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_the_first_setup_and_an_unchanged_stream_have_nothing_to_read() -> None:
    assert former_streams(None, FIRST, [FIRST]) == []
    assert former_streams(SECOND, SECOND, [FIRST, SECOND]) == []


def test_every_stream_between_the_known_one_and_the_latest_is_read_in_their_order() -> None:
    assert former_streams(SECOND, FOURTH, [FOURTH, THIRD, FIRST, SECOND]) == [SECOND, THIRD]
    assert former_streams(FIRST, FOURTH, [FOURTH]) == [FIRST], "it may be readable though it is not listed"


def said(drained: Drained, made_at: datetime = MADE_BEFORE, last_raw: datetime | None = None) -> str:
    return "\n".join(findings("orders", [SECOND], THIRD, drained, made_at=made_at, last_raw=last_raw))


def test_the_interval_without_a_stream_begins_with_the_last_change_that_was_read() -> None:
    text = said(Drained(changes=7, last_change=datetime(2026, 11, 21, 12, tzinfo=UTC)))
    assert "7 changes of the former streams (2026-11-21T09:00:00.000) were read and delivered" in text
    assert "between 2026-11-21T12:00:00Z and 2026-11-22T09:00:00.000Z, while no stream was on, are in no stream" in text
    assert "sales_cdc_batch, then sales_cdc_reconcile" in text
    assert "made again" not in text
    assert "cannot be read" not in text


def test_a_stream_that_cannot_be_read_any_more_leaves_what_came_after_the_last_raw_object_in_doubt() -> None:
    text = said(Drained(unreadable=["2026-11-21T09:00:00.000"]), last_raw=datetime(2026, 11, 21, 10, tzinfo=UTC))
    assert "2026-11-21T09:00:00.000 cannot be read any more" in text
    assert "changes since 2026-11-21T10:00:00Z" in text
    assert "since 2026-11-21T09:00:00Z" in said(Drained(unreadable=["2026-11-21T09:00:00.000"]))


def test_a_table_that_was_made_again_is_said_to_emit_no_deletes() -> None:
    assert "made again, or restored, at 2026-11-22T08:00:00Z" in said(Drained(failed=1), made_at=MADE_AGAIN)
    assert "1 changes could not be transformed" in said(Drained(failed=1))

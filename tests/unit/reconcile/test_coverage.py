"""Test what the next comparison reads, and when nothing that was compared before counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sales_cdc.contract.rotation import PARTS, TableFacts
from sales_cdc.reconcile.coverage import Coverage, Part, Plan, afforded, listed, plan_of

NOW = datetime(2026, 11, 30, 0, 10, tzinfo=UTC)
LARGE, SMALL = TableFacts("table", 20_000_000, 4_000_000_000), TableFacts("table", 500, 100_000)


def ago(**past: float) -> datetime:
    return NOW - timedelta(**past)


def coverage(*days: float, **others: Any) -> Coverage:
    """Return the coverage of parts that were scanned so many days ago, each with a list of one object."""
    parts = tuple(Part(ago(days=past), f"run/{at}", ago(days=past), 1) for at, past in enumerate(days))
    return Coverage(
        **{"run_id": "run", "began": ago(days=1), "table": "table", "lake": "lake", "parts": parts, **others}
    )


WEEK = coverage(7, 6, 5, 4, 3, 2, 1)


def planned(known: Coverage | None, table: TableFacts = LARGE, lake: str | None = "lake", **asked: Any) -> Plan:
    return plan_of(known, table, lake, NOW, **{"lists": listed(known) if known else (), **asked})


@pytest.mark.parametrize(
    ("days", "due"),
    [
        ((7, 6, 5, 4, 3, 2, 1), (0,)),
        ((1,) * PARTS, (0,)),
        ((1, 1, 1, 1, 1, 1, 0.5), ()),  # a part was read twelve hours ago
        ((8, 7, 6, 5, 4, 3, 2), (0, 1)),  # a day was missed
        ((6.6, 6.6, 1, 1, 1, 1, 0.1), (0, 1)),
        ((30,) * PARTS, tuple(range(PARTS))),
    ],
)
def test_a_part_is_due_each_day_and_all_that_would_be_older_than_a_week_tomorrow(
    days: tuple[float, ...], due: tuple[int, ...]
) -> None:
    assert coverage(*days).due(NOW) == due


def test_daily_comparisons_reach_every_part_within_seven_days_from_any_state() -> None:
    for days in ((0,) * PARTS, (7, 6, 5, 4, 3, 2, 1), (3, 3, 3, 1, 1, 0, 0)):
        known, now = coverage(*days), NOW
        for _ in range(30):
            now += timedelta(days=1)
            known = known.after_parts(known.due(now), f"at {now}", {}, now)
            assert now - min(part.verified_at for part in known.parts) < timedelta(days=7)


def test_what_was_compared_is_read_back_as_it_was_written() -> None:
    known = replace(WEEK, findings={"a": "stale"}, unsettled=("a", "b"), repeat="why")
    assert Coverage.of(known.document(), NOW) == known
    assert known.open_orders == ["a", "b"]


@pytest.mark.parametrize(
    "damage",
    [
        None,
        [],
        {"parts": []},
        {"segments": 8},
        {"began": "yesterday"},
        {"findings": ["a"]},
        {"began": ago(hours=-3).isoformat()},
    ],
)
def test_a_document_that_is_damaged_ahead_of_the_clock_or_of_other_segments_counts_as_none(damage: Any) -> None:
    assert Coverage.of({**WEEK.document(), **damage} if isinstance(damage, dict) else damage, NOW) is None


def test_a_known_large_table_is_read_in_parts() -> None:
    assert planned(WEEK) == Plan((0,), keeps=True)


@pytest.mark.parametrize(
    ("known", "asked", "why"),
    [
        (WEEK, {"full": True}, "asks for all"),
        (WEEK, {"table": SMALL}, "of this size"),
        (None, {}, "not known"),
        (replace(WEEK, table="former"), {}, "table was made again"),
        (replace(WEEK, lake="former"), {}, "curated tables were made again"),
        (WEEK, {"lake": None}, "curated tables were made again"),
        (replace(WEEK, repeat="more orders differed"), {}, "more orders differed"),
        (WEEK, {"lists": ["run/0-00000.jsonl.gz"]}, "lists"),
        (replace(WEEK, parts=tuple(Part(NOW) for _ in range(PARTS))), {}, "lists"),
    ],
)
def test_all_orders_are_read_where_what_was_compared_before_does_not_count(
    known: Coverage | None, asked: Any, why: str
) -> None:
    plan = planned(known, **asked)
    assert why in plan.why_whole
    assert plan.parts == tuple(range(PARTS))
    assert plan.keeps is (asked.get("table") is not SMALL)


def test_never_more_is_read_than_a_scan_of_the_whole_table_reads() -> None:
    plan = Plan((0,), keeps=True)  # a seventh: 139,508 of 976,563 units
    assert afforded(plan, LARGE, 837_000) == plan
    assert "fewer read units" in afforded(plan, LARGE, 837_100).why_whole

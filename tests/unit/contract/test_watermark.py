"""The watermark is refused in every state in which it could hide an object, and names the folders that may hold one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sales_cdc.contract.watermark import DAMAGED, LATE_DAYS, Watermark, hour_of, ranges, reached, sound_note

NOW = datetime(2026, 11, 30, 12, 30, tzinfo=UTC)
MARK = Watermark(("2026-11-29", "13"), NOW - timedelta(hours=23), (("2026-01-01", "2026-11-29"),), "lake-1")


def folder(day: str, hour: str = "") -> str:
    return f"raw/orders/dt={day}/" + (f"hr={hour}/" if hour else "")


def test_a_watermark_is_read_as_it_was_written() -> None:
    assert Watermark.of(MARK.document() | {"run_id": "one"}, NOW) == MARK


@pytest.mark.parametrize(
    "damage",
    [
        None, [], {}, "text", {"hour": None}, {"hour": ["2026-13-01", "00"]}, {"hour": ["2026-11-29"]}, {"stored_at": "yesterday"},
        {"days": [["2026-01-01"]]}, {"days": [["x", "y"]]}, {"stored_at": "2026-11-29T13:00:00"},
        {"hour": ["20261129", "13"]}, {"hour": ["2026-W48-7", "13"]}, {"hour": ["2026-11-29", "13:00"]}, {"hour": "13"},
    ],
)  # fmt: skip
def test_a_damaged_watermark_is_none(damage: Any) -> None:
    assert Watermark.of(MARK.document() | damage if isinstance(damage, dict) and damage else damage, NOW) is None


@pytest.mark.parametrize(
    "damage",
    [
        [], "text", 7, {"hours": ["2026-11-29"]}, {"hours": [["20261129", "13"]]}, {"hours": 1}, {"days": ["29 November"]}, {"days": None},
        {"without_insert": [["a"]]},
    ],
)  # fmt: skip
def test_a_damaged_note_asks_for_everything(damage: Any) -> None:
    assert sound_note(damage) == DAMAGED


def test_a_note_is_taken_as_it_was_written() -> None:
    note = {"hours": [["2026-11-29", "13"]], "days": ["2026-11-28"], "without_insert": ["a"], "finished": False}
    assert sound_note(note) == note
    assert sound_note({"late": True, "hours": []}) == {"late": True, "hours": []}


@pytest.mark.parametrize("ahead", [{"hour": ["2026-12-01", "00"]}, {"stored_at": "2026-11-30T14:00:00+00:00"}])
def test_a_watermark_ahead_of_the_clock_is_none(ahead: dict[str, Any]) -> None:
    assert Watermark.of(MARK.document() | ahead, NOW) is None


def test_the_week_before_and_what_is_unknown_is_listed_and_late_hours() -> None:
    first = str((datetime(2026, 11, 29, tzinfo=UTC) - timedelta(days=LATE_DAYS)).date())
    recent = [folder(first), folder("2026-11-29"), folder("2026-11-30"), folder("2999-01-01")]
    unknown = [folder("2025-12-31"), "raw/orders/theirs/", "raw/orders/", "raw/orders/dt=2026-02-31/"]
    known = [folder("2026-01-01"), folder("2026-11-21")]
    assert MARK.to_list([*known, *recent, *unknown]) == [*recent, *unknown]
    assert MARK.to_list(known, [("2026-11-21", "04"), ("2026-11-20", "00")]) == [folder("2026-11-21", "04")]


def test_a_gap_between_the_days_is_unknown() -> None:
    gap = Watermark(MARK.hour, MARK.stored_at, ranges(["2026-01-01", "2026-01-03"]), "lake-1")
    assert gap.to_list([folder(f"2026-01-0{day}") for day in (1, 2, 3)]) == [folder("2026-01-02")]


def test_the_hour_that_is_reached_is_never_ahead_of_the_clock() -> None:
    hours = [("2026-11-30", "11"), ("2026-11-30", "12"), ("2026-11-30", "13"), ("2999-01-01", "00")]
    assert reached(hours, NOW) == ("2026-11-30", "12")
    assert reached(hours[3:], NOW) == ("2026-11-30", "12")
    assert reached(hours[:1], NOW) == ("2026-11-30", "11")


@pytest.mark.parametrize(
    "key", ["raw/orders/x.json", "raw/orders/dt=2026-02-31/hr=00/x.json", "raw/orders/dt=2026-01-01/x.json"]
)
def test_a_key_outside_of_hours_has_none(key: str) -> None:
    assert hour_of(key) is None

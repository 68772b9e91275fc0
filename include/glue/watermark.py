"""The watermark: up to which hour of ``raw/`` every object was taken and checked, and which folders may hold later ones.

The gate of a batch moves it, once it has passed, to what the batch's own job had listed. All times in it are S3's, never this machine's.
The plugin has this file by a link. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

LATE_DAYS = 7
"""A folder is listed for so many days after its own: Firehose tries for one to write an object under the hour of its first record.

Source: https://docs.aws.amazon.com/firehose/latest/dev/retry.html
"""
CLOCK_MARGIN = timedelta(hours=1)
"""By which an hour may be ahead of S3's clock before the watermark counts as wrong."""
_hour = re.compile(r"dt=(\d{4}-\d\d-\d\d)/hr=(\d\d)/").search
_day = re.compile(r"dt=(\d{4}-\d\d-\d\d)/$").search

Hour = tuple[str, str]


@dataclass(frozen=True)
class Watermark:
    """Hold how far every object is taken and checked.

    ``hour``: the newest, as day and hour of the folder, and no later than S3's clock. ``stored_at``: when the newest object was stored.
    ``days``: the day folders that there were, as ranges. ``lake``: of which orders_changes; another one was made since then.
    ``passed_by``: the run whose gate moved it.
    """

    hour: Hour
    stored_at: datetime
    days: tuple[tuple[str, str], ...]
    lake: str
    passed_by: str = field(default="", compare=False)

    @classmethod
    def of(cls, document: Any, now: datetime) -> Watermark | None:
        """Read its document; None when there is none, when it is damaged, or when it is ahead of S3's clock ``now``."""
        try:
            hour = hour_of("dt={}/hr={}/".format(*document["hour"]))
            if hour is None:
                return None
            found = cls(
                hour,
                datetime.fromisoformat(document["stored_at"]),
                tuple(
                    (str(date.fromisoformat(first)), str(date.fromisoformat(last))) for first, last in document["days"]
                ),
                str(document["lake"]),
                str(document.get("run_id", "")),
            )
            began = datetime.fromisoformat(f"{found.hour[0]}T{found.hour[1]}:00:00+00:00")
            ahead = max(began, found.stored_at) > now + CLOCK_MARGIN
        except (TypeError, ValueError, KeyError, IndexError):
            return None
        return None if ahead else found

    def document(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        days = [list(each) for each in self.days]
        return {"hour": list(self.hour), "stored_at": self.stored_at.isoformat(), "days": days, "lake": self.lake}

    def knows(self, day: str) -> bool:
        """Whether the day's folder was there, and takes no more objects by itself."""
        first = str(date.fromisoformat(self.hour[0]) - timedelta(days=LATE_DAYS))
        return day < first and any(begin <= day <= end for begin, end in self.days)

    def to_list(self, folders: Iterable[str], late: Collection[Hour] = ()) -> list[str]:
        """Return the folders, of those directly under ``raw/``, that may hold objects which nobody has taken.

        These are the days of the last week before its hour and after it, days that it does not know, whatever is no day, and late hours.
        """
        listed = []
        for folder in folders:
            day = day_of(folder)
            if day is None or not self.knows(day):
                listed.append(folder)
            else:
                listed += [f"{folder}hr={hour}/" for of, hour in sorted(late) if of == day]
        return listed


def hour_of(key: str) -> Hour | None:
    """Return day and hour of an object's folder; None when it is in none.

    >>> hour_of("raw/orders/dt=2026-01-31/hr=09/name.json")
    ('2026-01-31', '09')
    """
    found = _hour(key)
    return (found[1], found[2]) if found and _is_day(found[1]) else None


def day_of(folder: str) -> str | None:
    """Return the day of a folder ``…/dt=<day>/``; None when it is another folder."""
    found = _day(folder)
    return found[1] if found and _is_day(found[1]) else None


def ranges(days: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Join days that follow each other.

    >>> ranges(["2026-01-31", "2026-02-01", "2026-02-03"])
    (('2026-01-31', '2026-02-01'), ('2026-02-03', '2026-02-03'))
    """
    joined: list[tuple[str, str]] = []
    for day in sorted(set(days)):
        if joined and date.fromisoformat(joined[-1][1]) + timedelta(days=1) == date.fromisoformat(day):
            joined[-1] = (joined[-1][0], day)
        else:
            joined.append((day, day))
    return tuple(joined)


def reached(hours: Iterable[Hour], stored_at: datetime) -> Hour:
    """Return the newest hour that S3's clock had reached when the newest object was stored."""
    now = stored_at.astimezone(UTC)
    by_clock = (f"{now:%Y-%m-%d}", f"{now:%H}")
    return max((hour for hour in hours if hour <= by_clock), default=by_clock)


DAMAGED = {"damaged": True, "late": True, "finished": True}
"""Stands for a note that cannot be read: it may have named a late object."""


def sound_note(document: Any) -> dict[str, Any]:
    """Return a note of what a gate has to look at, or ``DAMAGED``."""
    try:
        hours = [hour_of(f"dt={day}/hr={hour}/") for day, hour in document.get("hours", [])]
        orders = [order for order in document.get("without_insert", []) if not isinstance(order, str)]
        is_sound = None not in hours and not orders and all(map(_is_day, document.get("days", [])))
    except (TypeError, ValueError, AttributeError):
        is_sound = False
    return document if is_sound else dict(DAMAGED)


def _is_day(text: str) -> bool:
    """Say whether a text is a day in the one form in which days sort as texts."""
    try:
        return str(date.fromisoformat(text)) == text
    except ValueError:
        return False

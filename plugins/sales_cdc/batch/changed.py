"""What has changed since the last batch whose gate passed, and the SQL that reads no more than that. Pure.

The watermark's hour and all later ones are always asked again; older hours and days are those that a run of the job, or of the redrive,
has noted, or whose objects were stored since then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sales_cdc.contract.bucket_keys import RAW_PREFIX
from sales_cdc.contract.watermark import Hour, Watermark, ranges

MAX_RANGES = 50
FIREHOSE_INTERVAL = timedelta(hours=1)
"""By which an object's hour may be before its change's: it is that of the first record in the object. Firehose waits for 15 minutes."""


@dataclass(frozen=True)
class Changed:
    """Hold what a batch's statements read.

    ``since``: an hour of ``raw/``, with all later ones. ``hours``: older hours of ``raw/``. ``days``: ranges of older days of changes.
    ``without_insert``: orders whose first change is no insert, as the job found when it took them.
    """

    since: Hour
    hours: tuple[Hour, ...] = ()
    days: tuple[tuple[str, str], ...] = ()
    without_insert: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> Changed | None:
        """Read what ``document`` returned; None when everything has to be asked."""
        if not document:
            return None
        hours = tuple((day, hour) for day, hour in document["hours"])
        day, hour = document["since"]
        days = tuple((first, last) for first, last in document["days"])
        return cls((day, hour), hours, days, tuple(document["without_insert"]))

    @classmethod
    def since_watermark(
        cls, watermark: Watermark | None, notes: Iterable[Mapping[str, Any]], hours: Iterable[Hour] = ()
    ) -> Changed | None:
        """Join what is after the watermark with what is noted; None without a watermark, or when a note is damaged."""
        noted = list(notes)
        if watermark is None or any(note.get("damaged") for note in noted):
            return None
        old = {*hours, *((day, hour) for note in noted for day, hour in note.get("hours", []))}
        days = {day for note in noted for day in note.get("days", [])}
        orders = {order for note in noted for order in note.get("without_insert", [])}
        since, older = watermark.hour, sorted(hour for hour in old if hour < watermark.hour)
        if len({day for day, _ in older}) > MAX_RANGES:
            since, older = older[0], []
        return cls(since, tuple(older), _bounded(day for day in days if day < since[0]), tuple(sorted(orders)))

    def document(self) -> dict[str, Any]:
        """Return it ready for JSON; its size is bounded."""
        return {
            "since": list(self.since),
            "hours": [list(hour) for hour in self.hours],
            "days": [list(days) for days in self.days],
            "without_insert": list(self.without_insert),
        }

    def raw(self) -> str:
        """SQL: a row of raw_orders is in a partition that has changed."""
        return self._raw(self.since, self.hours)

    def raw_since(self, moment: str | None) -> str:
        """SQL: a row of raw_orders is in the hour of a moment, in the one before, or in a later one; none without a moment."""
        if moment is None:
            return "false"
        first = datetime.fromisoformat(moment).astimezone(UTC) - FIREHOSE_INTERVAL
        return self._raw((f"{first:%Y-%m-%d}", f"{first:%H}"), ())

    @staticmethod
    def _raw(since: Hour, hours: Sequence[Hour]) -> str:
        day, hour = since
        of_days = {each: sorted(at for of, at in hours if of == each) for each, _ in hours}
        alone = [f"(dt = '{each}' AND hr IN ({texts(at)}))" for each, at in sorted(of_days.items())]
        return _either([f"dt > '{day}'", f"(dt = '{day}' AND hr >= '{hour}')", *alone])

    def times(self, column: str = "creation_time") -> str:
        """SQL: a timestamp is in a day of changes."""
        spans = [f"({column} >= {_midnight(first)} AND {column} < {_midnight(last, 1)})" for first, last in self.days]
        return _either([f"{column} >= {_midnight(self.since[0])}", *spans])

    def day_texts(self, column: str) -> str:
        """SQL: an ISO-8601 text is in a day of changes."""
        day = f"substr({column}, 1, 10)"
        spans = [f"{day} BETWEEN '{first}' AND '{last}'" for first, last in self.days]
        return _either([f"{day} >= '{self.since[0]}'", *spans])

    def objects(self, column: str) -> str:
        """SQL: the key of a raw object is in an hour that has changed, or in no hour."""
        folders = [f"{RAW_PREFIX}dt={day}/hr={hour}" for day, hour in self.hours]
        spans = [f"({column} >= '{folder}/' AND {column} < '{folder}0')" for folder in folders]  # 0 comes after /
        first = f"{column} >= '{RAW_PREFIX}dt={self.since[0]}/hr={self.since[1]}/'"
        return _either([first, f"{column} < '{RAW_PREFIX}dt='", *spans])

    @property
    def orders_without_insert(self) -> str:
        """SQL: the texts of a list; one that is no order's when there are none."""
        return texts(self.without_insert) or "NULL"


def _bounded(days: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the ranges that the days make; one that holds them all where there are too many."""
    joined = ranges(days)
    return joined if len(joined) <= MAX_RANGES else ((joined[0][0], joined[-1][1]),)


def _either(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions)})"


def texts(values: Iterable[str]) -> str:
    """SQL: the literals of texts, joined by commas."""
    return ", ".join("'{}'".format(value.replace("'", "''")) for value in values)


def _midnight(day: str, days_later: int = 0) -> str:
    later = date.fromisoformat(day) + timedelta(days=days_later)
    return f"TIMESTAMP '{later} 00:00:00'"

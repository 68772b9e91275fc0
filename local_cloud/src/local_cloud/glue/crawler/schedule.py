"""Parse Glue's cron expressions: ``cron(minutes hours day-of-month month day-of-week year)`` in UTC.

Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MONTHS = {
    name: i + 1
    for i, name in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"])
}
_DAYS = {name: i + 1 for i, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])}
LAST_YEAR = 2199


class ScheduleError(ValueError):
    """The text is no cron expression of AWS Glue."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed expression. Either ``days`` or ``weekdays`` is ``?``: no restriction."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    def matches(self, moment: datetime) -> bool:
        """Say whether the schedule fires in the minute of ``moment``."""
        return moment.minute in self.minutes and moment.hour in self.hours and self._on_day(moment)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first minute after ``moment`` in which it fires; None when it never fires again."""
        following = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        while following.year <= max(self.years):
            if not self._on_day(following):
                following = following.replace(hour=0, minute=0) + timedelta(days=1)
            elif following.hour not in self.hours:
                following = following.replace(minute=0) + timedelta(hours=1)
            elif following.minute not in self.minutes:
                following += timedelta(minutes=1)
            else:
                return following
        return None

    def _on_day(self, moment: datetime) -> bool:
        if moment.year not in self.years or moment.month not in self.months:
            return False
        return moment.day in _days_of_month(self.days, moment) and moment.day in _days_by_weekday(self.weekdays, moment)


def parse(expression: str) -> Schedule:
    """Read an expression.

    Raises:
        ScheduleError: it has not six fields, a value is out of range, or both days are given.
    """
    match = re.fullmatch(r"cron\((.+)\)", expression.strip())
    fields = match[1].split() if match else []
    if len(fields) != 6:
        raise ScheduleError(
            f"{expression!r} is not of the form cron(minutes hours day-of-month month day-of-week year)."
        )
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ScheduleError(f"{expression!r}: exactly one of day-of-month and day-of-week has to be '?'.")
    schedule = Schedule(
        _values(minutes, 0, 59),
        _values(hours, 0, 23),
        days,
        _values(months, 1, 12, _MONTHS),
        weekdays,
        _values(years, 1970, LAST_YEAR),
    )
    sample = datetime(2024, 1, 1, tzinfo=UTC)
    _days_of_month(days, sample)
    _days_by_weekday(weekdays, sample)
    return schedule


def _values(field: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    return frozenset(value for part in field.split(",") for value in _range(part, low, high, names or {}))


def _range(part: str, low: int, high: int, names: dict[str, int]) -> Iterable[int]:
    body, _, step = part.partition("/")
    first, _, last = body.partition("-")
    start = low if body == "*" else _number(first, low, high, names)
    end = high if body == "*" or (step and not last) else _number(last, low, high, names) if last else start
    if step and not (step.isdigit() and int(step) > 0):
        raise ScheduleError(f"{part!r}: the step has to be a number above 0.")
    return range(start, end + 1, int(step or 1))


def _number(text: str, low: int, high: int, names: dict[str, int]) -> int:
    value = names.get(text.upper(), int(text) if text.isdigit() else -1)
    if not low <= value <= high:
        raise ScheduleError(f"{text!r} is not between {low} and {high}.")
    return value


def _days_of_month(field: str, moment: datetime) -> frozenset[int]:
    """Return the days of the moment's month: ``L`` is the last, ``15W`` the weekday nearest to the 15th."""
    length = monthrange(moment.year, moment.month)[1]
    if field == "?":
        return frozenset(range(1, length + 1))
    if field == "L":
        return frozenset({length})
    if nearest := re.fullmatch(r"(\d{1,2})W", field):
        return frozenset({_nearest_weekday(_number(nearest[1], 1, 31, {}), length, moment)})
    return _values(field, 1, 31)


def _nearest_weekday(day: int, length: int, moment: datetime) -> int:
    day = min(day, length)
    weekday = moment.replace(day=day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < length else day - 2
    return day


def _days_by_weekday(field: str, moment: datetime) -> frozenset[int]:
    """Return the days that fall on a weekday (1 is Sunday): ``3#2`` is its second Tuesday, ``6L`` its last Friday."""
    length = monthrange(moment.year, moment.month)[1]
    by_weekday: dict[int, list[int]] = {number: [] for number in range(1, 8)}
    for day in range(1, length + 1):
        by_weekday[moment.replace(day=day).isoweekday() % 7 + 1].append(day)
    if field == "?":
        return frozenset(range(1, length + 1))
    if ordinal := re.fullmatch(r"(\w+)#([1-5])", field):
        return frozenset(by_weekday[_number(ordinal[1], 1, 7, _DAYS)][int(ordinal[2]) - 1 : int(ordinal[2])])
    if last := re.fullmatch(r"(\w+)L", field):
        return frozenset(by_weekday[_number(last[1], 1, 7, _DAYS)][-1:])
    numbers = {7} if field == "L" else _values(field, 1, 7, _DAYS)
    return frozenset(day for number in numbers for day in by_weekday[number])

"""Put the fields that a date format reads together to a moment, as Joda does.

Source: https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values.time_zones import Moment, in_zone

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
PIVOT = 1970  # of years with two digits: they are in the hundred years from it


def _words(name: str, words: list[str]) -> str:
    """Return the pattern of a word or its first three letters."""
    return f"(?P<{name}>{'|'.join([*words, *(word[:3] for word in words)])})"


FIELDS = {
    "year": r"(?P<year>\d{4})", "any_year": r"(?P<year>[+-]?\d{1,9}+)", "short_year": r"(?P<short_year>\d{2})", "month": r"(?P<month>\d{1,2}+)",
    "month_name": _words("month_name", MONTHS), "day": r"(?P<day>\d{1,2}+)", "hour": r"(?P<hour>\d{1,2}+)", "half_hour": r"(?P<half_hour>\d{1,2}+)",
    "minute": r"(?P<minute>\d{1,2}+)", "second": r"(?P<second>\d{1,2}+)", "fraction": r"(?P<fraction>\d{1,9}+)", "half": "(?P<half>AM|PM)",
    "year_day": r"(?P<year_day>\d{1,3}+)", "week_year": r"(?P<week_year>\d{4})", "week": r"(?P<week>\d{1,2}+)", "weekday_name": _words("weekday_name", DAYS),
    "weekday": r"(?P<weekday>\d)", "offset": r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)", "zone": r"(?P<zone>[A-Za-z][\w/+-]*|[+-]\d{2}:\d{2})",
}  # fmt: skip


def read(text: str, pattern: str) -> Moment:
    """Return the moment that a text with these fields means, in UTC unless it has a zone.

    Raises:
        QueryError: the text does not have the format, or there is no such moment.
    """
    match = re.fullmatch(pattern, text, re.IGNORECASE)
    if match is None:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Invalid format: "{text}"')
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    try:
        day, clock = _day(found), _clock(found)
        return in_zone(datetime(day.year, day.month, day.day) + clock, found.get("zone", "UTC"))  # noqa: DTZ001
    except (ValueError, OverflowError) as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Cannot parse "{text}": {error}') from error


def _day(found: dict[str, str]) -> date:
    year = int(found.get("year", 1970))
    if "short_year" in found:
        year = PIVOT + (int(found["short_year"]) - PIVOT) % 100
    weekday = _weekday(found)
    if "week_year" in found or "week" in found:
        return date.fromisocalendar(int(found.get("week_year", year)), int(found.get("week", 1)), weekday or 1)
    if "year_day" in found:
        number = int(found["year_day"])
        if not 1 <= number <= (date(year + 1, 1, 1) - date(year, 1, 1)).days:
            raise ValueError(
                f"Value {number} for dayOfYear must be in the range [1,{(date(year + 1, 1, 1) - date(year, 1, 1)).days}]"
            )
        day = date(year, 1, 1) + timedelta(days=number - 1)
    else:
        month = _number(found["month_name"], MONTHS) if "month_name" in found else int(found.get("month", 1))
        day = date(year, month, int(found.get("day", 1)))
    return day if weekday is None else day + timedelta(days=weekday - day.isoweekday())


def _weekday(found: dict[str, str]) -> int | None:
    if "weekday_name" in found:
        return _number(found["weekday_name"], DAYS)
    return int(found["weekday"]) if "weekday" in found else None


def _number(word: str, words: list[str]) -> int:
    return next(number for number, name in enumerate(words, 1) if name[:3].lower() == word[:3].lower())


def _clock(found: dict[str, str]) -> timedelta:
    hour, minute, second = (int(found.get(key, 0)) for key in ("hour", "minute", "second"))
    if "half_hour" in found:
        hour = int(found["half_hour"])
        if not 1 <= hour <= 12:
            raise ValueError(f"Value {hour} for clockhourOfHalfday must be in the range [1,12]")
        hour %= 12
    if found.get("half", "").upper() == "PM":
        hour = hour % 12 + 12
    for name, value, most in (("hourOfDay", hour, 23), ("minuteOfHour", minute, 59), ("secondOfMinute", second, 59)):
        if value > most:
            raise ValueError(f"Value {value} for {name} must be in the range [0,{most}]")
    milliseconds = int((found.get("fraction", "") + "000")[:3])
    return timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=milliseconds)

"""Read and write moments: ISO 8601, and MySQL's formats (date_format, date_parse).

Source: https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from local_cloud.athena.sql.in_python.parsed_times import FIELDS, read
from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values.time_zones import ZONED, Moment, in_zone

_ISO_DATE = r"(?P<year>\d{4})(?:-(?:(?P<month>\d{2})(?:-(?P<day>\d{2}))?|W(?P<week>\d{2})(?:-(?P<weekday>\d))?|(?P<year_day>\d{3})))?"
_ISO_CLOCK = r"(?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
_ISO = re.compile(rf"{_ISO_DATE}(?:T(?:{_ISO_CLOCK})?(?P<zone>Z|[+-]\d{{2}}(?::?\d{{2}})?)?)?")
_WRITTEN = {
    "Y": "{0.year:04}", "m": "{0:%m}", "d": "{0:%d}", "H": "{0:%H}", "i": "{0:%M}", "s": "{0:%S}", "S": "{0:%S}", "f": "{0:%f}", "y": "{0:%y}",
    "a": "{0:%a}", "b": "{0:%b}", "M": "{0:%B}", "W": "{0:%A}", "p": "{0:%p}", "h": "{0:%I}", "I": "{0:%I}", "j": "{0:%j}", "T": "{0:%H:%M:%S}",
    "r": "{0:%I:%M:%S %p}", "e": "{0.day}", "c": "{0.month}", "k": "{0.hour}", "v": "{0:%V}", "x": "{0:%G}", "%": "%",
}  # fmt: skip
_READ = {
    "Y": "year", "y": "short_year", "m": "month", "c": "month", "b": "month_name", "M": "month_name", "d": "day", "e": "day", "j": "year_day",
    "a": "weekday_name", "W": "weekday_name", "v": "week", "x": "week_year", "H": "hour", "k": "hour", "h": "half_hour", "I": "half_hour", "l": "half_hour",
    "i": "minute", "s": "second", "S": "second", "f": "fraction", "p": "half",
}  # fmt: skip
_UNKNOWN = "DUuVwX"


def iso_timestamp(text: str) -> Moment:
    match = _ISO.fullmatch(text)
    if match is None:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Invalid format: "{text}"')
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    try:
        day = _iso_day(found)
        clock = timedelta(milliseconds=int((found.get("fraction", "") + "000")[:3]))
        hour, minute, second = (int(found.get(field, 0)) for field in ("hour", "minute", "second"))
        moment = datetime(day.year, day.month, day.day, hour, minute, second) + clock  # noqa: DTZ001
        return in_zone(moment, found.get("zone", "UTC"))
    except (ValueError, OverflowError) as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Cannot parse "{text}": {error}') from error


def _iso_day(found: dict[str, str]) -> date:
    year = int(found["year"])
    if "week" in found:
        return date.fromisocalendar(year, int(found["week"]), int(found.get("weekday", 1)))
    if "year_day" in found:
        day = date(year, 1, 1) + timedelta(days=int(found["year_day"]) - 1)
        if day.year != year:
            raise ValueError("the year has no such day")
        return day
    return date(year, int(found.get("month", 1)), int(found.get("day", 1)))


def iso_date(text: str) -> date:
    match = re.fullmatch(_ISO_DATE, text)
    try:
        if match is None:
            raise ValueError(text)
        return _iso_day({key: value for key, value in match.groupdict().items() if value is not None})
    except ValueError as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Invalid format: "{text}"') from error


def date_format(moment: datetime, form: str) -> str:
    moment = to_the_millisecond(moment)
    return re.sub(r"%(.)", lambda match: _written(moment, match[1]), form, flags=re.DOTALL)


def to_the_millisecond(moment: datetime) -> datetime:
    """Return the moment as Trino's formats see it, rounded half up."""
    whole = moment.replace(microsecond=0)
    return whole + timedelta(milliseconds=(moment.microsecond + 500) // 1000)


def _written(moment: datetime, letter: str) -> str:
    if letter == "l":
        return str(moment.hour % 12 or 12)
    _check(letter)
    return _WRITTEN.get(letter, letter).format(moment)


def _check(letter: str) -> None:
    if letter in _UNKNOWN:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string")


def date_parse(text: str, form: str) -> datetime:
    moment: datetime = read(text, _pattern(form))["t"]
    return moment


@lru_cache(maxsize=256)
def _pattern(form: str) -> str:
    return "".join(
        _read(match[1]) if match[1] else re.escape(match[0]) for match in re.finditer(r"%(.)|.", form, re.DOTALL)
    )


def _read(letter: str) -> str:
    _check(letter)
    if letter == "T":
        return ":".join(FIELDS[field] for field in ("hour", "minute", "second"))
    if letter == "r":
        return ":".join(FIELDS[field] for field in ("half_hour", "minute", "second")) + " " + FIELDS["half"]
    return FIELDS[_READ[letter]] if letter in _READ else re.escape(letter)


def parse_duration(text: str) -> int:
    """Return the milliseconds of a duration such as ``1.5h``."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", text)
    units = {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
    if match is None or match[2] not in units:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"duration is not a valid data duration string: {text}")
    return round(float(match[1]) * units[match[2]])


def readable_seconds(seconds: float) -> str:
    """Write seconds as ``1 week, 2 days, 3 hours``."""
    if not math.isfinite(seconds):
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid argument found: {seconds}")
    rest = abs(math.floor(seconds + 0.5))
    parts: list[str] = []
    for name, size in (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count or (name == "second" and not parts):
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts)


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_iso_timestamp", iso_timestamp, ["VARCHAR"], ZONED),
    ("trino_iso_date", iso_date, ["VARCHAR"], "DATE"),
    ("trino_date_format", date_format, ["TIMESTAMP", "VARCHAR"], "VARCHAR"),
    ("trino_parse_duration", parse_duration, ["VARCHAR"], "BIGINT"),
    ("trino_readable_seconds", readable_seconds, ["DOUBLE"], "VARCHAR"),
    ("trino_date_parse", date_parse, ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
]

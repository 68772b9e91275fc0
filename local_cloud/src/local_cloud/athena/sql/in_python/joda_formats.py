"""Read and write moments in Joda's formats (format_datetime, parse_datetime).

Source: https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from local_cloud.athena.sql.in_python.parsed_times import FIELDS, read
from local_cloud.athena.sql.in_python.time_formats import to_the_millisecond
from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values.time_zones import ZONED, Moment, zone

_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "C": lambda moment: moment.year // 100, "w": lambda moment: moment.isocalendar().week, "e": lambda moment: moment.isoweekday(),
    "D": lambda moment: moment.timetuple().tm_yday, "d": lambda moment: moment.day, "K": lambda moment: moment.hour % 12,
    "h": lambda moment: moment.hour % 12 or 12, "H": lambda moment: moment.hour, "k": lambda moment: moment.hour or 24,
    "m": lambda moment: moment.minute, "s": lambda moment: moment.second, "M": lambda moment: moment.month,
}  # fmt: skip
_YEARS: dict[str, Callable[[datetime], int]] = {
    "Y": lambda moment: moment.year,
    "y": lambda moment: moment.year,
    "x": lambda moment: moment.isocalendar().year,
}
_READ = {
    "w": "week", "e": "weekday", "D": "year_day", "d": "day", "h": "half_hour", "H": "hour", "m": "minute", "s": "second", "a": "half", "E": "weekday_name",
}  # fmt: skip


@lru_cache(maxsize=256)
def _parts(form: str) -> tuple[str, ...]:
    """Return the runs of a letter, quoted texts and other texts of a format.

    Raises:
        QueryError: a quote is not closed, or a letter means nothing.
    """
    found = [match[0] for match in re.finditer(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+|'", form)]
    for part in found:
        if part == "'" or (part[0].isalpha() and part[0] not in "GCYxweEyDMdaKhHkmsSzZ"):
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Illegal pattern component: {part}")
    return tuple(found)


def format_datetime(moment: datetime, form: str, name: str) -> str:
    """Write a local time; ``name`` is its zone, empty when it has none."""
    moment = to_the_millisecond(moment)
    return "".join(_written(moment, part, name) for part in _parts(form))


def _written(moment: datetime, part: str, name: str) -> str:
    letter, count = part[0], len(part)
    if letter == "'":
        return _quoted(part)
    if not letter.isalpha():
        return part
    if letter in "zZ":
        return _zone_written(moment, part, name)
    if letter in _YEARS:
        year = _YEARS[letter](moment)
        return f"{year % 100:02}" if count == 2 else f"{year:0{count}}"
    if letter == "S":
        return f"{moment:%f}".ljust(count, "0")[:count]
    words = {"G": "AD", "a": f"{moment:%p}", "E": f"{moment:%A}" if count > 3 else f"{moment:%a}"}
    if letter == "M" and count > 2:
        return f"{moment:%B}" if count > 3 else f"{moment:%b}"
    return words[letter] if letter in words else f"{_NUMBERS[letter](moment):0{count}}"


def _quoted(part: str) -> str:
    return "'" if part == "''" else part[1:-1].replace("''", "'")


def _zone_written(moment: datetime, part: str, name: str) -> str:
    if not name:
        message = "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type does not contain TZ information"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
    if part[0] == "z":
        if name == "UTC":
            return "UTC" if len(part) < 4 else "Coordinated Universal Time"
        if name[0] in "+-":
            return name
        raise QueryError(
            "NOT_SUPPORTED", f"The date format '{part}' in {name} is not supported by the local cloud's Athena."
        )
    if len(part) > 2:
        return name
    offset = f"{moment.replace(tzinfo=zone(name)):%z}"
    return offset if len(part) == 1 else f"{offset[:3]}:{offset[3:]}"


def parse_datetime(text: str, form: str) -> Moment:
    return read(text, _pattern(form))


@lru_cache(maxsize=256)
def _pattern(form: str) -> str:
    return "".join(_read(part, form) for part in _parts(form))


def _read(part: str, form: str) -> str:
    letter, count = part[0], len(part)
    if letter == "'":
        return re.escape(_quoted(part))
    if not letter.isalpha():
        return re.escape(part)
    if letter in "Yy":
        return FIELDS["short_year" if count == 2 else "year" if count == 4 else "any_year"]
    if letter == "x":
        return FIELDS["week_year"]
    if letter == "M":
        return FIELDS["month_name" if count > 2 else "month"]
    if letter == "S":
        return rf"(?P<fraction>\d{{1,{count}}}+)"
    if letter == "Z":
        return FIELDS["offset" if count < 3 else "zone"]
    if letter not in _READ:
        raise QueryError("NOT_SUPPORTED", f"The date format '{form}' is not supported by the local cloud's Athena.")
    return FIELDS[_READ[letter]]


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_format_datetime", format_datetime, ["TIMESTAMP", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_parse_datetime", parse_datetime, ["VARCHAR", "VARCHAR"], ZONED),
]

"""Compute with instants in their zones: local times, units of the calendar, and texts with a zone.

A value with a zone of its own is a struct of its instant in UTC, ``t``, and the zone's name, ``z``.
Source: https://trino.io/docs/current/functions/datetime.html. Where clocks jump, Joda's rules hold: a time that does not exist is
moved forward, of a time that exists twice the first is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from local_cloud.athena.sql.raising import QueryError

ZONED = "STRUCT(t TIMESTAMP, z VARCHAR)"
Moment = dict[str, Any]
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")
_ZONED = re.compile(
    r"\s*([+-]?\d{4,}-\d{1,2}-\d{1,2})(?: (\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,12})?)?)?\s*([A-Za-z][\w/+-]*|[+-]\d{2}:?\d{2})?)?\s*"
)
_UNITS = {"millisecond": 1_000, "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


_UNKNOWN = frozenset({"EST", "HST", "MST", "FACTORY", "ETC/GREENWICH", "ETC/ZULU"})
"""Zones of the tz database that a real Trino 476 does not know; it was asked for every one."""


@lru_cache(maxsize=1024)
def zone_name(text: str) -> str:
    """Return the name that Trino shows of a zone.

    Raises:
        QueryError: Trino knows no such zone.
    """
    if text.upper() in {
        "Z",
        "UTC",
        "GMT",
        "UT",
        "+00:00",
        "-00:00",
        "ETC/UTC",
        "ETC/GMT",
        "ZULU",
        "ETC/UCT",
        "UCT",
        "GMT0",
    }:
        return "UTC"
    if text.upper() in _UNKNOWN:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone")
    match = _OFFSET.fullmatch(text)
    if match:
        hours, minutes = int(match[2]), int(match[3] or 0)
        if hours * 60 + minutes > 14 * 60 or minutes > 59:
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone")
        return f"{match[1]}{hours:02}:{minutes:02}" if hours or minutes else "UTC"
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone") from error


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """Return the zone of a name that ``zone_name`` gave."""
    match = _OFFSET.fullmatch(name)
    if match:
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
    return UTC if name == "UTC" else ZoneInfo(name)


def local_time(instant: datetime, name: str) -> datetime:
    return instant.replace(tzinfo=UTC).astimezone(zone(name)).replace(tzinfo=None)


def instant_of(local: datetime, name: str) -> datetime:
    return local.replace(tzinfo=zone(name), fold=0).astimezone(UTC).replace(tzinfo=None)


def exists(local: datetime, name: str) -> bool:
    """Say whether the zone's clocks ever show the time."""
    return local_time(instant_of(local, name), name) == local


def moment(instant: datetime, name: str) -> Moment:
    return {"t": instant, "z": name}


def in_zone(local: datetime, name: str) -> Moment:
    """Return a local time of the zone as a moment."""
    name = zone_name(name)
    return moment(instant_of(local, name), name)


def at_zone(instant: datetime, name: str) -> Moment:
    return moment(instant, zone_name(name))


def parsed(text: str, default: str = "UTC") -> tuple[datetime, str] | None:
    """Return the local time and the zone of ``2020-02-29 10:11:12.5 Europe/Vienna``; None when the text is none.

    The time is to the microsecond, rounded half up.
    """
    match = _ZONED.fullmatch(text)
    local = _from_parts(match[1], match[2]) if match else None
    if match is None or local is None:
        return None
    try:
        return local, zone_name(match[3]) if match[3] else default
    except QueryError:
        return None


def _from_parts(day: str, clock: str | None) -> datetime | None:
    match = re.fullmatch(r"([+-]?\d+)-(\d+)-(\d+)", day)
    if match is None:
        return None
    hour, minute, second = [*((clock or "0:00").split(":")), "0"][:3]
    whole, _, fraction = second.partition(".")
    micros = int((fraction + "0000000")[:7])
    try:
        start = datetime(int(match[1]), int(match[2]), int(match[3]), int(hour), int(minute), int(whole))  # noqa: DTZ001
    except ValueError:
        return None
    return start + timedelta(microseconds=(micros + 5) // 10)


def zoned_timestamp(text: str) -> Moment | None:
    """Compute ``CAST(text AS timestamp with time zone)``; None when the text is none, or the zone's clocks jump over it."""
    found = parsed(text)
    return in_zone(*found) if found is not None and exists(*found) else None


def timestamp(text: str) -> datetime | None:
    """Compute ``CAST(text AS timestamp)``, which leaves out a zone; None when the text is none."""
    found = parsed(text)
    return None if found is None else found[0]


def truncated(instant: datetime, name: str, unit: str) -> datetime:
    """Return the instant at which a unit of the local calendar began."""
    local = local_time(instant, name)
    start = _start(local, unit)
    if unit in _UNITS:
        return instant - (local - start)
    return instant_of(start, name)


def _start(local: datetime, unit: str) -> datetime:
    if unit in _UNITS:
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        passed = (local - midnight) // timedelta(microseconds=1)
        return midnight + timedelta(microseconds=passed - passed % _UNITS[unit])
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "day":
        return day
    months = _MONTHS[unit]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def added(instant: datetime, name: str, unit: str, amount: int) -> datetime:
    """Return the instant a number of units later; days and longer units keep the local time of day."""
    if unit in _UNITS:
        return instant + timedelta(microseconds=amount * _UNITS[unit])
    local = local_time(instant, name)
    if unit in {"day", "week"}:
        return instant_of(local + timedelta(days=amount * (7 if unit == "week" else 1)), name)
    return instant_of(months_later(local, amount * _MONTHS[unit]), name)


def months_later(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    last = (datetime(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day  # noqa: DTZ001
    return local.replace(year=year, month=month + 1, day=min(local.day, last))


def difference(first: datetime, second: datetime, name: str, unit: str) -> int:
    """Return the whole units between two instants, cut off towards zero."""
    if unit in _UNITS:
        micros = (second - first) // timedelta(microseconds=1)
        return abs(micros) // _UNITS[unit] * (1 if micros >= 0 else -1)
    if first > second:
        return -difference(second, first, name, unit)
    a, b = local_time(first, name), local_time(second, name)
    if unit in {"day", "week"}:
        return (b - a).days // (7 if unit == "week" else 1)
    months = (b.year - a.year) * 12 + b.month - a.month
    if months_later(a, months) > b:
        months -= 1
    return months // _MONTHS[unit]


def iso_offset(instant: datetime, name: str) -> str:
    """Return the offset at an instant as ISO 8601 writes it."""
    shown = f"{instant.replace(tzinfo=UTC).astimezone(zone(name)):%z}"
    return "Z" if int(shown) == 0 else f"{shown[:3]}:{shown[3:]}"


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_timestamp", timestamp, ["VARCHAR"], "TIMESTAMP"),
    ("trino_zoned_timestamp", zoned_timestamp, ["VARCHAR"], ZONED),
    ("trino_local_time", local_time, ["TIMESTAMP", "VARCHAR"], "TIMESTAMP"),
    ("trino_instant", instant_of, ["TIMESTAMP", "VARCHAR"], "TIMESTAMP"),
    ("trino_in_zone", in_zone, ["TIMESTAMP", "VARCHAR"], ZONED),
    ("trino_at_zone", at_zone, ["TIMESTAMP", "VARCHAR"], ZONED),
    ("trino_iso_offset", iso_offset, ["TIMESTAMP", "VARCHAR"], "VARCHAR"),
    ("trino_zoned_trunc", truncated, ["TIMESTAMP", "VARCHAR", "VARCHAR"], "TIMESTAMP"),
    ("trino_zoned_add", added, ["TIMESTAMP", "VARCHAR", "VARCHAR", "BIGINT"], "TIMESTAMP"),
    ("trino_zoned_diff", difference, ["TIMESTAMP", "TIMESTAMP", "VARCHAR", "VARCHAR"], "BIGINT"),
]

"""Read and write moments: ISO 8601, MySQL's formats (date_format, date_parse) and Joda's (format_datetime).

Source: https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from local_cloud.athena.sql.raising import QueryError

_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:T(?:(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_ZONED = re.compile(
    r"\s*(\d{4}-\d{1,2}-\d{1,2})(?: (\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,12})?)?)?\s*([A-Za-z][\w/+-]*|[+-]\d{2}:?\d{2})?)?\s*"
)
_WRITTEN = {
    "Y": "{0.year:04}", "m": "{0:%m}", "d": "{0:%d}", "H": "{0:%H}", "i": "{0:%M}", "s": "{0:%S}", "S": "{0:%S}", "f": "{0:%f}", "y": "{0:%y}",
    "a": "{0:%a}", "b": "{0:%b}", "M": "{0:%B}", "W": "{0:%A}", "p": "{0:%p}", "h": "{0:%I}", "I": "{0:%I}", "j": "{0:%j}", "T": "{0:%H:%M:%S}",
    "r": "{0:%I:%M:%S %p}", "e": "{0.day}", "c": "{0.month}", "k": "{0.hour}", "v": "{0:%V}", "x": "{0:%G}", "%": "%",
}  # fmt: skip
_READ = {
    "Y": r"(?P<year>\d{4})", "m": r"(?P<month>\d{1,2}+)", "c": r"(?P<month>\d{1,2}+)", "d": r"(?P<day>\d{1,2}+)", "e": r"(?P<day>\d{1,2}+)",
    "H": r"(?P<hour>\d{1,2}+)", "k": r"(?P<hour>\d{1,2}+)", "i": r"(?P<minute>\d{1,2}+)", "s": r"(?P<second>\d{1,2}+)", "S": r"(?P<second>\d{1,2}+)",
    "f": r"(?P<fraction>\d{1,9}+)", "T": r"(?P<hour>\d{1,2}+):(?P<minute>\d{1,2}+):(?P<second>\d{1,2}+)", "%": "%",
}  # fmt: skip
_JODA = {"yyyy": "Y", "YYYY": "Y", "MM": "m", "M": "c", "dd": "d", "d": "e", "HH": "H", "H": "k", "mm": "i", "ss": "s"}
_JODA_WRITTEN = {
    **{joda: _WRITTEN[letter] for joda, letter in _JODA.items()},
    "yy": "{0:%y}",
    "MMM": "{0:%b}",
    "MMMM": "{0:%B}",
    "EEE": "{0:%a}",
    "EEEE": "{0:%A}",
    "hh": "{0:%I}",
    "a": "{0:%p}",
}


def _zone(text: str) -> timezone | ZoneInfo:
    if text in {"Z", "UTC", ""}:
        return UTC
    match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})?", text)
    if match:
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone") from error


def _instant(moment: datetime, given: str, wanted: str) -> datetime:
    """Return the instant in UTC; its zone must be the column's."""
    zone = _zone(given)
    aware = moment.replace(tzinfo=zone)
    if aware.utcoffset() != moment.replace(tzinfo=_zone(wanted)).utcoffset():
        raise QueryError(
            "NOT_SUPPORTED",
            f"A column of timestamps with time zone '{given}' next to '{wanted}' is not supported by the local cloud's Athena.",
        )
    return aware.astimezone(UTC).replace(tzinfo=None)


def iso_timestamp(text: str, zone: str) -> datetime:
    match = _ISO.fullmatch(text)
    if match is None:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Invalid format: "{text}"')
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, _milliseconds(match[7] or "") * 1000)  # noqa: DTZ001
    except ValueError as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Cannot parse "{text}": {error}') from error
    return _instant(moment, match[8] or "Z", zone)


def _milliseconds(fraction: str) -> int:
    return int((fraction + "000")[:3])


def iso_date(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is None:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Invalid format: "{text}"') from error


def timestamp(text: str) -> datetime | None:
    """Return a timestamp without zone to the microsecond; None when the text is none."""
    match = _ZONED.fullmatch(text)
    if match is None or match[3]:
        return None
    return _from_parts(match[1], match[2])


def zoned_timestamp(text: str, zone: str) -> datetime | None:
    match = _ZONED.fullmatch(text)
    moment = _from_parts(match[1], match[2]) if match else None
    return None if moment is None or match is None else _instant(moment, match[3] or "UTC", zone)


def _from_parts(day: str, clock: str | None) -> datetime | None:
    year, month, number = (int(part) for part in day.split("-"))
    hour, minute, second = [*((clock or "0:00").split(":")), "0"][:3]
    whole, _, fraction = second.partition(".")
    micros = int((fraction + "0000000")[:7])
    try:
        moment = datetime(year, month, number, int(hour), int(minute), int(whole))  # noqa: DTZ001
    except ValueError:
        return None
    return moment + timedelta(microseconds=(micros + 5) // 10)


def date_format(moment: datetime, form: str, zone: str) -> str:
    del zone
    moment = _to_the_millisecond(moment)
    return re.sub(r"%(.)", lambda match: _written(moment, match[1]), form)


def _to_the_millisecond(moment: datetime) -> datetime:
    """Return the moment as Trino's formats see it, rounded half up."""
    whole = moment.replace(microsecond=0)
    return whole + timedelta(milliseconds=(moment.microsecond + 500) // 1000)


def _written(moment: datetime, letter: str) -> str:
    if letter == "l":
        return str(moment.hour % 12 or 12)
    if letter in "DUuVwX":
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string")
    return _WRITTEN.get(letter, letter).format(moment)


def date_parse(text: str, form: str) -> datetime:
    parts = [
        _READ.get(match[1]) if match[1] else re.escape(match[0]) for match in re.finditer(r"%(.)|[^%]", form, re.DOTALL)
    ]
    if any(part is None for part in parts):
        raise QueryError("NOT_SUPPORTED", f"The date format '{form}' is not supported by the local cloud's Athena.")
    return _read(text, "".join(part for part in parts if part is not None))


def _read(text: str, pattern: str) -> datetime:
    match = re.fullmatch(pattern, text)
    if match is None:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Invalid format: "{text}" is malformed or too short')
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    fraction = found.pop("fraction", "")
    zone = found.pop("zone", "Z")
    numbers = {"year": 1970, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0} | {
        key: int(value) for key, value in found.items()
    }
    try:
        return _instant(datetime(**numbers, microsecond=_milliseconds(fraction) * 1000), zone, "UTC")  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f'Cannot parse "{text}": {error}') from error


def _joda_parts(form: str) -> list[str]:
    return re.findall(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+", form) and [
        match[0] for match in re.finditer(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+", form)
    ]


def format_datetime(moment: datetime, form: str, zone: str) -> str:
    moment = _to_the_millisecond(moment)
    return "".join(_joda_written(moment, part, zone, form) for part in _joda_parts(form))


def _joda_written(moment: datetime, part: str, zone: str, form: str) -> str:
    if part.startswith("'"):
        return "'" if part == "''" else part[1:-1].replace("''", "'")
    if not part[0].isalpha():
        return part
    if set(part) == {"S"} and len(part) <= 6:
        return f"{moment:%f}"[: len(part)]
    if part in {"ZZ", "Z"} and zone == "UTC":
        return "+00:00" if part == "ZZ" else "+0000"
    if part == "D":
        return str(moment.timetuple().tm_yday)
    if part not in _JODA_WRITTEN:
        raise QueryError("NOT_SUPPORTED", f"The date format '{form}' is not supported by the local cloud's Athena.")
    return _JODA_WRITTEN[part].format(moment)


def parse_datetime(text: str, form: str) -> datetime:
    pattern = ""
    for part in _joda_parts(form):
        if part.startswith("'"):
            pattern += re.escape("'" if part == "''" else part[1:-1].replace("''", "'"))
        elif not part[0].isalpha():
            pattern += re.escape(part)
        elif part in _JODA:
            pattern += _READ[_JODA[part]]
        elif set(part) == {"S"}:
            pattern += rf"(?P<fraction>\d{{1,{len(part)}}}+)"
        elif part in {"Z", "ZZ"}:
            pattern += r"(?P<zone>Z|[+-]\d{2}:?\d{2})"
        else:
            raise QueryError("NOT_SUPPORTED", f"The date format '{form}' is not supported by the local cloud's Athena.")
    return _read(text, pattern)


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_iso_timestamp", iso_timestamp, ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
    ("trino_iso_date", iso_date, ["VARCHAR"], "DATE"),
    ("trino_timestamp", timestamp, ["VARCHAR"], "TIMESTAMP"),
    ("trino_zoned_timestamp", zoned_timestamp, ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
    ("trino_date_format", date_format, ["TIMESTAMP", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_format_datetime", format_datetime, ["TIMESTAMP", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_date_parse", date_parse, ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
    ("trino_parse_datetime", parse_datetime, ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
]

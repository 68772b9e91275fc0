"""Decode single values of delimited text as Trino's reader of Hive's text files does; what is none of its type is NULL.

A fraction in a column of integers is cut off. Dates and times are lenient: the 32nd of a month is the first of the next one.
Source: what Trino 476 reads, https://github.com/trinodb/trino/tree/476/lib/trino-hive-formats
"""

from __future__ import annotations

import base64
import re

import duckdb

from local_cloud.athena import quoting
from local_cloud.athena.errors import not_supported
from local_cloud.athena.types import Type, duckdb_name

_BINARY = "lazy_simple_binary"
_DIGITS = "([0-9]+[.]?[0-9]*|[.][0-9]+)"
_DAY = "^ *([0-9]{1,6})-([0-9]{1,4})-([0-9]{1,4})"
_TIME = "[ T]([0-9]{1,3}):([0-9]{1,3}):([0-9]{1,3})([.][0-9]{0,9})? *$"
_UNREAD = "''' || {source} || ''' of delimited text as {kind} is not supported by the local cloud''s Athena.'"


def scalar(source: str, kind: Type) -> str:
    """Return SQL of the value of the text ``source``.

    Raises:
        QueryFailedError: no such column type can be read.
    """
    if kind.is_integer:
        return _integer(source, duckdb_name(kind))
    if kind.name == "decimal":
        return _where(source, f"[-+]?{_DIGITS}([eE][-+]?[0-9]+)?", f"TRY_CAST({source} AS {duckdb_name(kind)})")
    if kind.name in {"real", "double"}:
        return _floating(source, kind)
    if kind.name == "date":
        return _refusing(source, "date", "^ *-[0-9]", _where(source, f"{_DAY}( .*)?$", f"CAST({_day(source)} AS DATE)"))
    if kind.name == "timestamp":
        moment = f"date_trunc('milliseconds', {_day(source)} + {_time_of_day(source)})"
        return _refusing(source, "timestamp", "^ *-[0-9]", _where(source, _DAY + _TIME, moment))
    if kind.name == "varbinary":
        return f"{_BINARY}({source})"
    raise not_supported(f"A column of type {kind}")


def _where(source: str, pattern: str, value: str) -> str:
    whole = pattern if pattern.startswith("^") else f"^{pattern}$"
    return f"(CASE WHEN regexp_matches({source}, {quoting.text(whole)}) THEN {value} END)"


def _refusing(source: str, kind: str, pattern: str, value: str) -> str:
    """Return SQL that fails for texts that Trino reads and this does not."""
    failure = quoting.fail("NOT_SUPPORTED", "'The text " + _UNREAD.format(source=source, kind=kind))
    return f"(CASE WHEN regexp_matches({source}, {quoting.text(pattern)}) THEN {failure} ELSE {value} END)"


def _integer(source: str, name: str) -> str:
    cut = f"TRY_CAST(trunc(TRY_CAST({source} AS DECIMAL(38,12))) AS {name})"
    short = f"regexp_matches({source}, '^[-+]?[0-9]{{1,19}}$')"
    return f"(CASE WHEN {short} THEN TRY_CAST({source} AS {name}) ELSE {_where(source, f'[-+]?{_DIGITS}', cut)} END)"


def _floating(source: str, kind: Type) -> str:
    """Decode what Java's ``Double.parseDouble`` takes: spaces around it, and a letter for its type behind it."""
    number = f"^\\s*[-+]?(NaN|Infinity|{_DIGITS}([eE][-+]?[0-9]+)?)[dDfF]?\\s*$"
    value = f"TRY_CAST(regexp_replace(trim({source}), '[dDfF]$', '') AS {duckdb_name(kind)})"
    return _refusing(source, str(kind), "^\\s*[-+]?0[xX]", _where(source, number, value))


def _day(source: str) -> str:
    year, month, day = (f"CAST(regexp_extract({source}, '{_DAY}', {group}) AS INTEGER)" for group in (1, 2, 3))
    return f"(make_date({year}, 1, 1) + to_months({month} - 1) + to_days({day} - 1))"


def _time_of_day(source: str) -> str:
    whole = _DAY + _TIME
    parts = [f"TRY_CAST(regexp_extract({source}, '{whole}', {group}) AS INTEGER)" for group in (4, 5, 6)]
    fraction = f"coalesce(TRY_CAST('0' || regexp_extract({source}, '{whole}', 7) AS DECIMAL(10,9)), 0)"
    seconds = f"CAST(({parts[0]} * 3600 + {parts[1]} * 60 + {parts[2]}) AS BIGINT)"
    return f"to_microseconds({seconds} * 1000000 + CAST(floor({fraction} * 1000000) AS BIGINT))"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection the function that decodes bytes."""
    connection.create_function(_BINARY, _bytes, ["VARCHAR"], "BLOB", null_handling="special")


def _bytes(text: str | None) -> bytes | None:
    """Decode base64 as Hive does: what has other characters is the bytes themselves, and half a byte at the end is left out."""
    if text is None:
        return None
    if not re.fullmatch(r"[A-Za-z0-9+/_\-=\s]*", text):
        return text.encode()
    digits = re.sub(r"\s", "", text).partition("=")[0].translate(str.maketrans("-_", "+/"))
    digits = digits[:-1] if len(digits) % 4 == 1 else digits
    return base64.b64decode(digits + "=" * (-len(digits) % 4))

"""Compile values to text, and instants to their local time."""

from __future__ import annotations

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.zones import zone_of, zoned
from local_cloud.athena.types import Type, decimal, duckdb_name


def shown_timestamp(sql: str, digits: int) -> str:
    rest = f"strftime({sql}, '{'-%m-%d %H:%M:%S' if digits == 0 else '-%m-%d %H:%M:%S.%f'}')"
    return _with_year(sql, rest if digits in {0, 6} else f"left({rest}, {16 + digits})")


def _with_year(sql: str, rest: str) -> str:
    """Return the year and the rest of a date. A year of more than four digits has a sign, and there is a year 0."""
    year = f"year({sql})"
    return (
        f"(CASE WHEN {year} BETWEEN 0 AND 9999 THEN lpad(CAST({year} AS VARCHAR), 4, '0') WHEN {year} > 9999 THEN '+' || {year} "
        f"ELSE '-' || lpad(CAST(-{year} AS VARCHAR), 4, '0') END || {rest})"
    )


def shown_time(sql: str, digits: int) -> str:
    """Return a time of day with so many digits of a second."""
    text = f"strftime(DATE '2000-01-01' + {sql}, '{'%H:%M:%S' if digits == 0 else '%H:%M:%S.%f'}')"
    return text if digits in {0, 6} else f"left({text}, {9 + digits})"


def decimal_text(value: Typed) -> str:
    """Return a decimal with a digit before its point, which DuckDB leaves out when the type has none."""
    kind = value.type
    if kind.precision > kind.scale:
        return f"CAST({value.sql} AS VARCHAR)"
    if kind.precision < 38:
        return f"CAST(CAST({value.sql} AS {duckdb_name(decimal(kind.precision + 1, kind.scale))}) AS VARCHAR)"
    return f"regexp_replace(CAST({value.sql} AS VARCHAR), '^(-?)[.]', '\\10.')"


def padded(value: Typed) -> str:
    """Return a text with the last spaces of a char."""
    return f"rpad({value.sql}, {value.type.numbers[0]}, ' ')" if value.type.name == "char" else value.sql


def text_of(value: Typed) -> str:
    """Compile ``CAST(value AS VARCHAR)``."""
    source = value.type
    if source.is_text:
        return padded(value)
    if source.name in {"date", "time"} or source.name.startswith(("timestamp", "interval")):
        return _time_text(value)
    if source.name == "decimal":
        return decimal_text(value)
    if source.is_integer or source.name == "boolean":
        return f"CAST({value.sql} AS VARCHAR)"
    if source.name in {"double", "real"}:
        return f"trino_floating_text(CAST({value.sql} AS VARCHAR))"
    if source.name == "uuid":
        return value.sql
    raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {source} to varchar")


def _time_text(value: Typed) -> str:
    source = value.type
    if source.name == "date":
        return _with_year(value.sql, f"strftime({value.sql}, '-%m-%d')")
    if source.name == "time":
        return shown_time(value.sql, source.numbers[0])
    if source.name == "timestamp":
        return shown_timestamp(value.sql, source.numbers[0])
    if source.name == "timestamp with time zone":
        return f"({shown_timestamp(zoned(value), source.numbers[0])} || ' ' || {zone_of(value)})"
    return f"trino_shown_interval({value.sql}, {quoting.text(source.name)})"


def element_variable(letter: str, kind: Type) -> str:
    """Return a lambda's variable for the elements of ``kind``. Nested ones differ, equal expressions have equal names."""
    return f"{letter}{_depth(kind)}"


def _depth(kind: Type) -> int:
    return 1 + max(map(_depth, kind.parts)) if kind.parts else 0


def leaves_as_text(value: Typed) -> str:
    """Return a nested value with every leaf as text."""
    kind = value.type
    if kind.name == "array":
        item = element_variable("e", kind)
        return f"list_transform({value.sql}, lambda {item}: {leaves_as_text(Typed(item, kind.element))})"
    if kind.name == "map":
        key, item = element_variable("k", kind), element_variable("v", kind)
        keys, values = leaves_as_text(Typed(key, kind.parts[0])), leaves_as_text(Typed(item, kind.parts[1]))
        pairs = f"list_zip(list_transform(map_keys({value.sql}), lambda {key}: {keys}), list_transform(map_values({value.sql}), lambda {item}: {values}))"
        return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE {pairs} END)"  # DuckDB gives an absent map's keys as []
    if kind.name == "row":
        fields = ", ".join(
            f"f{i} := {leaves_as_text(Typed(f'({value.sql}).f{i}', part))}" for i, part in enumerate(kind.parts)
        )
        return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE struct_pack({fields}) END)"
    if kind.name in {"double", "real"}:
        return f"CAST({value.sql} AS VARCHAR)"
    if kind.name == "varbinary":
        return f"hex({value.sql})"
    return value.sql if kind.name in {"json", "unknown"} else text_of(value)

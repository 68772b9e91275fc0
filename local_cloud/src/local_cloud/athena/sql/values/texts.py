"""Compile values to text, and instants to their local time."""

from __future__ import annotations

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.types import VARCHAR, Type, decimal, duckdb_name


def zoned(value: Typed) -> str:
    """Return the local time of an instant in its zone."""
    if value.type.zone == "UTC":
        return value.sql
    return f"timezone({quoting.text(value.type.zone)}, timezone('UTC', {value.sql}))"


def shown_timestamp(sql: str, digits: int) -> str:
    if digits == 0:
        return _of_four_digits(sql, f"strftime({sql}, '%Y-%m-%d %H:%M:%S')")
    text = f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%f')"
    return _of_four_digits(sql, text if digits == 6 else f"left({text}, {20 + digits})")


def _of_four_digits(sql: str, text: str) -> str:
    """Return ``text`` where the year has four digits; DuckDB shows other years in a way of its own."""
    fail = raising(
        "NOT_SUPPORTED", "A year before 1 or after 9999 is not supported by the local cloud''s Athena.", VARCHAR
    )
    return f"(CASE WHEN year({sql}) NOT BETWEEN 1 AND 9999 THEN {fail} ELSE {text} END)"


def decimal_text(value: Typed) -> str:
    """Return a decimal with a digit before its point, which DuckDB leaves out when the type has none."""
    kind = value.type
    if kind.precision > kind.scale:
        return f"CAST({value.sql} AS VARCHAR)"
    if kind.precision < 38:
        return f"CAST(CAST({value.sql} AS {duckdb_name(decimal(kind.precision + 1, kind.scale))}) AS VARCHAR)"
    return f"regexp_replace(CAST({value.sql} AS VARCHAR), '^(-?)[.]', '\\10.')"


def text_of(value: Typed) -> str:
    """Compile ``CAST(value AS VARCHAR)``."""
    source = value.type
    if source.is_text or source.name == "uuid":
        return value.sql
    if source.name == "decimal":
        return decimal_text(value)
    if source.is_integer or source.name == "boolean":
        return f"CAST({value.sql} AS VARCHAR)"
    if source.name == "date":
        return _of_four_digits(value.sql, f"CAST({value.sql} AS VARCHAR)")
    if source.name in {"double", "real"}:
        return f"trino_floating_text(CAST({value.sql} AS VARCHAR))"
    if source.name == "timestamp":
        return shown_timestamp(value.sql, source.numbers[0])
    if source.name == "timestamp with time zone":
        return f"({shown_timestamp(zoned(value), source.numbers[0])} || ' {source.zone}')"
    raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {source} to varchar")


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

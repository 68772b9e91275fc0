"""Coerce and cast between Trino's types, and fail as each cast does.

Source: https://trino.io/docs/current/functions/conversion.html
"""

from __future__ import annotations

import re

from local_cloud.athena import quoting
from local_cloud.athena.coercions import common_type
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.json_text import structure
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.texts import element_variable, leaves_as_text, text_of, zoned
from local_cloud.athena.types import BOOLEAN, INTEGERS, Type, duckdb_name

_INTEGER_TEXT = "[-+]?[0-9]+"
_DOUBLE_TEXT = r"\s*[-+]?(NaN|Infinity|([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?)[dDfF]?\s*"
_TIME_TEXT = r"(?: ([0-9]{1,2}:[0-9]{1,2}(?::[0-9]{1,2}(?:[.][0-9]{1,12})?)?)?)"


def can_coerce(source: Type, target: Type) -> bool:
    """Say whether Trino accepts ``source`` where ``target`` is wanted, without a cast."""
    if source == target or source.name == "unknown":
        return True
    if source.is_text and target.name == "varchar":
        return not target.numbers or bool(source.numbers and source.numbers[0] <= target.numbers[0])
    common = common_type(source, target)
    return common is not None and (
        common == target or (common.name == target.name == "decimal" and target.precision == 38)
    )


def can_assign(source: Type, target: Type) -> bool:
    """Say whether INSERT and UPDATE accept ``source`` for a column of ``target``. A value that does not fit fails them."""
    return can_coerce(source, target) or (source.is_text and target.is_text) or (source.is_exact and target.is_exact)


def assigned(value: Typed, target: Type) -> Typed:
    """Return the value for a column of ``target``; no text is cut off but its last spaces."""
    source = value.type
    if not (source.is_text and target.numbers) or (source.numbers and source.numbers[0] <= target.numbers[0]):
        return cast(value, target)
    message = f"Cannot truncate non-space characters when casting from {source} to {target} on INSERT"
    long = f"length(rtrim({value.sql}, ' ')) > {target.numbers[0]}"
    fail = raising("INVALID_CAST_ARGUMENT", message, target)
    return Typed(f"(CASE WHEN {long} THEN {fail} ELSE {cast(value, target).sql} END)", target)


def coerce(value: Typed, target: Type) -> Typed:
    """Return the value as ``target``, which it can be coerced to."""
    if value.type == target or (value.type.is_text and target.is_text):
        return Typed(value.sql, target)
    if value.type.name == "unknown":
        return Typed(f"CAST({value.sql} AS {duckdb_name(target)})", target)
    if duckdb_name(value.type) == duckdb_name(target):
        return Typed(value.sql, target)
    if value.type.name == "timestamp" and target.name == "timestamp with time zone" and target.zone != "UTC":
        raise not_supported(f"A coercion of {value.type} to a zone other than UTC")
    if value.type.name in {"array", "map", "row"}:
        return Typed(_nested(value, target), target)
    return Typed(f"CAST({value.sql} AS {duckdb_name(target)})", target)


def cast(value: Typed, target: Type) -> Typed:
    """Compile ``CAST(value AS target)``.

    Raises:
        QueryFailedError: Trino has no such cast, or it cannot be done exactly here.
    """
    source = value.type
    if source == target and source.zone == target.zone:
        return Typed(value.sql, target)
    if source.name == "unknown":
        return Typed(f"CAST(NULL AS {duckdb_name(target)})", target)
    if target.name == "json" and _has_json_form(source):
        return Typed(f"trino_to_json({_as_text(value)}, {quoting.text(str(source))})", target)
    if source.name == "json":
        return _from_json(value, target)
    if target.is_text:
        return _to_text(value, target)
    found = _scalar_cast(value, target)
    if found is None and {source.name, target.name} <= {"array", "map", "row"} and source.name == target.name:
        found = _nested(value, target)
    if found is None:
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    return Typed(found, target)


def _has_json_form(kind: Type) -> bool:
    """Say whether Trino casts the type to JSON."""
    if kind.parts:
        return all(map(_has_json_form, kind.parts))
    return kind.is_numeric or kind.name in {"boolean", "varchar", "json", "date", "timestamp", "unknown"}


def _scalar_cast(value: Typed, target: Type) -> str | None:
    source = value.type
    if target.is_numeric:
        return _to_number(value, target)
    if target.name == "boolean":
        return _to_boolean(value)
    if target.name in {"date", "timestamp", "timestamp with time zone"}:
        return _to_time(value, target)
    if target.name == "varbinary" and source.is_text:
        return f"encode({value.sql})"
    return None


def _guarded(value: Typed, converted: str, message: str, target: Type) -> str:
    """Return ``converted``, failing with INVALID_CAST_ARGUMENT where it is NULL and the value is not."""
    shown = value.sql if value.type.is_text else f"CAST({value.sql} AS VARCHAR)"
    fail = raising("INVALID_CAST_ARGUMENT", message.replace("{}", f"' || {shown} || '"), target)
    return f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN {converted} IS NOT NULL THEN {converted} ELSE {fail} END)"


def _to_number(value: Typed, target: Type) -> str | None:
    source, name = value.type, duckdb_name(target)
    if source.is_text:
        return _text_to_number(value, target)
    if source.name == "boolean":
        return f"CAST({value.sql} AS {name})"
    if source.name in {"real", "double"}:
        return _from_floating(value, target)
    if source.is_exact:
        if target.name in {"real", "double"} or (
            source.is_integer and target.is_integer and INTEGERS.index(source.name) <= INTEGERS.index(target.name)
        ):
            return f"CAST({value.sql} AS {name})"
        kind = (
            f"DECIMAL({source.precision}, {source.scale}) "
            if source.name == "decimal" and target.name == "decimal"
            else ""
        )
        wanted = f"DECIMAL({target.precision}, {target.scale})" if target.name == "decimal" else _label(target)
        return _guarded(value, f"TRY_CAST({value.sql} AS {name})", f"Cannot cast {kind}''{{}}'' to {wanted}", target)
    return None


def _label(target: Type) -> str:
    """Return the type's name as Trino's messages have it."""
    return target.name.upper() if target.name != "integer" else "INT"


def _text_to_number(value: Typed, target: Type) -> str:
    name, message = duckdb_name(target), f"Cannot cast ''{{}}'' to {_label(target)}"
    if target.is_integer:
        converted = (
            f"(CASE WHEN regexp_full_match({value.sql}, '{_INTEGER_TEXT}') THEN TRY_CAST({value.sql} AS {name}) END)"
        )
        return _guarded(value, converted, message, target)
    if target.name == "decimal":
        converted = f"(CASE WHEN regexp_full_match({value.sql}, '\\s*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?\\s*') THEN TRY_CAST({value.sql} AS {name}) END)"
        return _guarded(
            value, converted, f"Cannot cast VARCHAR ''{{}}'' to DECIMAL({target.precision}, {target.scale})", target
        )
    text = f"rtrim(trim({value.sql}), 'dDfF')"
    converted = f"(CASE WHEN regexp_full_match({value.sql}, '{_DOUBLE_TEXT}') THEN TRY_CAST({text} AS {name}) END)"
    return _guarded(value, converted, message, target)


def _from_floating(value: Typed, target: Type) -> str:
    name = duckdb_name(target)
    if target.name in {"real", "double"}:
        return f"CAST({value.sql} AS {name})"
    if target.name == "decimal":
        return _guarded(
            value,
            f"TRY_CAST(CAST({value.sql} AS VARCHAR) AS {name})",
            f"Cannot cast {value.type.name.upper()} ''{{}}'' to DECIMAL({target.precision}, {target.scale})",
            target,
        )
    return _guarded(value, f"TRY_CAST(round({value.sql}) AS {name})", f"Unable to cast {{}} to {target.name}", target)


def _to_boolean(value: Typed) -> str | None:
    if value.type.is_numeric:
        return f"({value.sql} <> 0)"
    if not value.type.is_text:
        return None
    converted = f"(CASE WHEN lower({value.sql}) IN ('t', 'true', '1') THEN true WHEN lower({value.sql}) IN ('f', 'false', '0') THEN false END)"
    return _guarded(value, converted, "Cannot cast ''{}'' to BOOLEAN", BOOLEAN)


def _to_time(value: Typed, target: Type) -> str | None:
    source = value.type
    if source.is_text:
        return _text_to_time(value, target)
    if source.name not in {"date", "timestamp", "timestamp with time zone"}:
        return None
    local = zoned(value) if source.name == "timestamp with time zone" else value.sql
    if target.name == "date":
        return f"CAST({local} AS DATE)"
    if target.name == "timestamp with time zone":
        return rounded(f"CAST({value.sql} AS TIMESTAMP)", target.numbers[0])
    return rounded(f"CAST({local} AS TIMESTAMP)", target.numbers[0])


def _text_to_time(value: Typed, target: Type) -> str:
    date = r"\s*([-+]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2})"
    if target.name == "date":
        converted = (
            f"(CASE WHEN regexp_full_match({value.sql}, '{date}\\s*') THEN TRY_CAST(trim({value.sql}) AS DATE) END)"
        )
        return _guarded(value, converted, "Value cannot be cast to date: {}", target)
    if target.name == "timestamp":
        converted = f"(CASE WHEN regexp_full_match({value.sql}, '{date}{_TIME_TEXT}?\\s*') THEN {rounded(f'trino_timestamp({value.sql})', target.numbers[0])} END)"
        return _guarded(value, converted, "Value cannot be cast to timestamp: {}", target)
    converted = rounded(f"trino_zoned_timestamp({value.sql}, {quoting.text(target.zone)})", target.numbers[0])
    return _guarded(value, converted, "Value cannot be cast to timestamp with time zone: {}", target)


def rounded(sql: str, digits: int) -> str:
    """Return a DuckDB timestamp rounded half up to so many digits of a second."""
    if digits >= 6:
        return sql
    unit = 10 ** (6 - digits)
    return f"make_timestamp(CAST(floor((epoch_us({sql}) + {unit // 2}) / {unit}.0) AS BIGINT) * {unit})"


def _to_text(value: Typed, target: Type) -> Typed:
    if target.name == "char":
        raise not_supported("The type char")
    source = value.type
    if source.is_text:
        sql = (
            value.sql
            if not target.numbers or (source.numbers and source.numbers[0] <= target.numbers[0])
            else f"left({value.sql}, {target.numbers[0]})"
        )
        return Typed(sql, target)
    sql = text_of(value)
    if target.numbers:
        fail = raising("INVALID_CAST_ARGUMENT", f"Value ' || {sql} || ' cannot be represented as {target}", target)
        sql = (
            f"(CASE WHEN length({sql}) <= {target.numbers[0]} THEN {sql} WHEN {sql} IS NULL THEN NULL ELSE {fail} END)"
        )
    return Typed(sql, target)


def _nested(value: Typed, target: Type) -> str:
    source = value.type
    if len(source.parts) != len(target.parts):
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    if source.name == "array":
        item = element_variable("e", source)
        inner = cast(Typed(item, source.element), target.element).sql
        return f"list_transform({value.sql}, lambda {item}: {inner})"
    if source.name == "row":
        parts = [cast(Typed(f"({value.sql}).f{i}", part), target.parts[i]).sql for i, part in enumerate(source.parts)]
        fields = ", ".join(f"f{i} := {part}" for i, part in enumerate(parts))
        return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE struct_pack({fields}) END)"
    key, item = element_variable("k", source), element_variable("v", source)
    keys = cast(Typed(key, source.parts[0]), target.parts[0]).sql
    values = cast(Typed(item, source.parts[1]), target.parts[1]).sql
    cast_map = f"map(list_transform(map_keys({value.sql}), lambda {key}: {keys}), list_transform(map_values({value.sql}), lambda {item}: {values}))"
    return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE {cast_map} END)"


def _from_json(value: Typed, target: Type) -> Typed:
    if not _comes_from_json(target):
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast json to {target}")
    if target.name in {"array", "map", "row"}:
        text = f"trino_json_cast({_json_text(value.sql)}, {quoting.text(str(target))})"
        return Typed(f"CAST(from_json({text}, {quoting.text(structure(target))}) AS {duckdb_name(target)})", target)
    text = f"trino_json_cast({value.sql}, {quoting.text(str(target))})"
    return Typed(text if target.is_text else f"CAST({text} AS {duckdb_name(target)})", target)


def _comes_from_json(kind: Type) -> bool:
    """Say whether Trino casts JSON to the type."""
    if kind.parts:
        return all(map(_comes_from_json, kind.parts))
    return kind.is_numeric or kind.name in {"boolean", "varchar", "json"}


def _json_text(sql: str) -> str:
    """Return the text behind ``json_parse``, which Trino casts directly, unless it is a constant."""
    match = re.fullmatch(r"trino_json_parse\(([^'].*)\)", sql, re.DOTALL)
    return match[1] if match else sql


def _as_text(value: Typed) -> str:
    """Return a value as the text that ``trino_to_json`` reads. Scalars are as Trino shows them, nested values JSON of such texts."""
    if value.type.name in {"array", "map", "row"}:
        return f"CAST(to_json({leaves_as_text(value)}) AS VARCHAR)"
    return (
        value.sql
        if value.type.name == "json"
        else text_of(value)
        if value.type.name not in {"double", "real"}
        else f"CAST({value.sql} AS VARCHAR)"
    )

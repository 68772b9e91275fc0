"""Coerce and cast between Trino's types, and fail as each cast does.

Source: https://trino.io/docs/current/functions/conversion.html
"""

from __future__ import annotations

from local_cloud.athena.coercions import common_type
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.json_casts import from_json_type, has_json_form, to_json
from local_cloud.athena.sql.values.texts import element_variable, padded, text_of
from local_cloud.athena.sql.values.time_casts import guarded, to_time, to_zoned
from local_cloud.athena.sql.values.zones import is_zoned, with_zone
from local_cloud.athena.types import BOOLEAN, INTEGERS, Type, duckdb_name

_INTEGER_TEXT = "[ ]*[-+]?[0-9]+[ ]*"
_DOUBLE_TEXT = r"\s*[-+]?(NaN|Infinity|([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?)[dDfF]?\s*"


def can_coerce(source: Type, target: Type) -> bool:
    """Say whether Trino accepts ``source`` where ``target`` is wanted, without a cast."""
    if source == target or source.name == "unknown":
        return True
    if source.name == target.name == "varchar":
        return not target.numbers or bool(source.numbers and source.numbers[0] <= target.numbers[0])
    if is_zoned(source) and is_zoned(target):
        return source.numbers[0] <= target.numbers[0]
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
    if value.type == target:
        return Typed(value.sql, target)
    if value.type.is_text and target.is_text:
        return _as_text_type(value, target)
    if value.type.name == "unknown":
        return Typed(f"CAST({value.sql} AS {duckdb_name(target)})", target)
    if is_zoned(target):
        return _as_zoned(value, target)
    if duckdb_name(value.type) == duckdb_name(target):
        return Typed(value.sql, target)
    if value.type.name in {"array", "map", "row"}:
        return Typed(_nested(value, target), target)
    return Typed(f"CAST({value.sql} AS {duckdb_name(target)})", target)


def _as_text_type(value: Typed, target: Type) -> Typed:
    """Return a text as one of another type. A char is held without its last spaces, and shown with them."""
    if target.name == value.type.name:
        return Typed(value.sql, target)
    if target.name == "char":
        return Typed(f"rtrim(left({value.sql}, {target.numbers[0]}), ' ')", target)
    return Typed(padded(value), target)


def _as_zoned(value: Typed, target: Type) -> Typed:
    """Return a moment as a timestamp with time zone. One without zone is of UTC, the zone of the session."""
    if is_zoned(value.type):
        return with_zone(value, target)
    utc = Typed(f"CAST({value.sql} AS TIMESTAMP)", Type(target.name, target.numbers))
    return utc if target.zone == "UTC" else with_zone(utc, target)


def cast(value: Typed, target: Type) -> Typed:
    """Compile ``CAST(value AS target)``.

    Raises:
        QueryFailedError: Trino has no such cast, or it cannot be done exactly here.
    """
    source = value.type
    if source == target:
        return Typed(value.sql, target)
    if source.name == "unknown":
        return Typed(f"CAST(NULL AS {duckdb_name(target)})", target)
    if target.name == "json" and has_json_form(source):
        return to_json(value, target)
    if source.name == "json":
        return from_json_type(value, target)
    if target.is_text:
        return _to_text(value, target)
    if is_zoned(target):
        return to_zoned(value, target)
    found = _scalar_cast(value, target)
    if found is None and {source.name, target.name} <= {"array", "map", "row"} and source.name == target.name:
        found = _nested(value, target)
    if found is None and target.name == "uuid" and source.is_text:
        raise not_supported("A cast to uuid")
    if found is None:
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    return Typed(found, target)


def _scalar_cast(value: Typed, target: Type) -> str | None:
    source = value.type
    if target.is_numeric:
        return _to_number(value, target)
    if target.name == "boolean":
        return _to_boolean(value)
    if target.name in {"date", "timestamp", "time"}:
        return to_time(value, target)
    if target.name == "varbinary" and source.is_text:
        return f"encode({value.sql})"
    return None


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
        return guarded(value, f"TRY_CAST({value.sql} AS {name})", f"Cannot cast {kind}''{{}}'' to {wanted}", target)
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
        return guarded(value, converted, message, target)
    if target.name == "decimal":
        converted = f"(CASE WHEN regexp_full_match({value.sql}, '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?') THEN TRY_CAST({value.sql} AS {name}) END)"
        return guarded(
            value, converted, f"Cannot cast VARCHAR ''{{}}'' to DECIMAL({target.precision}, {target.scale})", target
        )
    text = f"rtrim(trim({value.sql}), 'dDfF')"
    converted = f"(CASE WHEN regexp_full_match({value.sql}, '{_DOUBLE_TEXT}') THEN TRY_CAST({text} AS {name}) END)"
    return guarded(value, converted, message, target)


def _from_floating(value: Typed, target: Type) -> str:
    name = duckdb_name(target)
    if target.name == "real":
        infinite = f"CAST(CASE WHEN {value.sql} > 0 THEN 'Infinity' ELSE '-Infinity' END AS FLOAT)"
        return f"(CASE WHEN isfinite({value.sql}) THEN coalesce(TRY_CAST({value.sql} AS FLOAT), {infinite}) ELSE CAST({value.sql} AS FLOAT) END)"
    if target.name == "double":
        return f"CAST({value.sql} AS {name})"
    if target.name == "decimal":
        return guarded(
            value,
            f"TRY_CAST(CAST({value.sql} AS VARCHAR) AS {name})",
            f"Cannot cast {value.type.name.upper()} ''{{}}'' to DECIMAL({target.precision}, {target.scale})",
            target,
        )
    converted = f"TRY_CAST(round({value.sql}) AS {name})"
    if value.type.name == "real" and target.name == "bigint":  # which Java saturates
        most = f"CASE WHEN {value.sql} > 0 THEN 9223372036854775807 WHEN {value.sql} < 0 THEN -9223372036854775808 END"
        converted = f"(CASE WHEN isfinite({value.sql}) THEN coalesce({converted}, {most}) END)"
    return guarded(value, converted, f"Unable to cast {{}} to {target.name}", target)


def _to_boolean(value: Typed) -> str | None:
    if value.type.is_numeric:
        return f"({value.sql} <> 0)"
    if not value.type.is_text:
        return None
    converted = f"(CASE WHEN lower({value.sql}) IN ('t', 'true', '1') THEN true WHEN lower({value.sql}) IN ('f', 'false', '0') THEN false END)"
    return guarded(value, converted, "Cannot cast ''{}'' to BOOLEAN", BOOLEAN)


def _to_text(value: Typed, target: Type) -> Typed:
    if value.type.is_text:
        return _shortened(value, target)
    if target.name == "char":
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {value.type} to {target}")
    sql = text_of(value)
    if target.numbers:
        fail = raising("INVALID_CAST_ARGUMENT", f"Value ' || {sql} || ' cannot be represented as {target}", target)
        sql = (
            f"(CASE WHEN length({sql}) <= {target.numbers[0]} THEN {sql} WHEN {sql} IS NULL THEN NULL ELSE {fail} END)"
        )
    return Typed(sql, target)


def _shortened(value: Typed, target: Type) -> Typed:
    """Return a text cut off to the length of ``target``."""
    if target.name == "char":
        return Typed(f"rtrim(left({value.sql}, {target.numbers[0]}), ' ')", target)
    text = padded(value)
    fits = not target.numbers or (value.type.numbers and value.type.numbers[0] <= target.numbers[0])
    return Typed(text if fits else f"left({text}, {target.numbers[0]})", target)


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

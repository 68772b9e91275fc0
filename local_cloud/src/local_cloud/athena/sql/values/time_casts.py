"""Compile casts to dates, times and timestamps.

Sources: https://trino.io/docs/current/functions/conversion.html, https://trino.io/docs/current/language/types.html#date-and-time
"""

from __future__ import annotations

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.texts import padded
from local_cloud.athena.sql.values.zones import instant, is_zoned, moment, zoned
from local_cloud.athena.types import Type


def guarded(value: Typed, converted: str, message: str, target: Type) -> str:
    """Return ``converted``, failing with INVALID_CAST_ARGUMENT where it is NULL and the value is not."""
    shown = value.sql if value.type.is_text else f"CAST({value.sql} AS VARCHAR)"
    fail = raising("INVALID_CAST_ARGUMENT", message.replace("{}", f"' || {shown} || '"), target)
    return f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN {converted} IS NOT NULL THEN {converted} ELSE {fail} END)"


def to_time(value: Typed, target: Type) -> str | None:
    source = value.type
    if source.is_text:
        return _textto_time(value, target)
    if target.name == "time":
        return _to_time_of_day(value, target)
    if source.name not in {"date", "timestamp", "timestamp with time zone"}:
        return None
    if target.name == "date":
        return f"CAST({zoned(value)} AS DATE)"
    return rounded(f"CAST({zoned(value)} AS TIMESTAMP)", target.numbers[0])


def _to_time_of_day(value: Typed, target: Type) -> str | None:
    if value.type.name not in {"time", "timestamp", "timestamp with time zone"}:
        return None
    day = f"(DATE '2000-01-01' + CAST({zoned(value)} AS TIME))"
    return f"CAST({rounded(day, target.numbers[0])} AS TIME)"


def _textto_time(value: Typed, target: Type) -> str:
    date = r"\s*([-+]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2})"
    text = padded(value)
    if target.name == "date":
        converted = (
            f"(CASE WHEN regexp_full_match({text}, '{date}\\s*') THEN TRY_CAST(ltrim(trim({text}), '+') AS DATE) END)"
        )
        return guarded(value, converted, "Value cannot be cast to date: {}", target)
    if target.name == "time":
        clock = "[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]{1,12})?)?"
        whole = f"CASE WHEN regexp_full_match({text}, '[0-9]+:[0-9]+') THEN {text} || ':00' ELSE {text} END"
        moment = f"CAST('2000-01-01 ' || {whole} AS VARCHAR)"
        converted = f"(CASE WHEN regexp_full_match({text}, '{clock}') THEN CAST({rounded(f'trino_timestamp({moment})', target.numbers[0])} AS TIME) END)"
        return guarded(value, converted, "Value cannot be cast to time: {}", target)
    return guarded(
        value, rounded(f"trino_timestamp({text})", target.numbers[0]), "Value cannot be cast to timestamp: {}", target
    )


def to_zoned(value: Typed, target: Type) -> Typed:
    """Compile a cast to timestamp with time zone: of a text, each value has a zone of its own."""
    digits = target.numbers[0]
    if value.type.is_text:
        zoned_text = Typed(f"trino_zoned_timestamp({padded(value)})", Type(target.name, target.numbers, zone=""))
        checked = Typed(
            guarded(value, zoned_text.sql, "Value cannot be cast to timestamp with time zone: {}", zoned_text.type),
            zoned_text.type,
        )
        return moment(rounded(instant(checked), digits), checked, checked.type)
    if value.type.name not in {"date", "timestamp", "timestamp with time zone"}:
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {value.type} to {target}")
    zone = value.type.zone if is_zoned(value.type) else "UTC"
    return moment(
        rounded(f"CAST({instant(value)} AS TIMESTAMP)", digits), value, Type(target.name, target.numbers, zone=zone)
    )


def rounded(sql: str, digits: int) -> str:
    """Return a DuckDB timestamp rounded half up to so many digits of a second."""
    if digits >= 6:
        return sql
    unit = 10 ** (6 - digits)
    return f"make_timestamp(CAST(floor((epoch_us({sql}) + {unit // 2}) / {unit}.0) AS BIGINT) * {unit})"

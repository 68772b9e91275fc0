"""Compile with time zones. Values of a timestamp with time zone have one zone for the whole column, or each one of its own.

A column's zone is in its type (``Type.zone``), and its values are instants in UTC. Where ``zone`` is empty, a value is a struct of
its instant, ``t``, and its zone's name, ``z``.
"""

from __future__ import annotations

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values import time_zones
from local_cloud.athena.types import Type, timestamp_with_zone

OWN_ZONE = ""  # the zone of a type whose values have each one of its own


def checked_zone(name: str) -> str:
    """Return a zone that Trino knows.

    Raises:
        QueryFailedError: Trino knows none of that name.
    """
    try:
        return time_zones.zone_name(name)
    except QueryError as error:
        raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", f"'{name}' is not a valid time zone") from error


def is_zoned(kind: Type) -> bool:
    return kind.name == "timestamp with time zone"


def instant(value: Typed) -> str:
    """Return the instant of a timestamp with time zone in UTC; any other moment as it is."""
    return f"({value.sql}).t" if is_zoned(value.type) and value.type.zone == OWN_ZONE else value.sql


def zone_of(value: Typed) -> str:
    """Return SQL of the zone's name of a timestamp with time zone."""
    return f"({value.sql}).z" if value.type.zone == OWN_ZONE else quoting.text(value.type.zone)


def zoned(value: Typed) -> str:
    """Return the local time of a timestamp with time zone; any other moment as it is."""
    if not is_zoned(value.type) or value.type.zone == "UTC":
        return value.sql
    zone = value.type.zone
    if zone and zone[0] not in "+-":
        return f"timezone({quoting.text(zone)}, timezone('UTC', {value.sql}))"
    return f"trino_local_time({instant(value)}, {zone_of(value)})"


def moment(instant_sql: str, like: Typed, kind: Type) -> Typed:
    """Return an instant in the zone of ``like``, as a value of ``kind``."""
    if kind.zone != OWN_ZONE:
        return Typed(instant_sql, kind)
    return Typed(
        f"(CASE WHEN {instant_sql} IS NULL THEN NULL ELSE struct_pack(t := {instant_sql}, z := {zone_of(like)}) END)",
        kind,
    )


def in_zone(local: str, zone: str, digits: int) -> Typed:
    """Return the local time of a zone as a timestamp with time zone."""
    if zone == "UTC":
        return Typed(local, timestamp_with_zone(digits))
    return Typed(f"trino_instant({local}, {quoting.text(zone)})", timestamp_with_zone(digits, zone))


def with_zone(value: Typed, target: Type) -> Typed:
    """Return a timestamp with time zone as one of the zone of ``target``, which it has, or which is each value's own."""
    if value.type.zone == target.zone or target.zone != OWN_ZONE:
        return Typed(instant(value), target)
    zone = zone_of(value)
    return Typed(
        f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE struct_pack(t := {value.sql}, z := {zone}) END)", target
    )


def with_session_zone(kind: Type) -> Type:
    """Return the type with a zone that a moment is coerced to; the session's zone is UTC."""
    return kind if is_zoned(kind) else timestamp_with_zone(kind.numbers[0] if kind.numbers else 0)


def at_zone(value: Typed, literal: str | None, zone: str) -> Typed:
    """Return a timestamp with time zone in another one: that of the literal, or else each the one that ``zone`` computes."""
    digits = value.type.numbers[0]
    if literal is not None:
        return Typed(instant(value), timestamp_with_zone(digits, checked_zone(literal)))
    return Typed(f"trino_at_zone({instant(value)}, {zone})", timestamp_with_zone(digits, OWN_ZONE))

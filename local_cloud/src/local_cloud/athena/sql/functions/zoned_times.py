"""Compile functions that read, write and move moments in time zones.

Source: https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

import re

from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.moments import moment_argument
from local_cloud.athena.sql.functions.signatures import simple
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.texts import text_of
from local_cloud.athena.sql.values.zones import (
    OWN_ZONE,
    at_zone,
    checked_zone,
    in_zone,
    instant,
    is_zoned,
    with_session_zone,
    zone_of,
    zoned,
)
from local_cloud.athena.types import (
    BIGINT,
    DATE,
    DOUBLE,
    VARCHAR,
    Type,
    timestamp_with_zone,
)


def _zoned_text(function: str, pattern: str) -> Function:
    """Compile a function that reads a moment with a zone. Texts in which ``pattern`` is not found are of UTC."""

    def compiled(call: Call) -> Typed:
        texts = call.expect(*[VARCHAR] * len(call.nodes))
        found = f"{function}({', '.join(texts)})"
        node = call.nodes[-1]
        if isinstance(node, exp.Literal) and re.search(pattern, node.this) is None:
            return Typed(f"({found}).t", timestamp_with_zone(3))
        return Typed(found, timestamp_with_zone(3, OWN_ZONE))

    return compiled


def _formatted(call: Call) -> Typed:
    """Compile date_format and format_datetime."""
    if len(call.nodes) != 2:
        raise call.mistaken()
    value, form = moment_argument(call, 0), call.argument(1)
    if not form.type.is_text and form.type.name != "unknown":
        raise call.mistaken()
    zone = "" if call.name == "date_format" else f", {zone_of(value) if is_zoned(value.type) else quoting.text('')}"
    return Typed(f"trino_{call.name}(CAST({zoned(value)} AS TIMESTAMP), {form.sql}{zone})", VARCHAR)


def _from_unixtime(call: Call) -> Typed:
    values = call.arguments()
    if not values or not (values[0].type.is_numeric or values[0].type.name == "unknown"):
        raise call.mistaken()
    if len(values) > 3 or (len(values) == 3 and not all(value.type.is_integer for value in values[1:])):
        raise call.mistaken()
    exact = f"({coerce(values[0], DOUBLE).sql} * 1000)"
    whole = f"(CAST(floor({exact}) AS BIGINT) + CAST({exact} - floor({exact}) >= 0.5 AS BIGINT))"  # half upwards
    found = Typed(f"make_timestamp({whole} * 1000)", timestamp_with_zone(3))
    if len(values) == 2:
        return _in_zone_of(call, found, 1)
    if len(values) == 3:
        offset = f"printf('%s%02d:%02d', CASE WHEN {values[1].sql} < 0 OR {values[2].sql} < 0 THEN '-' ELSE '+' END, abs({values[1].sql}), abs({values[2].sql}))"
        return Typed(f"trino_at_zone({found.sql}, {offset})", timestamp_with_zone(3, OWN_ZONE))
    return found


def _to_unixtime(call: Call) -> Typed:
    value = moment_argument(call, 0)
    return Typed(f"(CAST(epoch_us(CAST({instant(value)} AS TIMESTAMP)) AS DOUBLE) / 1000000.0)", DOUBLE)


def _to_iso(call: Call) -> Typed:
    """Compile to_iso8601, whose result is as long as the longest text of its argument's type."""
    value = moment_argument(call, 0)
    if value.type == DATE:
        return Typed(text_of(value), Type("varchar", (16,)))
    digits = value.type.numbers[0]
    text = f"replace({text_of(Typed(zoned(value), Type('timestamp', (digits,))))}, ' ', 'T')"
    longest = 22 + (digits + 1 if digits else 0)
    if not is_zoned(value.type):
        return Typed(text, Type("varchar", (longest,)))
    offset = "'Z'" if value.type.zone == "UTC" else f"trino_iso_offset({instant(value)}, {zone_of(value)})"
    return Typed(f"({text} || {offset})", Type("varchar", (longest + 6,)))


def _at_timezone(call: Call) -> Typed:
    if len(call.nodes) != 2:
        raise call.mistaken()
    value = _moment_or_null(call)
    return _in_zone_of(call, coerce(value, with_session_zone(value.type)), 1)


def _moment_or_null(call: Call) -> Typed:
    """Compile the first argument, a moment; a bare NULL is a timestamp to the millisecond."""
    kind = Type("timestamp", (3,))
    return (
        Typed("CAST(NULL AS TIMESTAMP)", kind) if call.argument(0).type.name == "unknown" else moment_argument(call, 0)
    )


def _in_zone_of(call: Call, value: Typed, index: int) -> Typed:
    node, zone = call.nodes[index], call.argument(index)
    if not zone.type.is_text:
        raise call.mistaken()
    return at_zone(value, node.this if isinstance(node, exp.Literal) else None, zone.sql)


def _with_timezone(call: Call) -> Typed:
    """Compile with_timezone: the same local time, in a zone."""
    if len(call.nodes) != 2:
        raise call.mistaken()
    value, zone = _moment_or_null(call), call.argument(1)
    if is_zoned(value.type) or not zone.type.is_text:
        raise call.mistaken()
    local, digits = f"CAST({value.sql} AS TIMESTAMP)", value.type.numbers[0] if value.type.numbers else 0
    if isinstance(call.nodes[1], exp.Literal):
        return in_zone(local, checked_zone(call.nodes[1].this), digits)
    return Typed(f"trino_in_zone({local}, {zone.sql})", timestamp_with_zone(digits, OWN_ZONE))


def _zone_part(template: str, result: Type) -> Function:
    """Compile a part of the offset, or the zone itself; a moment without zone is of UTC."""

    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 1:
            raise call.mistaken()
        value = moment_argument(call, 0)
        if not is_zoned(value.type):
            value = coerce(value, with_session_zone(value.type))
        zone, moment_sql = zone_of(value), f"CAST({instant(value)} AS TIMESTAMP)"
        found = template.format(f"date_diff('minute', {moment_sql}, trino_local_time({moment_sql}, {zone}))", zone)
        return Typed(f"(CASE WHEN {instant(value)} IS NULL THEN NULL ELSE {found} END)", result)

    return compiled


ZONED_TIMES: dict[str, Function] = {
    "from_iso8601_timestamp": _zoned_text("trino_iso_timestamp", r"T.*[+-]\d"), "to_iso8601": _to_iso,
    "parse_datetime": _zoned_text("trino_parse_datetime", "[zZ]"), "date_format": _formatted, "format_datetime": _formatted,
    "from_unixtime": _from_unixtime, "to_unixtime": _to_unixtime, "at_timezone": _at_timezone, "with_timezone": _with_timezone,
    "timezone_hour": _zone_part("CAST(trunc({0} / 60) AS BIGINT)", BIGINT), "timezone_minute": _zone_part("({0} % 60)", BIGINT),
    "timezone": _zone_part("{1}", VARCHAR), "current_timezone": simple((" -> varchar", "'UTC'")),
}  # fmt: skip

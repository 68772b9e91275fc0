"""Compile date and time functions. Timestamps with time zone are instants with one zone for the whole column.

Source: https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

import re

from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.signatures import simple
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import cast, coerce
from local_cloud.athena.sql.values.texts import text_of, zoned
from local_cloud.athena.sql.values.zones import checked_zone
from local_cloud.athena.types import BIGINT, DATE, DOUBLE, INTERVAL_DAY, VARCHAR, Type, timestamp_with_zone

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_MOMENTS = {"date", "timestamp", "timestamp with time zone"}


def _moment(call: Call, index: int) -> Typed:
    value = call.argument(index)
    if value.type.name not in _MOMENTS:
        raise call.mistaken([item.type for item in call.arguments()])
    return value


def _unit(call: Call) -> str:
    node = call.nodes[0]
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise call.session.unsupported(call.node, f"{call.name} with a unit that is no literal")
    unit = str(node.this).lower()
    if unit not in _UNITS:
        raise call.session.invalid(
            node,
            f"'{unit}' is not a valid {'DATE' if call.name == 'date_trunc' else 'TIMESTAMP'} field",
            "INVALID_FUNCTION_ARGUMENT",
        )
    return unit


def _part(template: str) -> Function:
    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 1:
            raise call.mistaken()
        value = call.argument(0)
        if value.type == INTERVAL_DAY:
            raise call.session.unsupported(call.node, f"{call.name} of an interval")
        return Typed(f"CAST({template.format(zoned(_moment(call, 0)))} AS BIGINT)", BIGINT)

    return compiled


def _clock(template: str) -> Function:
    part = _part(template)

    def compiled(call: Call) -> Typed:
        if call.argument(0).type == DATE:
            raise call.mistaken([DATE])
        return part(call)

    return compiled


def _date(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    return cast(call.argument(0), DATE)


def _date_trunc(call: Call) -> Typed:
    unit, value = _unit(call), _moment(call, 1)
    if value.type.zone != "UTC":
        raise call.session.unsupported(call.node, "date_trunc in a zone other than UTC")
    if value.type == DATE:
        if unit in _UNITS[:4]:
            raise call.session.invalid(call.node, f"'{unit}' is not a valid DATE field", "INVALID_FUNCTION_ARGUMENT")
        return Typed(f"CAST(date_trunc('{unit}', {value.sql}) AS DATE)", DATE)
    return Typed(f"CAST(date_trunc('{unit}', {value.sql}) AS TIMESTAMP)", value.type)


def _date_add(call: Call) -> Typed:
    unit, amount, value = _unit(call), call.argument(1), _moment(call, 2)
    if not amount.type.is_integer:
        raise call.mistaken([VARCHAR, amount.type, value.type])
    if value.type.zone != "UTC":
        raise call.session.unsupported(call.node, "date_add in a zone other than UTC")
    if value.type == DATE and unit in _UNITS[:4]:
        raise call.session.invalid(call.node, f"'{unit}' is not a valid DATE field", "INVALID_FUNCTION_ARGUMENT")
    number = f"CAST({amount.sql} AS BIGINT)"
    step = {
        "quarter": f"to_months(CAST({number} * 3 AS INTEGER))",
        "month": f"to_months(CAST({number} AS INTEGER))",
        "year": f"to_years(CAST({number} AS INTEGER))",
        "week": f"to_days(CAST({number} * 7 AS INTEGER))",
        "day": f"to_days(CAST({number} AS INTEGER))",
    }.get(unit, f"to_{unit}s({number})")
    kind = value.type
    if unit == "millisecond" and kind.numbers and kind.numbers[0] < 3:
        kind = Type(kind.name, (3,), zone=kind.zone)
    return Typed(f"CAST({value.sql} + {step} AS {'DATE' if kind == DATE else 'TIMESTAMP'})", kind)


def _date_diff(call: Call) -> Typed:
    """Compile the whole units between two moments, cut off towards zero."""
    unit, first, second = _unit(call), _moment(call, 1), _moment(call, 2)
    kind = common_type(first.type, second.type)
    if kind is None:
        raise call.mistaken([VARCHAR, first.type, second.type])
    if kind.zone != "UTC":
        raise call.session.unsupported(call.node, "date_diff in a zone other than UTC")
    if kind == DATE and unit in _UNITS[:4]:
        raise call.session.invalid(call.node, f"'{unit}' is not a valid DATE field", "INVALID_FUNCTION_ARGUMENT")
    moments = [coerce(value, kind).sql for value in (first, second)]
    if kind.numbers and kind.numbers[0] > 3:
        moments = [f"date_trunc('millisecond', {moment})" for moment in moments]
    return Typed(f"date_sub('{unit}', {', '.join(moments)})", BIGINT)


def _iso_timestamp(call: Call) -> Typed:
    node = call.nodes[0] if len(call.nodes) == 1 else None
    (text,) = call.expect(VARCHAR)
    zone = "UTC"
    if isinstance(node, exp.Literal) and (match := re.search(r"T.*([+-]\d{2}:?\d{2})$", node.this)):
        zone = match[1] if ":" in match[1] else f"{match[1][:3]}:{match[1][3:]}"
        zone = "UTC" if zone in {"+00:00", "-00:00"} else zone
    return Typed(f"trino_iso_timestamp({text}, {quoting.text(zone)})", timestamp_with_zone(3, zone))


def _formatted(function: str) -> Function:
    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 2:
            raise call.mistaken()
        value, form = _moment(call, 0), call.argument(1)
        zone = value.type.zone if value.type.name == "timestamp with time zone" else ""
        return Typed(f"{function}(CAST({zoned(value)} AS TIMESTAMP), {form.sql}, {quoting.text(zone)})", VARCHAR)

    return compiled


def _from_unixtime(call: Call) -> Typed:
    values = call.arguments()
    zone = "UTC"
    if len(values) == 2:
        if not isinstance(call.nodes[1], exp.Literal) or not call.nodes[1].is_string:
            raise call.session.unsupported(call.node, "from_unixtime with a zone that is no literal")
        zone = checked_zone(call.nodes[1].this)
    elif len(values) != 1:
        raise call.session.unsupported(call.node, "from_unixtime with hours and minutes")
    if not values[0].type.is_numeric:
        raise call.mistaken([value.type for value in values])
    exact = f"({coerce(values[0], DOUBLE).sql} * 1000)"
    rounded = f"(CAST(floor({exact}) AS BIGINT) + CAST({exact} - floor({exact}) >= 0.5 AS BIGINT))"  # half upwards
    return Typed(f"make_timestamp({rounded} * 1000)", timestamp_with_zone(3, zone))


def _to_unixtime(call: Call) -> Typed:
    value = _moment(call, 0)
    return Typed(f"(CAST(epoch_us(CAST({value.sql} AS TIMESTAMP)) AS DOUBLE) / 1000000.0)", DOUBLE)


def _to_iso(call: Call) -> Typed:
    value = _moment(call, 0)
    if value.type == DATE:
        return Typed(f"CAST({value.sql} AS VARCHAR)", VARCHAR)
    text = f"replace({text_of(Typed(value.sql, Type('timestamp', value.type.numbers)))}, ' ', 'T')"
    if value.type.name == "timestamp":
        return Typed(text, VARCHAR)
    if value.type.zone != "UTC":
        raise call.session.unsupported(call.node, "to_iso8601 in a zone other than UTC")
    return Typed(f"({text} || 'Z')", VARCHAR)


def _at_timezone(call: Call) -> Typed:
    return call.compiler.value(exp.AtTimeZone(this=call.nodes[0].copy(), zone=call.nodes[1].copy()), call.scope)


def _now(call: Call) -> Typed:
    return call.compiler.value(exp.CurrentTimestamp(), call.scope)


def _last_day(call: Call) -> Typed:
    return Typed(f"last_day({zoned(_moment(call, 0))})", DATE)


TIMES: dict[str, Function] = {
    "date": _date, "date_trunc": _date_trunc, "date_add": _date_add, "date_diff": _date_diff, "now": _now, "last_day_of_month": _last_day,
    "year": _part("year({0})"), "quarter": _part("quarter({0})"), "month": _part("month({0})"), **dict.fromkeys(("day", "day_of_month"), _part("day({0})")),
    **dict.fromkeys(("week", "week_of_year"), _part("weekofyear({0})")), **dict.fromkeys(("dow", "day_of_week"), _part("isodow({0})")),
    **dict.fromkeys(("doy", "day_of_year"), _part("dayofyear({0})")), **dict.fromkeys(("yow", "year_of_week"), _part("isoyear({0})")),
    "hour": _clock("hour({0})"), "minute": _clock("minute({0})"), "second": _clock("second({0})"), "millisecond": _clock("(millisecond({0}) % 1000)"),
    "from_iso8601_timestamp": _iso_timestamp, "from_iso8601_date": simple(("varchar -> date", "trino_iso_date({0})")), "to_iso8601": _to_iso,
    "date_format": _formatted("trino_date_format"), "format_datetime": _formatted("trino_format_datetime"),
    "date_parse": simple(("varchar; varchar -> timestamp(3)", "trino_date_parse({0}, {1})")),
    "parse_datetime": simple(("varchar; varchar -> timestamp(3) with time zone", "trino_parse_datetime({0}, {1})")),
    "from_unixtime": _from_unixtime, "to_unixtime": _to_unixtime, "at_timezone": _at_timezone,
    "to_milliseconds": lambda call: Typed(call.argument(0).sql, BIGINT),
}  # fmt: skip

"""Compile date and time functions.

Source: https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.moments import moment_argument
from local_cloud.athena.sql.functions.signatures import simple
from local_cloud.athena.sql.functions.zoned_times import ZONED_TIMES
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import cast
from local_cloud.athena.sql.values.temporal import comparable, now
from local_cloud.athena.sql.values.time_casts import rounded
from local_cloud.athena.sql.values.zones import (
    instant,
    is_zoned,
    moment,
    zone_of,
    zoned,
)
from local_cloud.athena.types import (
    BIGINT,
    DATE,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    Type,
    duckdb_name,
)

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")


def _unit(call: Call, kind: Type) -> str:
    node = call.nodes[0]
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise call.session.unsupported(call.node, f"{call.name} with a unit that is no literal")
    unit = str(node.this).lower()
    allowed = {"date": _UNITS[4:], "time": _UNITS[:4]}.get(kind.name, _UNITS)
    if unit not in allowed:
        shown = "TIMESTAMP" if kind.name.startswith("timestamp") else kind.name.upper()
        raise call.session.invalid(node, f"'{unit}' is not a valid {shown} field", "INVALID_FUNCTION_ARGUMENT")
    return unit


def _part(template: str, of_days: str = "", of_months: str = "") -> Function:
    """Compile a part of the calendar; ``of_days`` and ``of_months`` are the same part of an interval."""

    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 1:
            raise call.mistaken()
        value = call.argument(0)
        of_interval = {INTERVAL_DAY: of_days, INTERVAL_YEAR: of_months}.get(value.type, "")
        if of_interval:
            return Typed(f"CAST(trunc({of_interval.format(value.sql)}) AS BIGINT)", BIGINT)
        return Typed(f"CAST({template.format(zoned(moment_argument(call, 0)))} AS BIGINT)", BIGINT)

    return compiled


def _clock(template: str, of_days: str) -> Function:
    """Compile a part of the time of day, which is 0 of a date."""

    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 1:
            raise call.mistaken()
        value = moment_argument(call, 0, also=("time", INTERVAL_DAY.name))
        if value.type == INTERVAL_DAY:
            return Typed(f"({of_days.format(value.sql)})", BIGINT)
        local = zoned(value) if value.type.name == "time" else f"CAST({zoned(value)} AS TIMESTAMP)"
        return Typed(f"CAST({template.format(local)} AS BIGINT)", BIGINT)

    return compiled


def _date(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    return cast(call.argument(0), DATE)


def _date_trunc(call: Call) -> Typed:
    if len(call.nodes) != 2:
        raise call.mistaken()
    call.require_type(1)
    value = moment_argument(call, 1, also=("time",))
    unit, kind = _unit(call, value.type), value.type
    if kind.name == "time":
        return Typed(f"CAST(date_trunc('{unit}', DATE '2000-01-01' + {value.sql}) AS TIME)", kind)
    if is_zoned(kind) and kind.zone != "UTC":
        return moment(f"trino_zoned_trunc({instant(value)}, {zone_of(value)}, '{unit}')", value, kind)
    return Typed(f"CAST(date_trunc('{unit}', {value.sql}) AS {duckdb_name(kind)})", kind)


def _date_add(call: Call) -> Typed:
    if len(call.nodes) != 3:
        raise call.mistaken()
    call.require_type(2)
    amount, value = call.argument(1), moment_argument(call, 2, also=("time",))
    unit, kind = _unit(call, value.type), value.type
    if not amount.type.is_integer and amount.type.name != "unknown":
        raise call.mistaken()
    number = f"CAST({amount.sql} AS BIGINT)"
    if is_zoned(kind) and kind.zone != "UTC":
        added = f"trino_zoned_add({instant(value)}, {zone_of(value)}, '{unit}', {number})"
        return moment(rounded(added, kind.numbers[0]), value, kind)
    step = {
        "quarter": f"to_months(CAST({number} * 3 AS INTEGER))",
        "month": f"to_months(CAST({number} AS INTEGER))",
        "year": f"to_years(CAST({number} AS INTEGER))",
        "week": f"to_days(CAST({number} * 7 AS INTEGER))",
        "day": f"to_days(CAST({number} AS INTEGER))",
    }.get(unit, f"to_{unit}s({number})")
    moved = f"CAST({value.sql} + {step} AS {duckdb_name(kind)})"
    if unit == "millisecond" and kind.name == "timestamp":  # a timestamp keeps its digits
        moved = rounded(moved, kind.numbers[0])
    return Typed(moved, kind)


def _date_diff(call: Call) -> Typed:
    """Compile the whole units between two moments, cut off towards zero, in the first one's zone."""
    if len(call.nodes) != 3:
        raise call.mistaken()
    values = [_null_like(call, index, 3 - index) for index in (1, 2)]
    kind = common_type(values[0].type, values[1].type)
    if kind is None:
        raise call.mistaken()
    unit = _unit(call, kind)
    moments = [comparable(value, kind) for value in values]
    if kind.numbers and kind.numbers[0] > 3:
        moments = [f"date_trunc('millisecond', {moment})" for moment in moments]
    if kind.name == "time":
        moments = [f"(DATE '2000-01-01' + {moment})" for moment in moments]
    zone = zone_of(values[0]) if is_zoned(values[0].type) else "'UTC'"
    if zone != "'UTC'":
        return Typed(f"trino_zoned_diff({', '.join(moments)}, {zone}, '{unit}')", BIGINT)
    return Typed(f"date_sub('{unit}', {', '.join(moments)})", BIGINT)


def _null_like(call: Call, index: int, other: int) -> Typed:
    """Compile a moment; a bare NULL has the type of the other one."""
    if call.argument(index).type.name == "unknown":
        kind = moment_argument(call, other, also=("time",)).type
        return Typed(f"CAST(NULL AS {duckdb_name(kind)})", kind)
    return moment_argument(call, index, also=("time",))


def _now(call: Call) -> Typed:
    if call.nodes:
        raise call.mistaken()
    return now(call.session.now, call.name, 3)


def _now_to(call: Call) -> Typed:
    """Compile ``current_timestamp(6)``."""
    node = call.nodes[0] if len(call.nodes) == 1 else None
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdigit() or int(node.this) > 6:
        raise call.session.unsupported(call.node, f"{call.name} to anything but 0 to 6 digits of a second")
    return now(call.session.now, call.name, int(node.this))


def _last_day(call: Call) -> Typed:
    return Typed(f"last_day({zoned(moment_argument(call, 0))})", DATE)


def _to_milliseconds(call: Call) -> Typed:
    (text,) = call.expect(INTERVAL_DAY)
    return Typed(text, BIGINT)


TIMES: dict[str, Function] = {
    "date": _date, "date_trunc": _date_trunc, "date_add": _date_add, "date_diff": _date_diff, "now": _now, "last_day_of_month": _last_day,
    **dict.fromkeys(("current_timestamp", "localtimestamp", "localtime"), _now_to),
    "year": _part("year({0})", of_months="{0} / 12"), "quarter": _part("quarter({0})"), "month": _part("month({0})", of_months="{0} % 12"),
    **dict.fromkeys(("day", "day_of_month"), _part("day({0})", of_days="{0} / 86400000")),
    **dict.fromkeys(("week", "week_of_year"), _part("weekofyear({0})")), **dict.fromkeys(("dow", "day_of_week"), _part("isodow({0})")),
    **dict.fromkeys(("doy", "day_of_year"), _part("dayofyear({0})")), **dict.fromkeys(("yow", "year_of_week"), _part("isoyear({0})")),
    "hour": _clock("hour({0})", "{0} // 3600000 % 24"), "minute": _clock("minute({0})", "{0} // 60000 % 60"),
    "second": _clock("second({0})", "{0} // 1000 % 60"), "millisecond": _clock("(millisecond({0}) % 1000)", "{0} % 1000"),
     "from_iso8601_date": simple(("varchar -> date", "trino_iso_date({0})")),
    "date_parse": simple(("varchar; varchar -> timestamp(3)", "trino_date_parse({0}, {1})")),
    **ZONED_TIMES, "to_milliseconds": _to_milliseconds, "parse_duration": simple(("varchar -> interval day to second", "trino_parse_duration({0})")),
    "human_readable_seconds": simple(("double -> varchar", "trino_readable_seconds({0})")),
}  # fmt: skip

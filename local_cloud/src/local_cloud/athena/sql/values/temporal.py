"""Compile operators of dates, times, timestamps and intervals. Intervals are held as milliseconds or months.

Sources: https://trino.io/docs/current/functions/datetime.html#date-and-time-operators,
https://trino.io/docs/current/language/types.html#interval-day-to-second
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.model import Session, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.zones import instant, is_zoned, moment, zone_of
from local_cloud.athena.types import DATE, INTERVAL_DAY, INTERVAL_YEAR, Type, timestamp_with_zone

TIMES = {"date", "timestamp", "timestamp with time zone", "time"}
INTERVALS = {INTERVAL_DAY.name, INTERVAL_YEAR.name}
_MILLISECONDS = {"SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_UNITS = ("DAY", "HOUR", "MINUTE", "SECOND")


def temporal(session: Session, node: exp.Expr, symbol: str, left: Typed, right: Typed) -> Typed:
    """Compile ``left op right`` where a side is a moment or an interval."""
    names = left.type.name, right.type.name
    if symbol in "+-" and names[1] in INTERVALS and names[0] in TIMES:
        return _moved(session, node, left, right, symbol)
    if symbol == "+" and names[0] in INTERVALS and names[1] in TIMES:
        return _moved(session, node, right, left, symbol)
    if symbol in "+-" and names[0] == names[1] and names[0] in INTERVALS:
        return Typed(f"({left.sql} {symbol} {right.sql})", left.type)
    if symbol == "-" and names[0] in TIMES and (kind := common_type(left.type, right.type)) is not None:
        a, b = (f"epoch_us({comparable(value, kind)})" for value in (left, right))
        return Typed(_milliseconds(f"({a} - {b})", kind), INTERVAL_DAY)
    if symbol in "*/" and names[0] in INTERVALS and right.type.is_numeric:
        return _scaled(left, symbol, right)
    if symbol == "*" and names[1] in INTERVALS and left.type.is_numeric:
        return _scaled(right, symbol, left)
    raise session.mismatch(node, f"Cannot apply operator: {left.type} {symbol} {right.type}")


def comparable(value: Typed, kind: Type) -> str:
    """Return a moment as what DuckDB compares: the instant, if ``kind`` has a zone."""
    if is_zoned(kind):
        return f"CAST({instant(value)} AS TIMESTAMP)"
    return coerce(value, kind).sql if kind.name == "time" else f"CAST({coerce(value, kind).sql} AS TIMESTAMP)"


def _scaled(interval: Typed, symbol: str, factor: Typed) -> Typed:
    """Multiply or divide an interval, cut off to whole milliseconds or months."""
    if symbol == "*" and factor.type.is_integer:
        return Typed(f"({interval.sql} * CAST({factor.sql} AS BIGINT))", interval.type)
    number = f"CAST({factor.sql} AS DOUBLE)"
    return Typed(f"CAST(trunc({interval.sql} {symbol} {number}) AS BIGINT)", interval.type)


def _milliseconds(microseconds: str, kind: Type) -> str:
    """Return a distance as milliseconds, half of one rounded up."""
    if not kind.numbers or kind.numbers[0] <= 3:
        return f"({microseconds} // 1000)"
    half = f"({microseconds} + 500)"
    return f"(({half} - ({half} % 1000 + 1000) % 1000) // 1000)"


def _moved(session: Session, node: exp.Expr, start: Typed, interval: Typed, sign: str) -> Typed:
    kind = start.type
    amount = f"{sign if sign == '-' else ''}({interval.sql})"
    if interval.type == INTERVAL_YEAR and kind.name == "time":
        raise session.mismatch(node, f"Cannot apply operator: {kind} {sign} {interval.type}")
    if interval.type == INTERVAL_YEAR and is_zoned(kind) and kind.zone != "UTC":
        return moment(f"trino_zoned_add({instant(start)}, {zone_of(start)}, 'month', {amount})", start, kind)
    step = f"to_months(CAST({amount} AS INTEGER))" if interval.type == INTERVAL_YEAR else f"to_milliseconds({amount})"
    moved = f"({instant(start)} + {step})"
    if kind == DATE:
        if interval.type == INTERVAL_DAY:
            fail = raising("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date", DATE)
            return Typed(f"(CASE WHEN {interval.sql} % 86400000 <> 0 THEN {fail} ELSE CAST({moved} AS DATE) END)", DATE)
        return Typed(f"CAST({moved} AS DATE)", DATE)
    if kind.numbers[0] < 3 and interval.type == INTERVAL_DAY:
        kind = Type(kind.name, (3,), zone=kind.zone)
    return moment(moved, start, kind) if is_zoned(kind) else Typed(moved, kind)


def now(moment: datetime, name: str, digits: int) -> Typed:
    """Compile ``current_timestamp`` and its like, to so many digits of a second."""
    fraction = f".{moment:%f}"[: digits + 1] if digits else ""
    if name in {"currentdate", "current_date"}:
        return Typed(f"CAST('{moment:%Y-%m-%d}' AS DATE)", DATE)
    if name == "localtime":
        return Typed(f"CAST('{moment:%H:%M:%S}{fraction}' AS TIME)", Type("time", (digits,)))
    kind = Type("timestamp", (digits,)) if name == "localtimestamp" else timestamp_with_zone(digits)
    return Typed(f"CAST('{moment:%Y-%m-%d %H:%M:%S}{fraction}' AS TIMESTAMP)", kind)


def interval_literal(session: Session, node: exp.Interval) -> Typed:
    """Compile ``INTERVAL '2' DAY`` and ``INTERVAL -'1 2:03' DAY TO MINUTE``: milliseconds, or months."""
    text, sign = node.this, 1
    if isinstance(text, exp.Neg):
        text, sign = text.this, -1
    if not isinstance(text, exp.Literal) or not text.is_string:
        raise session.invalid(node, f"mismatched input '{node.this.sql('trino') if node.this else ''}'")
    first, last = _span(session, node)
    try:
        if first in {"YEAR", "MONTH"}:
            return Typed(f"CAST({sign * _months(text.this, first, last)} AS BIGINT)", INTERVAL_YEAR)
        return Typed(f"CAST({sign * _days(text.this, first, last)} AS BIGINT)", INTERVAL_DAY)
    except ValueError as error:
        raise session.invalid(node, f"'{text.this}' is not a valid INTERVAL literal", "INVALID_LITERAL") from error


def _span(session: Session, node: exp.Interval) -> tuple[str, str]:
    unit = node.args.get("unit")
    words = [unit.this, unit.expression] if isinstance(unit, exp.IntervalSpan) else [unit, unit]
    first, last = (word.name.upper() if isinstance(word, exp.Expr) else "" for word in words)
    orders = (_UNITS, ("YEAR", "MONTH"))
    if not any(first in order and last in order and order.index(first) <= order.index(last) for order in orders):
        raise session.invalid(
            node, f"mismatched input '{first}'. Expecting: 'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'"
        )
    return first, last


def _months(text: str, first: str, last: str) -> int:
    match = re.fullmatch(r"\s*(-?)(\d+)(?:-(\d+))?\s*", text)
    if match is None or (match[3] is not None and first == last):
        raise ValueError(text)
    total = int(match[2]) * (12 if first == "YEAR" else 1) + int(match[3] or 0)
    return -total if match[1] else total


def _days(text: str, first: str, last: str) -> int:
    """Return the milliseconds of ``1 2:03:04.5``, in which any fields after the first may be missing."""
    fields = _UNITS[_UNITS.index(first) : _UNITS.index(last) + 1]
    marks = {"HOUR": r"\s+", "MINUTE": ":", "SECOND": ":"}
    pattern = r"(\d+)" + "".join(f"(?:{marks[field]}(\\d+)" for field in fields[1:]) + ")?" * (len(fields) - 1)
    match = re.fullmatch(rf"\s*(-?){pattern}(?:\.(\d{{1,9}}))?\s*", text)
    if match is None or (match[len(fields) + 2] is not None and (last != "SECOND" or None in match.groups()[:-1])):
        raise ValueError(text)
    total = sum(int(match[index + 2] or 0) * _MILLISECONDS[field] for index, field in enumerate(fields))
    total += int(((match[len(fields) + 2] or "") + "000")[:3])
    return -total if match[1] else total

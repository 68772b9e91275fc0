"""Find the type that two types are coerced to.

Source: https://trino.io/docs/current/functions/conversion.html
"""

from __future__ import annotations

from local_cloud.athena.types import DOUBLE, INTEGERS, REAL, VARCHAR, Type, decimal

MAX_CHAR = 65_536


def common_type(left: Type, right: Type) -> Type | None:
    """Return the type that an operator, ``CASE``, ``COALESCE`` or a set operation coerces both to. None: there is none."""
    if left == right:
        return left
    if left.name == "unknown":
        return right
    if right.name == "unknown":
        return left
    if left.is_numeric and right.is_numeric:
        return _common_number(left, right)
    if left.is_text and right.is_text:
        return _common_text(left, right)
    return _common_time(left, right) or _common_nested(left, right)


def _common_number(left: Type, right: Type) -> Type:
    for floating in (DOUBLE, REAL):
        if floating in (left, right):
            return floating
    if left.is_integer and right.is_integer:
        return left if INTEGERS.index(left.name) > INTEGERS.index(right.name) else right
    scale = max(left.scale, right.scale)
    return decimal(min(38, max(left.precision - left.scale, right.precision - right.scale) + scale), scale)


def _common_text(left: Type, right: Type) -> Type:
    """Return the wider text. A char and a varchar are compared as chars."""
    if "char" in {left.name, right.name}:
        lengths = [min(kind.numbers[0], MAX_CHAR) if kind.numbers else MAX_CHAR for kind in (left, right)]
        return Type("char", (max(lengths),))
    return Type("varchar", (max(left.numbers[0], right.numbers[0]),)) if left.numbers and right.numbers else VARCHAR


def _common_time(left: Type, right: Type) -> Type | None:
    """Return the wider moment. A timestamp of another zone than the rest has the values' own zones."""
    order = ("date", "timestamp", "timestamp with time zone")
    if left.name == right.name == "time":
        return Type("time", (max(left.numbers[0], right.numbers[0]),))
    if left.name not in order or right.name not in order:
        return None
    wide, narrow = (left, right) if order.index(left.name) >= order.index(right.name) else (right, left)
    digits = max(wide.numbers[0], narrow.numbers[0] if narrow.numbers else 0)
    return Type(wide.name, (digits,), zone=wide.zone if wide.zone == narrow.zone else "")


def _common_nested(left: Type, right: Type) -> Type | None:
    if left.name != right.name or left.name not in {"array", "map", "row"} or len(left.parts) != len(right.parts):
        return None
    parts = [common_type(a, b) for a, b in zip(left.parts, right.parts, strict=True)]
    if any(part is None for part in parts):
        return None
    names = tuple(a if a == b else None for a, b in zip(left.names, right.names, strict=True))
    return Type(left.name, parts=tuple(part for part in parts if part), names=names)

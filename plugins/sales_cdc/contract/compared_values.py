"""Whether a curated text says what an attribute of DynamoDB holds. Pure: no Airflow, no AWS client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Typed = Mapping[str, Any]
decode = json.JSONDecoder(parse_float=Decimal).decode


def same_text(column: str, source: str | None, curated: str | None, typed: Typed | None) -> bool:
    """Whether a column has the same text on both sides, or one that says the same of the attribute."""
    if source == curated:
        return True
    if column == "rescued_data" and source is not None and curated is not None:
        return _same_rescued(source, curated)
    return _equal_structure(typed, curated)


def _same_rescued(one: str, other: str) -> bool:
    """Whether two texts rescue the same values, whatever the order of members in sets and maps."""
    try:
        left, right = json.loads(one), json.loads(other)
        return bool(
            left.keys() == right.keys() and all(_comparable(left[name]) == _comparable(right[name]) for name in left)
        )
    except (ValueError, TypeError, ArithmeticError, AttributeError):
        return False


def _comparable(typed: Any) -> Any:
    try:
        return comparable(typed)
    except (ValueError, TypeError, ArithmeticError, AttributeError):
        return typed  # none of DynamoDB's values


def comparable(typed: Typed) -> Any:
    """A typed value in a form that equals another's exactly when DynamoDB holds the two for equal."""
    ((tag, value),) = typed.items()
    if tag == "M":
        return tag, {name: comparable(member) for name, member in value.items()}
    if tag == "L":
        return tag, [comparable(member) for member in value]
    if tag in {"SS", "BS", "NS"}:
        return tag, sorted(Decimal(member) if tag == "NS" else member for member in value)
    return tag, Decimal(value) if tag == "N" else value


def _equal_structure(typed: Typed | None, text: Any) -> bool:
    """Whether a number, map, list or set is what the text says, though written in another order or with other digits."""
    if typed is None or not isinstance(text, str) or typed.keys() <= {"S", "B", "BOOL", "NULL"}:
        return False
    try:
        return _same(typed, decode(text))
    except (ValueError, ArithmeticError):
        return False


def _same(typed: Typed, parsed: Any) -> bool:
    ((tag, value),) = typed.items()
    if tag == "M":
        parsed = decode(parsed) if isinstance(parsed, str) else parsed
        return (
            isinstance(parsed, dict)
            and parsed.keys() == value.keys()
            and all(_same(value[name], parsed[name]) for name in value)
        )
    if tag in {"L", "SS", "NS", "BS"}:
        return isinstance(parsed, list) and len(parsed) == len(value) and _same_members(tag, value, parsed)
    if tag == "N":
        return type(parsed) in (int, Decimal) and Decimal(value) == parsed
    return type(parsed) is type(value) and parsed == value if tag != "NULL" else parsed is None


def _same_members(tag: str, value: list[Any], parsed: list[Any]) -> bool:
    if tag == "L":
        return all(map(_same, value, parsed))
    kinds = (int, Decimal) if tag == "NS" else (str,)
    return all(type(member) in kinds for member in parsed) and comparable({tag: value}) == (tag, sorted(parsed))

"""The texts that the curated tables show for the parsed members of a change event.

The plugin has this file by a link: reconciliation has to know the same texts. Standard library only.
"""

from __future__ import annotations

import json
import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache
from typing import Any

_exact = Context(prec=60, traps=[Inexact, InvalidOperation])


def decimal_text(kind: str, number: Decimal) -> str | None:
    """Return a number as a column ``decimal(12,2)`` shows it; None when that does not hold it exactly.

    >>> decimal_text("decimal(12,2)", Decimal("10.5"))
    '10.50'
    """
    precision, scale = _digits(kind)
    try:
        exact = _exact.quantize(number, Decimal(1).scaleb(-scale))
    except ArithmeticError:
        return None
    fits = not exact or exact.adjusted() < precision - scale
    return f"{exact or abs(exact):f}" if fits else None


@cache
def _digits(kind: str) -> tuple[int, int]:
    precision, scale = map(int, re.findall("[0-9]+", kind))
    return precision, scale


def typed_form(value: Any) -> dict[str, Any]:
    """Write a value of a line as DynamoDB types it.

    >>> typed_form([1, "a", None])
    {'L': [{'N': '1'}, {'S': 'a'}, {'NULL': True}]}
    """
    if value is None:
        return {"NULL": True}
    if isinstance(value, dict):
        return {"M": {name: typed_form(member) for name, member in value.items()}}
    if isinstance(value, list):
        return {"L": [typed_form(member) for member in value]}
    if isinstance(value, str | bool):
        return {"S" if isinstance(value, str) else "BOOL": value}
    return {"N": format(value, "f") if isinstance(value, Decimal) else str(value)}  # DynamoDB writes no exponent


def attribute_text(value: Any) -> str | None:
    """Further attributes are texts whatever their type: a type that drifts never fails, and no digit is lost."""
    return value if value is None or isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """JSON, with each number as exact as it was read."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(name)}:{json_text(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)

"""Show values as Athena does in results: every column as text.

Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html. Nested types are shown as ``[a, b]``, ``{name=value}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from local_cloud.athena import quoting
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.texts import leaves_as_text, text_of
from local_cloud.athena.types import Type, parse_type

NOT_FINITE = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_MILLISECONDS_A_DAY = 86_400_000


def shown(value: Typed) -> str:
    """Return SQL that yields the value as text; NULL stays NULL."""
    kind = value.type
    if kind.parts:
        return f"trino_shown_nested(CAST(to_json({leaves_as_text(value)}) AS VARCHAR), {quoting.text(str(kind))})"
    if kind.name in {"double", "real"}:
        return f"trino_shown_floating(CAST({value.sql} AS VARCHAR))"
    if kind.name == "varbinary":
        return f"trino_shown_binary(hex({value.sql}))"
    if kind.name in {"json", "unknown", "uuid"}:
        return value.sql
    return text_of(value)


def floating(text: str) -> str:
    """Write a double as Java's ``Double.toString``: with an exponent below a thousandth and from ten million on."""
    if text in NOT_FINITE:
        return NOT_FINITE[text]
    number = Decimal(text)
    if not number:
        return "-0.0" if text.startswith("-") else "0.0"
    if Decimal("0.001") <= abs(number) < 10_000_000:
        plain = format(number.normalize(), "f")
        return plain if "." in plain else plain + ".0"
    return _with_exponent(number)


def floating_text(text: str) -> str:
    """Write ``CAST(double AS VARCHAR)``: always with an exponent, such as ``1.0E0``."""
    if text in NOT_FINITE:
        return NOT_FINITE[text]
    number = Decimal(text)
    if not number:
        return "-0E0" if text.startswith("-") else "0E0"
    return _with_exponent(number)


def _with_exponent(number: Decimal) -> str:
    """Write one digit, a point, the others or a zero, and the exponent."""
    sign, digits, exponent = number.normalize().as_tuple()
    first, *others = map(str, digits)
    return f"{'-' if sign else ''}{first}.{''.join(others) or '0'}E{int(exponent) + len(digits) - 1}"


def binary(hexadecimal: str) -> str:
    pairs = [hexadecimal[index : index + 2].lower() for index in range(0, len(hexadecimal), 2)]
    return " ".join(pairs)


def interval(amount: int, name: str) -> str:
    sign, amount = ("-" if amount < 0 else ""), abs(amount)
    if name == "interval year to month":
        return f"{sign}{amount // 12}-{amount % 12}"
    days, rest = divmod(amount, _MILLISECONDS_A_DAY)
    seconds, milliseconds = divmod(rest, 1000)
    return f"{sign}{days} {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"


def nested(text: str, kind: str) -> str:
    return _nested(json.loads(text), parse_type(kind))


def _nested(value: Any, kind: Type) -> str:
    if value is None:
        return "null"
    if kind.name == "array":
        return f"[{', '.join(_nested(item, kind.element) for item in value)}]"
    if kind.name == "map":
        entries = [tuple(entry.values()) if isinstance(entry, dict) else tuple(entry) for entry in value]
        return (
            "{"
            + ", ".join(f"{_nested(key, kind.parts[0])}={_nested(item, kind.parts[1])}" for key, item in entries)
            + "}"
        )
    if kind.name == "row":
        fields = [_nested(value[f"f{index}"], part) for index, part in enumerate(kind.parts)]
        return (
            "{"
            + ", ".join(
                f"{name or f'field{index}'}={field}"
                for index, (name, field) in enumerate(zip(kind.names, fields, strict=True))
            )
            + "}"
        )
    if kind.name in {"double", "real"}:
        return floating(str(value))
    return binary(value) if kind.name == "varbinary" else str(value)


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_floating_text", floating_text, ["VARCHAR"], "VARCHAR"),
    ("trino_shown_floating", floating, ["VARCHAR"], "VARCHAR"),
    ("trino_shown_binary", binary, ["VARCHAR"], "VARCHAR"),
    ("trino_shown_interval", interval, ["BIGINT", "VARCHAR"], "VARCHAR"),
    ("trino_shown_nested", nested, ["VARCHAR", "VARCHAR"], "VARCHAR"),
]

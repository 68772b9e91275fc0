"""Functions that DuckDB lacks or has with another meaning, in Python; registered on each query's connection.

A NULL argument gives NULL. What a function cannot do exactly raises ``QueryError``.
"""

from __future__ import annotations

import decimal
import hashlib
import inspect
import re
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any

import duckdb

from local_cloud.athena.sql import display, json_paths, time_formats
from local_cloud.athena.sql.display import NOT_FINITE
from local_cloud.athena.sql.raising import QueryError, fail
from local_cloud.athena.sql.regular_expressions import REGULAR_EXPRESSIONS

_EXACT = decimal.Context(
    prec=100, rounding=decimal.ROUND_HALF_UP, traps=[decimal.InvalidOperation, decimal.DivisionByZero]
)


def quotient(dividend: str, divisor: str, scale: int) -> str:
    """Decimal division rounded half away from zero."""
    if not decimal.Decimal(divisor):
        raise QueryError("DIVISION_BY_ZERO", "Division by zero")
    exact = _EXACT.divide(decimal.Decimal(dividend), decimal.Decimal(divisor))
    rounded = exact.quantize(decimal.Decimal(1).scaleb(-scale), context=_EXACT)
    if len(rounded.as_tuple().digits) > 38:
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return format(rounded, "f")


def product(first: str, second: str) -> str:
    exact = _EXACT.multiply(decimal.Decimal(first), decimal.Decimal(second))
    if len(exact.as_tuple().digits) > 38:
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return format(exact, "f")


def floating_text(text: str) -> str:
    """``CAST(double AS VARCHAR)``: always with an exponent, such as ``1.0E0``."""
    if text in NOT_FINITE:
        return NOT_FINITE[text]
    number = decimal.Decimal(text)
    if not number:
        return "-0E0" if text.startswith("-") else "0E0"
    sign, digits, exponent = number.normalize().as_tuple()
    text_digits = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text_digits[0]}.{text_digits[1:] or '0'}E{int(exponent) + len(digits) - 1}"


def split(text: str, separator: str, limit: int | None) -> list[str]:
    if not separator:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "The delimiter may not be the empty string")
    if limit is not None and limit <= 0:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "Limit must be positive")
    return text.split(separator) if limit is None else text.split(separator, limit - 1)


def format_text(form: str, values: list[str | None]) -> str:
    """Java's ``%s``, ``%d``, ``%x``, ``%.2f`` and ``%,d``; anything else is refused."""
    position = 0

    def shown(match: re.Match[str]) -> str:
        nonlocal position
        flags, letter = match[1], match[2]
        if letter == "%":
            return "%"
        if position >= len(values):
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Format specifier '{match[0]}'")
        value = values[position]
        position += 1
        return _shown(flags, letter, value, match[0])

    return re.sub(r"%([-+ 0,(#\d.$<]*)([a-zA-Z%])", shown, form)


def _shown(flags: str, letter: str, value: str | None, specifier: str) -> str:
    if value is None:
        return "null"
    kind, text = value[0], value[1:]
    fitting = {"s": "sdnf", "d": "d", "x": "d", "f": "nf"}.get(letter, "")
    if (
        kind not in fitting
        or "$" in flags
        or "<" in flags
        or "(" in flags
        or "#" in flags
        or (letter == "s" and kind == "f")
    ):
        raise QueryError(
            "NOT_SUPPORTED",
            f"The format specifier '{specifier}' for this type is not supported by the local cloud's Athena.",
        )
    if letter == "s":
        return f"%{flags}s" % text
    if letter == "d":
        return format(int(text), _python_flags(flags) + "d")
    if letter == "x":
        return format(int(text) & 0xFFFFFFFFFFFFFFFF if text.startswith("-") else int(text), _python_flags(flags) + "x")
    digits = int(flags.partition(".")[2] or 6)
    rounded = decimal.Decimal(text).quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP)
    return format(rounded, _python_flags(flags.partition(".")[0]) + f".{digits}f")


def _python_flags(flags: str) -> str:
    comma = "," if "," in flags else ""
    rest = flags.replace(",", "")
    if rest.startswith("-"):
        rest = "<" + rest[1:]
    return rest + comma


def shift(value: int, count: int, direction: str) -> int:
    if direction == "left":
        moved = (value << count) & (2**64 - 1) if count < 64 else 0
        return moved - 2**64 if moved >= 2**63 else moved
    return (value & (2**64 - 1)) >> count if count < 64 else 0


def to_base(value: int, radix: int) -> str:
    _check_radix(radix)
    digits, number = "", abs(value)
    while number:
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[number % radix] + digits
        number //= radix
    return ("-" if value < 0 else "") + (digits or "0")


def from_base(text: str, radix: int) -> int:
    _check_radix(radix)
    try:
        return int(text, radix)
    except ValueError as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Not a valid base-{radix} number: {text}") from error


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "Radix must be between 2 and 36")


def url_encode(text: str) -> str:
    return urllib.parse.quote_plus(text, safe="*-._").replace("~", "%7E")


_FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_fail", fail, ["VARCHAR"], "VARCHAR"),
    ("trino_decimal_quotient", quotient, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR"),
    ("trino_decimal_product", product, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_floating_text", floating_text, ["VARCHAR"], "VARCHAR"),
    ("trino_replace", str.replace, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_format", format_text, ["VARCHAR", "VARCHAR[]"], "VARCHAR"),
    ("trino_shift", shift, ["BIGINT", "BIGINT", "VARCHAR"], "BIGINT"),
    ("trino_to_base", to_base, ["BIGINT", "BIGINT"], "VARCHAR"),
    ("trino_from_base", from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    ("trino_from_utf8", lambda value: value.decode("utf-8", "replace"), ["BLOB"], "VARCHAR"),
    ("trino_sha512", lambda value: hashlib.sha512(value).digest(), ["BLOB"], "BLOB"),
    ("trino_crc32", zlib.crc32, ["BLOB"], "BIGINT"),
    ("trino_url_encode", url_encode, ["VARCHAR"], "VARCHAR"),
    ("trino_url_decode", urllib.parse.unquote_plus, ["VARCHAR"], "VARCHAR"),
    *REGULAR_EXPRESSIONS,
    *json_paths.FUNCTIONS,
    *display.FUNCTIONS,
    *time_formats.FUNCTIONS,
]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every function known to the connection."""
    for name, function, arguments, result in _FUNCTIONS:
        connection.create_function(
            name, _null_for_null(function, len(arguments)), arguments, result, null_handling="special"
        )
    connection.create_function(
        "trino_split", _split_or_null, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]", null_handling="special"
    )


def _null_for_null(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The function with NULL for any NULL argument; DuckDB counts the parameters of what it is given."""

    def called(*arguments: Any) -> Any:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(f"argument_{index}", kind) for index in range(count)]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return called


def _split_or_null(text: str | None, separator: str | None, limit: int | None) -> list[str] | None:
    """The limit alone may be absent."""
    return None if text is None or separator is None else split(text, separator, limit)

"""Register the functions in Python that DuckDB lacks or has with another meaning, on each connection.

A NULL argument gives NULL. What a function cannot do exactly raises ``QueryError``.
"""

from __future__ import annotations

import decimal
import functools
import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import duckdb

from local_cloud.athena.sql.in_python import (
    bytes_and_urls,
    hashes,
    joda_formats,
    json_paths,
    json_queries,
    statistics,
    time_formats,
    words,
)
from local_cloud.athena.sql.in_python.formats import format_text
from local_cloud.athena.sql.in_python.regular_expressions import REGULAR_EXPRESSIONS
from local_cloud.athena.sql.raising import QueryError, fail
from local_cloud.athena.sql.values import display, time_zones

_EXACT = decimal.Context(
    prec=100, rounding=decimal.ROUND_HALF_UP, traps=[decimal.InvalidOperation, decimal.DivisionByZero]
)


def quotient(dividend: str, divisor: str, scale: int) -> str:
    """Divide decimals, rounded half away from zero."""
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


def truncated(number: str, digits: int) -> str:
    """Cut a decimal off after so many digits behind the point, or before it if there are fewer than none."""
    quantum = decimal.Decimal(1).scaleb(-digits)
    value = decimal.Decimal(number)
    if digits > 38 or -value.as_tuple().exponent <= digits:  # type: ignore[operator]
        return number
    return "0" if digits < -38 else format((value / quantum).to_integral_value(decimal.ROUND_DOWN) * quantum, "f")


def split(text: str, separator: str, limit: int | None) -> list[str]:
    if not separator:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "The delimiter may not be the empty string")
    if limit is not None and limit <= 0:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "Limit must be positive")
    return text.split(separator) if limit is None else text.split(separator, limit - 1)


def split_pairs(text: str, entries: str, pairs: str) -> list[list[str]]:
    """Return the keys and values of ``split_to_map``."""
    for wrong, message in (
        (not entries, "entryDelimiter is empty"),
        (not pairs, "keyValueDelimiter is empty"),
        (entries == pairs, "entryDelimiter and keyValueDelimiter must not be the same"),
    ):
        if wrong:
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
    found: dict[str, str] = {}
    for entry in text.removesuffix(entries).split(entries) if text else []:
        parts = entry.split(pairs)
        if len(parts) != 2:
            message = f"Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
        if parts[0] in found:
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Duplicate keys ({parts[0]}) are not allowed")
        found[parts[0]] = parts[1]
    return [[key, value] for key, value in found.items()]


def levenshtein(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, 1):
        before = row
        row = [number]
        for index, other in enumerate(second):
            row.append(min(before[index + 1] + 1, row[index] + 1, before[index] + (letter != other)))
    return row[-1]


def hamming(first: str, second: str) -> int:
    return sum(a != b for a, b in zip(first, second, strict=True))


def shift(value: int, count: int, direction: str, bits: int) -> int:
    """Move the value's ``bits`` bits; zeros come in."""
    if count >= bits:
        return 0
    mask = (1 << bits) - 1
    moved = (value << count) & mask if direction == "left" else (value & mask) >> count
    return moved - mask - 1 if moved > mask >> 1 else moved


def bit_count(value: int, bits: int) -> int:
    if not 2 <= bits <= 64:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", f"Bits specified in bit_count must be between 2 and 64, got {bits}"
        )
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT",
            f"Number must be representable with the bits specified. {value} cannot be represented with {bits} bits",
        )
    return (value & (1 << bits) - 1).bit_count()


def cube_root(number: float) -> float:
    if not number or not math.isfinite(number):
        return number
    root = _EXACT.power(decimal.Decimal(abs(number)), _EXACT.divide(decimal.Decimal(1), decimal.Decimal(3)))
    return math.copysign(float(root), number)


def width_bucket(operand: float, first: float, second: float, count: int) -> int:
    """Return the number of the bucket of equal width from ``first`` to ``second``. Either may be the lower bound."""
    for wrong, message in (
        (count <= 0, "bucketCount must be greater than 0"),
        (math.isnan(operand), "operand must not be NaN"),
        (not math.isfinite(first), "first bound must be finite"),
        (not math.isfinite(second), "second bound must be finite"),
        (first == second, "bounds cannot equal each other"),
    ):
        if wrong:
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
    lower, upper = sorted((first, second))
    if operand < lower:
        bucket = 0
    elif operand >= upper:
        bucket = count + 1
    else:
        bucket = int(count * (operand - lower) / (upper - lower)) + 1
    return count - bucket + 1 if first > second else bucket


def to_base(value: int, radix: int) -> str:
    _check_radix(radix)
    digits, number = "", abs(value)
    while number:
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[number % radix] + digits
        number //= radix
    return ("-" if value < 0 else "") + (digits or "0")


def from_base(text: str, radix: int) -> int:
    _check_radix(radix)
    match = re.fullmatch("([-+]?)([0-9a-zA-Z]+)", text)
    digits = [int(digit, 36) for digit in match[2]] if match else [radix]
    number = functools.reduce(lambda total, digit: total * radix + digit, digits, 0)
    number = -number if match and match[1] == "-" else number
    if max(digits) >= radix or not -(2**63) <= number < 2**63:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Not a valid base-{radix} number: {text}")
    return number


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "Radix must be between 2 and 36")


_FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_fail", fail, ["VARCHAR"], "VARCHAR"),
    ("trino_decimal_quotient", quotient, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR"),
    ("trino_decimal_product", product, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_truncated", truncated, ["VARCHAR", "BIGINT"], "VARCHAR"),
    ("trino_replace", str.replace, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_split_pairs", split_pairs, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR[][]"),
    ("trino_levenshtein", levenshtein, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("trino_hamming", hamming, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("trino_reverse", lambda text: text[::-1], ["VARCHAR"], "VARCHAR"),
    ("trino_format", format_text, ["VARCHAR", "VARCHAR[]"], "VARCHAR"),
    ("trino_shift", shift, ["BIGINT", "BIGINT", "VARCHAR", "INTEGER"], "BIGINT"),
    ("trino_bit_count", bit_count, ["BIGINT", "BIGINT"], "BIGINT"),
    ("trino_cube_root", cube_root, ["DOUBLE"], "DOUBLE"),
    ("trino_width_bucket", width_bucket, ["DOUBLE", "DOUBLE", "DOUBLE", "BIGINT"], "BIGINT"),
    ("trino_to_base", to_base, ["BIGINT", "BIGINT"], "VARCHAR"),
    ("trino_from_base", from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    *REGULAR_EXPRESSIONS,
    *json_paths.FUNCTIONS,
    *json_queries.FUNCTIONS,
    *display.FUNCTIONS,
    *time_formats.FUNCTIONS,
    *joda_formats.FUNCTIONS,
    *hashes.FUNCTIONS,
    *bytes_and_urls.FUNCTIONS,
    *words.FUNCTIONS,
    *statistics.FUNCTIONS,
    *time_zones.FUNCTIONS,
]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every function known to the connection, and ``trino_refusal``, which tells what one of them has refused."""
    refusals: list[str] = []
    for name, function, arguments, result in _FUNCTIONS:
        called = _null_for_null(function, len(arguments), refusals)
        connection.create_function(name, called, arguments, result, null_handling="special")

    def refusal() -> str | None:
        found = refusals[:1]
        refusals.clear()
        return found[0] if found else None

    connection.create_function("trino_refusal", refusal, [], "VARCHAR", null_handling="special", side_effects=True)
    connection.create_function(
        "trino_split", _split_or_null, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]", null_handling="special"
    )
    connection.create_function(
        "trino_bytes", bytes_and_urls.part_of_bytes, ["BLOB", "BIGINT", "BIGINT"], "BLOB", null_handling="special"
    )


def _null_for_null(function: Callable[..., Any], count: int, refusals: list[str]) -> Callable[..., Any]:
    """Return the function with NULL for any NULL argument. DuckDB counts the parameters of the function it gets.

    A refusal is noted too, because TRY turns every error into NULL.
    """

    def called(*arguments: Any) -> Any:
        if any(argument is None for argument in arguments):
            return None
        try:
            return function(*arguments)
        except QueryError as error:
            if error.name == "NOT_SUPPORTED":
                refusals.append(error.message)
            raise

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(f"argument_{index}", kind) for index in range(count)]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return called


def _split_or_null(text: str | None, separator: str | None, limit: int | None) -> list[str] | None:
    """Split a text; the limit may be NULL without making the result NULL."""
    return None if text is None or separator is None else split(text, separator, limit)

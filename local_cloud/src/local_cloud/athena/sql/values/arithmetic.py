"""Compile arithmetic of numbers as Trino defines it.

Sources: https://trino.io/docs/current/functions/math.html, https://trino.io/docs/current/functions/decimal.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Session, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.temporal import INTERVALS, TIMES, temporal
from local_cloud.athena.types import Type, decimal, duckdb_name

SYMBOLS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


def arithmetic(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    """Compile ``left op right`` for numbers, dates and intervals."""
    symbol = SYMBOLS[type(node)]
    if "unknown" in {left.type.name, right.type.name}:
        left, right = _with_null(symbol, left, right)
    if {left.type.name, right.type.name} & (TIMES | INTERVALS):
        return temporal(session, node, symbol, left, right)
    kind = common_type(left.type, right.type)
    if kind is None or not (kind.is_numeric or kind.name == "unknown"):
        raise session.mismatch(node, f"Cannot apply operator: {left.type} {symbol} {right.type}")
    if kind.name == "decimal":
        return _decimal(session, node, symbol, left, right)
    name = duckdb_name(kind)
    a, b = f"CAST({left.sql} AS {name})", f"CAST({right.sql} AS {name})"
    if kind.is_integer and symbol in {"/", "%"}:
        operator = "//" if symbol == "/" else "%"
        return Typed(
            f"(CASE WHEN {b} = 0 AND {a} IS NOT NULL THEN {_division_by_zero(kind)} ELSE {a} {operator} {b} END)", kind
        )
    return Typed(f"({a} {symbol} {b})", kind)


def _with_null(symbol: str, left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Give a bare NULL the type that makes the operator one that Trino has; several may."""
    known = right.type if left.type.name == "unknown" else left.type
    is_right = right.type.name == "unknown"
    if _is_ambiguous(known, symbol, is_right=is_right):
        message = "Could not choose a best candidate operator. Explicit type casts must be added."
        raise QueryFailedError("AMBIGUOUS_FUNCTION_CALL", message)
    if known.name in {"date", "timestamp", "time"}:
        null = Type("interval day to second" if known.name == "time" else "interval year to month")
    elif known.name in INTERVALS:
        null = Type("double") if symbol in "*/" else known
    else:
        return left, right
    typed = Typed(f"CAST(NULL AS {duckdb_name(null)})", null)
    return (left, typed) if is_right else (typed, right)


def _is_ambiguous(known: Type, symbol: str, *, is_right: bool) -> bool:
    """Say whether operators of several result types take the known type and a bare NULL, which is on the right or not."""
    if known.name in INTERVALS:
        return symbol == "+" or (symbol == "-" and not is_right)
    if known.name == "timestamp":
        return symbol == "-" or known.numbers[0] < 3
    if known.name in {"bigint", "double"}:
        return symbol == "*"
    return known.name in {"unknown", "timestamp with time zone"} or (known.name == "time" and symbol == "-")


def _division_by_zero(kind: Type) -> str:
    return raising("DIVISION_BY_ZERO", "Division by zero", kind)


def _decimal(session: Session, node: exp.Expr, symbol: str, left: Typed, right: Typed) -> Typed:
    """Compile decimal arithmetic with Trino's precision and scale of the result."""
    p1, s1, p2, s2 = *_digits(left.type), *_digits(right.type)
    scale = {"+": max(s1, s2), "-": max(s1, s2), "*": s1 + s2, "/": max(s1, s2), "%": max(s1, s2)}[symbol]
    precision = {
        "+": max(p1 - s1, p2 - s2) + scale + 1,
        "-": max(p1 - s1, p2 - s2) + scale + 1,
        "*": p1 + p2,
        "/": p1 + s2 + max(s2 - s1, 0),
        "%": min(p1 - s1, p2 - s2) + scale,
    }[symbol]
    if scale > 38:
        raise session.mismatch(node, f"DECIMAL scale must be in range [0, precision (38)]: {scale}")
    kind = decimal(max(1, min(38, precision)), scale)
    a, b = coerce(left, decimal(p1, s1)).sql, coerce(right, decimal(p2, s2)).sql
    if symbol == "/":
        return Typed(divided(a, b, kind), kind)
    fits = precision <= 38
    if symbol == "%":
        wide = decimal(38, scale)
        quotient = f"(CASE WHEN {b} = 0 AND {a} IS NOT NULL THEN {_division_by_zero(wide)} ELSE CAST({a} AS {duckdb_name(wide)}) % CAST({b} AS {duckdb_name(wide)}) END)"
        return Typed(f"CAST({quotient} AS {duckdb_name(kind)})", kind)
    if fits:
        return Typed(f"CAST(({a} {symbol} {b}) AS {duckdb_name(kind)})", kind)
    if symbol == "*":
        return Typed(
            f"CAST(trino_decimal_product(CAST({a} AS VARCHAR), CAST({b} AS VARCHAR)) AS {duckdb_name(kind)})", kind
        )
    wide_name = duckdb_name(kind)
    return Typed(f"(CAST({a} AS {wide_name}) {symbol} CAST({b} AS {wide_name}))", kind)


def divided(a: str, b: str, kind: Type) -> str:
    """Divide decimals, rounded half away from zero to the scale of ``kind``. The numbers never pass through a double."""
    return (
        f"CAST(trino_decimal_quotient(CAST({a} AS VARCHAR), CAST({b} AS VARCHAR), {kind.scale}) AS {duckdb_name(kind)})"
    )


def _digits(kind: Type) -> tuple[int, int]:
    return (1, 0) if kind.name == "unknown" else (kind.precision, kind.scale)


def negated(session: Session, node: exp.Expr, value: Typed) -> Typed:
    if not (value.type.is_numeric or value.type.name in INTERVALS):
        raise session.mismatch(node, f"Cannot negate {value.type}")
    if value.type.is_integer:
        return Typed(f"(CAST(0 AS {duckdb_name(value.type)}) - {value.sql})", value.type)
    return Typed(f"(-{value.sql})", value.type)

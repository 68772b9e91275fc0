"""Compile literals, and the moment at which the statement began.

Source: https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.model import Scope, Typed
from local_cloud.athena.sql.values import operators
from local_cloud.athena.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    UNKNOWN,
    VARBINARY,
    Type,
    decimal,
    duckdb_name,
    timestamp_with_zone,
)

MAX_INTEGER, MAX_BIGINT = 2**31 - 1, 2**63 - 1


def _literal(compiler: Compiler, node: exp.Literal, _: Scope) -> Typed:
    text = node.this
    if node.is_string:
        return Typed(quoting.text(text), Type("varchar", (len(text),)))
    if "e" in text.lower():
        return Typed(f"CAST('{text}' AS DOUBLE)", DOUBLE)
    if "." in text:
        whole, _point, fraction = text.partition(".")
        digits = whole.lstrip("0") + fraction
        kind = decimal(max(1, len(digits)), len(fraction))
        return Typed(f"CAST('{whole or '0'}.{fraction or '0'}' AS {duckdb_name(kind)})", kind)
    number = int(text)
    if number > MAX_BIGINT:
        raise compiler.session.invalid(node, f"Invalid numeric literal: {text}")
    kind = INTEGER if number <= MAX_INTEGER else BIGINT
    return Typed(f"CAST({number} AS {duckdb_name(kind)})", kind)


def _negated(compiler: Compiler, node: exp.Neg, scope: Scope) -> Typed:
    """Compile ``-value``. The least integer is a literal of its own, because its digits alone would be a bigint."""
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        for largest, kind in ((MAX_INTEGER, INTEGER), (MAX_BIGINT, BIGINT)):
            if node.this.this == str(largest + 1):
                return Typed(f"CAST('-{node.this.this}' AS {duckdb_name(kind)})", kind)
    return operators.negated(compiler.session, node, compiler.value(node.this, scope))


def _boolean(_compiler: Compiler, node: exp.Boolean, _: Scope) -> Typed:
    return Typed("true" if node.this else "false", BOOLEAN)


def _null(_compiler: Compiler, _node: exp.Null, _: Scope) -> Typed:
    return Typed("NULL", UNKNOWN)


def _binary(_compiler: Compiler, node: exp.HexString, _: Scope) -> Typed:
    if len(node.this) % 2:
        raise QueryFailedError("INVALID_LITERAL", "Binary literal must contain an even number of digits")
    return Typed(f"from_hex('{node.this}')", VARBINARY)


def _now(compiler: Compiler, node: exp.Expr, _: Scope) -> Typed:
    moment = compiler.session.now
    if isinstance(node, exp.CurrentDate):
        return Typed(f"CAST('{moment:%Y-%m-%d}' AS DATE)", DATE)
    kind = Type("timestamp", (3,)) if isinstance(node, exp.Localtimestamp) else timestamp_with_zone(3)
    return Typed(f"CAST('{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}' AS TIMESTAMP)", kind)


def _interval(compiler: Compiler, node: exp.Interval, _: Scope) -> Typed:
    return operators.interval(compiler.session, node)


LITERALS: dict[type[exp.Expr], ExpressionHandler] = {
    exp.Literal: _literal, exp.Neg: _negated, exp.Boolean: _boolean, exp.Null: _null, exp.HexString: _binary, exp.Interval: _interval,
    exp.CurrentDate: _now, exp.CurrentTimestamp: _now, exp.Localtimestamp: _now,
}  # fmt: skip

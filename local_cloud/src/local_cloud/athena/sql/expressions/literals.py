"""Compile literals, and the moment at which the statement began.

Source: https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

import re

from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.model import Scope, Typed
from local_cloud.athena.sql.values.arithmetic import negated
from local_cloud.athena.sql.values.temporal import interval_literal, now
from local_cloud.athena.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    decimal,
    duckdb_name,
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
    return negated(compiler.session, node, compiler.value(node.this, scope))


def _boolean(_compiler: Compiler, node: exp.Boolean, _: Scope) -> Typed:
    return Typed("true" if node.this else "false", BOOLEAN)


def _null(_compiler: Compiler, _node: exp.Null, _: Scope) -> Typed:
    return Typed("NULL", UNKNOWN)


def _binary(_compiler: Compiler, node: exp.HexString, _: Scope) -> Typed:
    if len(node.this) % 2:
        raise QueryFailedError("INVALID_LITERAL", "Binary literal must contain an even number of digits")
    return Typed(f"from_hex('{node.this}')", VARBINARY)


def _now(compiler: Compiler, node: exp.Expr, _: Scope) -> Typed:
    return now(compiler.session.now, type(node).__name__.lower(), 3)


def _user(compiler: Compiler, node: exp.Expr, _: Scope) -> Typed:
    if isinstance(node, exp.CurrentCatalog):
        raise compiler.session.unsupported(node, "current_catalog")
    text = compiler.session.database if isinstance(node, exp.CurrentSchema) else "athena"
    return Typed(quoting.text(text), VARCHAR)


def _unicode(_compiler: Compiler, node: exp.UnicodeString, _: Scope) -> Typed:
    """Compile ``U&'\\00e9'``, in which a backslash and four digits, or a plus and six, name a character."""
    escape = node.args.get("escape")
    sign = re.escape(escape.this if isinstance(escape, exp.Literal) else "\\")

    def shown(match: re.Match[str]) -> str:
        digits = match[1] or match[2]
        return chr(int(digits, 16)) if digits else match[0][0]

    text = re.sub(f"{sign}(?:([0-9a-fA-F]{{4}})|\\+([0-9a-fA-F]{{6}})|{sign})", shown, node.this)
    return Typed(quoting.text(text), Type("varchar", (len(text),)))


def _interval(compiler: Compiler, node: exp.Interval, _: Scope) -> Typed:
    return interval_literal(compiler.session, node)


LITERALS: dict[type[exp.Expr], ExpressionHandler] = {
    exp.Literal: _literal, exp.Neg: _negated, exp.Boolean: _boolean, exp.Null: _null, exp.HexString: _binary, exp.Interval: _interval,
    exp.CurrentDate: _now, exp.CurrentTimestamp: _now, exp.Localtimestamp: _now,
    exp.Localtime: _now, exp.CurrentUser: _user, exp.CurrentCatalog: _user, exp.CurrentSchema: _user, exp.UnicodeString: _unicode,
}  # fmt: skip

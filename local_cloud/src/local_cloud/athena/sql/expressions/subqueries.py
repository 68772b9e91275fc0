"""Compile subqueries in expressions: scalar ones, EXISTS, IN, and comparisons with ANY and ALL.

Source: https://trino.io/docs/current/sql/select.html#subqueries
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.model import Scope, Typed
from local_cloud.athena.sql.values import operators
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import BOOLEAN


def _scalar(compiler: Compiler, node: exp.Subquery, scope: Scope) -> Typed:
    inner = compiler.query(node.this, scope)
    if len(inner.columns) != 1:
        raise compiler.session.unsupported(node, "A scalar subquery with several columns")
    return Typed(f"({inner.sql})", inner.columns[0][1])


def _exists(compiler: Compiler, node: exp.Exists, scope: Scope) -> Typed:
    query = node.this.this if isinstance(node.this, exp.Subquery) else node.this
    return Typed(f"EXISTS ({compiler.query(query, scope).sql})", BOOLEAN)


def member(compiler: Compiler, node: exp.In, scope: Scope) -> Typed:
    """Compile ``value IN (query)``."""
    compared = exp.EQ(this=node.this.copy(), expression=exp.Any(this=node.args["query"].copy()))
    return quantified(compiler, compared, compiler.value(node.this, scope), scope)


def quantified(compiler: Compiler, node: exp.Expr, left: Typed, scope: Scope) -> Typed:
    """Compile ``value op ANY (query)`` and ``value op ALL (query)``."""
    query = node.expression.this
    inner = compiler.query(query.this if isinstance(query, exp.Subquery) else query, scope)
    kind = common_type(left.type, inner.columns[0][1]) if len(inner.columns) == 1 else None
    if kind is None:
        message = f"value and result of subquery must be of the same type for IN expression: {left.type} vs {inner.columns[0][1]}"
        raise compiler.session.mismatch(node, message)
    if kind.parts:
        raise compiler.session.unsupported(node, f"A comparison of {kind} with a subquery")
    word = "ANY" if isinstance(node.expression, exp.Any) else "ALL"
    item = coerce(Typed("c0", inner.columns[0][1]), kind).sql
    symbol = operators.COMPARISONS[type(node)]
    return Typed(f"({coerce(left, kind).sql} {symbol} {word} (SELECT {item} FROM ({inner.sql}) q))", BOOLEAN)


SUBQUERIES: dict[type[exp.Expr], ExpressionHandler] = {exp.Subquery: _scalar, exp.Exists: _exists}

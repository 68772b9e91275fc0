"""Compile subqueries in expressions: scalar ones, EXISTS, IN, and comparisons with ANY and ALL.

Source: https://trino.io/docs/current/sql/select.html#subqueries
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.correlation import check_subquery
from local_cloud.athena.sql.decorrelation import Form
from local_cloud.athena.sql.model import Compiled, Scope, Typed
from local_cloud.athena.sql.values.comparisons import COMPARISONS, compared_as, comparison
from local_cloud.athena.sql.values.composite import row_of
from local_cloud.athena.types import BOOLEAN, DOUBLE, REAL


def _scalar(compiler: Compiler, node: exp.Subquery, scope: Scope) -> Typed:
    inner = _query(compiler, node.this, scope, Form.SCALAR)
    if len(inner.columns) == 1:
        return Typed(f"({inner.sql})", inner.columns[0][1])
    whole = row_of([Typed(f"c{index}", kind) for index, (_, kind) in enumerate(inner.columns)])
    names = tuple(name.lower() if name else None for name, _ in inner.columns)
    return Typed(f"(SELECT {whole.sql} FROM ({inner.sql}) q)", replace(whole.type, names=names))


def _exists(compiler: Compiler, node: exp.Exists, scope: Scope) -> Typed:
    query = node.this.this if isinstance(node.this, exp.Subquery) else node.this
    return Typed(f"EXISTS ({_query(compiler, query, scope, Form.EXISTS).sql})", BOOLEAN)


def _query(compiler: Compiler, query: exp.Expr, scope: Scope, form: Form) -> Compiled:
    inner = compiler.query(query, scope)
    names = [name or "" for name, _ in inner.columns]
    check_subquery(compiler.session, query, scope, form, compiler.dialect.aggregates, names)
    return inner


def member(compiler: Compiler, node: exp.In, scope: Scope) -> Typed:
    """Compile ``value IN (query)``."""
    compared = exp.EQ(this=node.this.copy(), expression=exp.Any(this=node.args["query"].copy()))
    compared.parent, compared.arg_key = node.parent, node.arg_key
    return quantified(compiler, compared, compiler.value(node.this, scope), scope)


def quantified(compiler: Compiler, node: exp.Expr, left: Typed, scope: Scope) -> Typed:
    """Compile ``value op ANY (query)`` and ``value op ALL (query)``."""
    query = node.expression.this
    is_member = type(node) is (exp.EQ if isinstance(node.expression, exp.Any) else exp.NEQ)
    form = Form.MEMBER if is_member else Form.QUANTIFIED
    inner = _query(compiler, query.this if isinstance(query, exp.Subquery) else query, scope, form)
    item = _item(inner, left)
    kind = common_type(left.type, item.type)
    if kind is None:
        message = f"value and result of subquery must be of the same type for IN expression: {left.type} vs {item.type}"
        raise compiler.session.mismatch(node, message)
    word = "ANY" if isinstance(node.expression, exp.Any) else "ALL"
    if kind.parts or kind in (DOUBLE, REAL):
        return _each_compared(compiler, node, left, item, inner)
    symbol = COMPARISONS[type(node)]
    return Typed(
        f"({compared_as(left, kind)} {symbol} {word} (SELECT {compared_as(item, kind)} FROM ({inner.sql}) q))", BOOLEAN
    )


def _item(inner: Compiled, left: Typed) -> Typed:
    """Return the value of a row of the subquery; several columns are a row."""
    columns = [Typed(f"c{index}", kind) for index, (_, kind) in enumerate(inner.columns)]
    return (
        columns[0]
        if len(columns) == 1 and (left.type.name != "row" or columns[0].type.name == "row")
        else row_of(columns)
    )


def _each_compared(compiler: Compiler, node: exp.Expr, left: Typed, item: Typed, inner: Compiled) -> Typed:
    """Compare with every row, in the three-valued logic of nested values and of NaN."""
    found = comparison(compiler.session, type(node)(), left, item).sql
    decisive, otherwise = ("true", "false") if isinstance(node.expression, exp.Any) else ("false", "true")
    answers = f"(SELECT list({found}) FROM ({inner.sql}) q)"
    return Typed(
        f"(CASE WHEN list_contains({answers}, {decisive}) THEN {decisive} "
        f"WHEN len(list_filter({answers}, lambda z: z IS NULL)) > 0 THEN NULL ELSE {otherwise} END)",
        BOOLEAN,
    )


SUBQUERIES: dict[type[exp.Expr], ExpressionHandler] = {exp.Subquery: _scalar, exp.Exists: _exists}

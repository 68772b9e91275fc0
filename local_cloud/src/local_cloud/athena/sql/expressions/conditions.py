"""Compile operators, conditions and CASE.

Sources: https://trino.io/docs/current/functions/comparison.html, https://trino.io/docs/current/functions/logical.html,
https://trino.io/docs/current/functions/conditional.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.expressions.subqueries import member, quantified
from local_cloud.athena.sql.model import Scope, Session, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.arithmetic import SYMBOLS, arithmetic
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.comparisons import COMPARISONS, comparison
from local_cloud.athena.sql.values.composite import unified
from local_cloud.athena.sql.values.concatenation import concatenated
from local_cloud.athena.sql.values.texts import padded
from local_cloud.athena.sql.values.zones import is_zoned
from local_cloud.athena.types import BOOLEAN, DOUBLE, REAL, UNKNOWN


def _operation(operator: Callable[[Session, exp.Expr, Typed, Typed], Typed]) -> ExpressionHandler:
    def compiled(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
        left = compiler.value(node.this, scope)
        node = _with_quantifier(node)
        if isinstance(node.expression, (exp.Any, exp.All)):
            return quantified(compiler, node, left, scope)
        return operator(compiler.session, node, left, compiler.value(node.expression, scope))

    return compiled


def _with_quantifier(node: exp.Expr) -> exp.Expr:
    """Return ``a = ALL (VALUES 1)`` as the parser reads it with a SELECT; of VALUES it makes a call."""
    call = node.expression
    if (
        not isinstance(call, exp.Anonymous)
        or len(call.expressions) != 1
        or not isinstance(call.expressions[0], (exp.Query, exp.Values))
    ):
        return node
    kind = {"ALL": exp.All, "ANY": exp.Any, "SOME": exp.Any}.get(str(call.this).upper())
    return type(node)(this=node.this, expression=kind(this=call.expressions[0])) if kind is not None else node


def _paren(compiler: Compiler, node: exp.Paren, scope: Scope) -> Typed:
    return compiler.value(node.this, scope)


def _not(compiler: Compiler, node: exp.Not, scope: Scope) -> Typed:
    return Typed(f"(NOT {compiler.condition(node.this, scope, 'Value of logical NOT expression')})", BOOLEAN)


def _logical(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
    word = "AND" if isinstance(node, exp.And) else "OR"
    sides = [compiler.condition(side, scope, "Logical expression term") for side in (node.this, node.expression)]
    return Typed(f"({sides[0]} {word} {sides[1]})", BOOLEAN)


def _is(compiler: Compiler, node: exp.Is, scope: Scope) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise compiler.session.invalid(node, "mismatched input. Expecting: 'DISTINCT', 'NOT', 'NULL'")
    return Typed(f"({compiler.value(node.this, scope).sql} IS NULL)", BOOLEAN)


def _between(compiler: Compiler, node: exp.Between, scope: Scope) -> Typed:
    low, high = (
        exp.GTE(this=node.this.copy(), expression=node.args["low"].copy()),
        exp.LTE(this=node.this.copy(), expression=node.args["high"].copy()),
    )
    return Typed(f"({compiler.value(low, scope).sql} AND {compiler.value(high, scope).sql})", BOOLEAN)


def _in(compiler: Compiler, node: exp.In, scope: Scope) -> Typed:
    if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Values):
        node = exp.In(this=node.this, query=node.expressions[0])
    if node.args.get("query") is not None:
        return member(compiler, node, scope)
    value = compiler.value(node.this, scope)
    items = [compiler.value(item, scope) for item in node.expressions]
    kind = unified(compiler.session, node, [value, *items], "IN value and list items")
    if kind.parts or kind in (DOUBLE, REAL) or is_zoned(kind):
        tried = [comparison(compiler.session, exp.EQ(), value, item).sql for item in items]
        return Typed(f"({' OR '.join(tried)})", BOOLEAN)
    listed = ", ".join(coerce(item, kind).sql for item in items)
    return Typed(f"({coerce(value, kind).sql} IN ({listed}))", BOOLEAN)


def _like(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
    escape = None
    if isinstance(node, exp.Escape):
        escape = compiler.value(node.expression, scope)
        node = node.this
    value, pattern = compiler.value(node.this, scope), compiler.value(node.expression, scope)
    for side, what in ((value, "Left side of LIKE expression"), (pattern, "Pattern for LIKE expression")):
        if not side.type.is_text and side.type.name != "unknown":
            raise compiler.session.mismatch(node, f"{what} must evaluate to a varchar (actual: {side.type})")
    if escape is None:
        return Typed(f"({padded(value)} LIKE {padded(pattern)} ESCAPE '')", BOOLEAN)
    return Typed(_like_with_escape(padded(value), padded(pattern), escape.sql), BOOLEAN)


def _like_with_escape(value: str, pattern: str, escape: str) -> str:
    """Check the pattern before LIKE: DuckDB matches literally what Trino refuses."""
    known = functools.reduce(
        lambda rest, sign: f"replace({rest}, {escape} || {sign}, '')", (escape, "'%'", "'_'"), pattern
    )
    long, loose = (
        raising("INVALID_FUNCTION_ARGUMENT", message, BOOLEAN)
        for message in (
            "Escape string must be a single character",
            "Escape character must be followed by ''%'', ''_'' or the escape character itself",
        )
    )
    return (
        f"(CASE WHEN length({escape}) <> 1 THEN {long} WHEN contains({known}, {escape}) THEN {loose} "
        f"ELSE {value} LIKE {pattern} ESCAPE {escape} END)"
    )


def _case(compiler: Compiler, node: exp.Case, scope: Scope) -> Typed:
    subject = node.args.get("this")
    whens = []
    for branch in node.args["ifs"]:
        condition = branch.this if subject is None else exp.EQ(this=subject.copy(), expression=branch.this.copy())
        tested = compiler.condition(condition, scope, "CASE WHEN clause")
        whens.append((tested, compiler.value(branch.args["true"], scope)))
    otherwise = _value_or_null(compiler, node.args.get("default"), scope)
    kind = unified(compiler.session, node, [value for _, value in whens] + [otherwise], "All CASE results")
    branches = " ".join(f"WHEN {condition} THEN {coerce(value, kind).sql}" for condition, value in whens)
    return Typed(f"(CASE {branches} ELSE {coerce(otherwise, kind).sql} END)", kind)


def _if(compiler: Compiler, node: exp.If, scope: Scope) -> Typed:
    condition = compiler.condition(node.this, scope, "IF condition")
    chosen = compiler.value(node.args["true"], scope)
    other = _value_or_null(compiler, node.args.get("false"), scope)
    kind = unified(compiler.session, node, [chosen, other], "Result types for IF")
    return Typed(f"(CASE WHEN {condition} THEN {coerce(chosen, kind).sql} ELSE {coerce(other, kind).sql} END)", kind)


def _value_or_null(compiler: Compiler, node: exp.Expr | None, scope: Scope) -> Typed:
    return compiler.value(node, scope) if node is not None else Typed("NULL", UNKNOWN)


CONDITIONS: dict[type[exp.Expr], ExpressionHandler] = {
    **dict.fromkeys(SYMBOLS, _operation(arithmetic)),
    **dict.fromkeys(COMPARISONS, _operation(comparison)),
    exp.DPipe: _operation(concatenated),
    exp.Paren: _paren, exp.Not: _not, exp.And: _logical, exp.Or: _logical, exp.Is: _is, exp.Between: _between, exp.In: _in,
    exp.Like: _like, exp.Escape: _like, exp.Case: _case, exp.If: _if,
}  # fmt: skip

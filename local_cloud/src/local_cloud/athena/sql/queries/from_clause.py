"""Compile FROM: its relations, and the joins between them.

Source: https://trino.io/docs/current/sql/select.html#from-clause
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.correlation import check_outer_join, check_subquery
from local_cloud.athena.sql.decorrelation import Form
from local_cloud.athena.sql.model import Field, Scope
from local_cloud.athena.sql.queries.set_operations import values_rows
from local_cloud.athena.sql.queries.sources import Source, derived
from local_cloud.athena.sql.queries.tables import table_source
from local_cloud.athena.sql.queries.unnest import unnested
from local_cloud.athena.sql.queries.using import joined_using


def source_of(compiler: Compiler, node: exp.Select, parent: Scope | None) -> Source:
    """Compile `` FROM …``; empty, without a field, when the query has none."""
    clause = node.args.get("from_")
    if clause is None:
        return "", []
    source = _relation(compiler, clause.this, Scope(parent=parent))
    for join in [*(clause.this.args.get("joins") or []), *(node.args.get("joins") or [])]:
        source = _join(compiler, join, source, parent)
    sql, fields = source
    return f" FROM {sql}", fields


def _relation(compiler: Compiler, node: exp.Expr, scope: Scope) -> Source:
    """Compile one relation; ``scope`` has the fields of those before it, which UNNEST and LATERAL see."""
    session = compiler.session
    if isinstance(node, exp.Table):
        return table_source(compiler, node)
    if isinstance(node, exp.Unnest):
        return unnested(compiler, node, scope)
    if isinstance(node, exp.Lateral):
        return _lateral(compiler, node, scope)
    if isinstance(node, exp.Subquery) and _is_relation(node.this):
        return _parenthesised(compiler, node.this, scope)
    if isinstance(node, exp.Values):
        return derived(session, node, values_rows(compiler, node, scope.parent))
    if isinstance(node, exp.Subquery):
        return derived(session, node, compiler.query(node.this, scope.parent))
    raise session.unsupported(node, f"{type(node).__name__} in FROM")


def _lateral(compiler: Compiler, node: exp.Lateral, scope: Scope) -> Source:
    query = node.this.this
    sql, fields = derived(compiler.session, node, compiler.query(query, scope))
    names = [field.name or "" for field in fields]
    check_subquery(compiler.session, query, scope, _form(node), compiler.dialect.aggregates, names)
    return f"LATERAL {sql}", fields


def _form(node: exp.Lateral) -> Form:
    join = node.parent if isinstance(node.parent, exp.Join) else None
    on = join.args.get("on") if join is not None else None
    if on is not None and not (isinstance(on, exp.Boolean) and on.this):
        return Form.CONDITIONAL
    return Form.LEFT if join is not None and join.args.get("side") else Form.INNER


def _is_relation(node: exp.Expr) -> bool:
    """Say whether what parentheses hold is no query: a table, or a join in further parentheses."""
    nested = isinstance(node, exp.Subquery) and (bool(node.args.get("joins")) or _is_relation(node.this))
    return isinstance(node, exp.Table) or nested


def _parenthesised(compiler: Compiler, node: exp.Expr, scope: Scope) -> Source:
    source = _relation(compiler, node, scope)
    for join in node.args.get("joins") or []:
        source = _join(compiler, join, source, scope.parent)
    sql, fields = source
    return f"({sql})", fields


def _join(compiler: Compiler, join: exp.Join, left: Source, parent: Scope | None) -> Source:
    side, kind = (join.args.get("side") or "").upper(), (join.args.get("kind") or "").upper()
    if kind not in {"", "CROSS", "INNER", "OUTER"}:
        raise compiler.session.invalid(join, f"mismatched input '{kind}'")
    _check_sides(compiler, join, side)
    right = _relation(compiler, join.this, Scope(fields=tuple(left[1]), parent=parent))
    for inner in join.this.args.get("joins") or []:
        right = _join(compiler, inner, right, parent)
    if join.args.get("using"):
        return joined_using(compiler.session, join, side, left, right)
    fields = [*left[1], *right[1]]
    if join.args.get("on") is None:
        if kind != "CROSS" and side:
            raise compiler.session.invalid(join, "mismatched input. Expecting: 'ON', 'USING'")
        return f"{left[0]} CROSS JOIN {right[0]}", fields
    condition = compiler.condition(join.args["on"], Scope(fields=tuple(fields), parent=parent), "JOIN ON clause")
    if side and parent is not None:
        check_outer_join(compiler.session, join.args["on"], parent)
    sql = f"{left[0]} {side + ' ' if side else ''}JOIN {right[0]} ON {condition}"
    return sql, _without_origins(fields) if side == "FULL" else fields


def _check_sides(compiler: Compiler, join: exp.Join, side: str) -> None:
    """Refuse outer joins of UNNEST and LATERAL that Trino has not."""
    on = join.args.get("on")
    always = on is None or (isinstance(on, exp.Boolean) and on.this)
    if isinstance(join.this, exp.Unnest) and side and not always:
        message = f"{side} JOIN involving UNNEST is only supported with condition ON TRUE"
        raise compiler.session.invalid(join, message, "NOT_SUPPORTED")
    if isinstance(join.this, (exp.Lateral, exp.Unnest)) and side in {"RIGHT", "FULL"}:
        raise compiler.session.unsupported(
            join.this, f"{side} JOIN of {'LATERAL' if isinstance(join.this, exp.Lateral) else 'UNNEST'}"
        )


def _without_origins(fields: list[Field]) -> list[Field]:
    """Return the fields as a FULL JOIN gives them. No condition on them may leave out a partition of either side."""
    return [replace(field, origin=None) for field in fields]

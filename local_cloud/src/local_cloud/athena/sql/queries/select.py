"""Compile SELECT to DuckDB with columns ``c0``, ``c1``, …

Source: https://trino.io/docs/current/sql/select.html
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler, QueryHandler
from local_cloud.athena.sql.model import Compiled, Field, Scan, Scope, Typed
from local_cloud.athena.sql.parsing.aggregation import is_aggregated
from local_cloud.athena.sql.queries.from_clause import source_of
from local_cloud.athena.sql.queries.grouping import check_distinct, group_by
from local_cloud.athena.sql.queries.items import select_items, with_known_type
from local_cloud.athena.sql.queries.ordering import limits, order_by
from local_cloud.athena.sql.queries.pruning import prune
from local_cloud.athena.sql.values.comparisons import canonical


def _select(compiler: Compiler, node: exp.Select, parent: Scope | None) -> Compiled:
    source, fields = source_of(compiler, node, parent)
    windows = {window.name.lower(): window for window in node.args.get("windows") or []}
    scope = Scope(fields=tuple(fields), parent=parent, windows=windows)
    where = _where(compiler, node, scope)
    group = ""
    if is_aggregated(node, compiler.dialect.aggregates):
        keys, group = group_by(compiler, node, scope)
        scope = replace(scope, groups=keys, aggregates=True)
    items = select_items(compiler, node, scope)
    having = ""
    if (clause := node.args.get("having")) is not None:
        having = " HAVING " + compiler.condition(clause.this, scope, "HAVING clause")
    one_row = scope.aggregates and not group  # DuckDB loses it in a LATERAL with DISTINCT
    distinct = "DISTINCT " if node.args.get("distinct") is not None and not one_row else ""
    if distinct:
        items = [(name, Typed(canonical(value.sql, value.type), value.type)) for name, value in items]
        check_distinct(compiler.session, node, [value.type for _, value in items], maps=True)
    order = order_by(compiler, node, scope, items, only_outputs=bool(distinct))
    chosen = ", ".join(f"{with_known_type(value).sql} AS c{index}" for index, (_, value) in enumerate(items))
    sql = f"SELECT {distinct}{chosen}{source}{where}{group}{having}{order}{limits(compiler.session, node)}"
    columns = tuple((name, value.type) for name, value in items)
    return Compiled(sql, columns, _origins(node, [value for _, value in items], fields))


def _where(compiler: Compiler, node: exp.Select, scope: Scope) -> str:
    clause = node.args.get("where")
    if clause is None:
        return ""
    sql = " WHERE " + compiler.condition(clause.this, scope, "WHERE clause")
    prune(compiler, clause.this, scope)
    return sql


def _origins(node: exp.Select, values: list[Typed], fields: list[Field]) -> tuple[tuple[Scan, str] | None, ...]:
    """Return the partition column behind each output. There is none where leaving out a partition would change other rows."""
    opaque = any(node.args.get(key) for key in ("limit", "offset")) or node.find(exp.Window) is not None
    return tuple(None if opaque else _origin(value, fields) for value in values)


def _origin(value: Typed, fields: list[Field]) -> tuple[Scan, str] | None:
    return next((field.origin for field in fields if field.origin is not None and field.value.sql == value.sql), None)


SELECT: dict[type[exp.Expr], QueryHandler] = {exp.Select: _select}

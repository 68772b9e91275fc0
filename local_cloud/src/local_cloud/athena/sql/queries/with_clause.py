"""Compile WITH: names for queries, known inside the query that declares them.

Source: https://trino.io/docs/current/sql/select.html#with-clause
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler, QueryHandler
from local_cloud.athena.sql.model import Compiled, Scope


def with_named_queries(handler: QueryHandler) -> QueryHandler:
    """Let a query's handler find the queries that its WITH declares."""

    def compiled(compiler: Compiler, node: exp.Expr, parent: Scope | None) -> Compiled:
        outer = dict(compiler.session.common)
        try:
            if (clause := node.args.get("with_")) is not None:
                _define(compiler, clause, parent)
            return handler(compiler, node, parent)
        finally:
            compiler.session.common = outer

    return compiled


def _define(compiler: Compiler, clause: exp.With, parent: Scope | None) -> None:
    if clause.args.get("recursive"):
        raise compiler.session.unsupported(clause, "WITH RECURSIVE")
    defined: set[str] = set()
    for item in clause.expressions:
        name = item.alias.lower()
        if name in defined:
            message = f"WITH query name '{item.alias}' specified more than once"
            raise compiler.session.invalid(item, message, "DUPLICATE_NAMED_QUERY")
        defined.add(name)
        compiler.session.common[name] = _renamed(compiler, item, compiler.query(item.this, parent))


def _renamed(compiler: Compiler, item: exp.CTE, compiled: Compiled) -> Compiled:
    """Return the query with the column names that its alias gives, if it gives any."""
    names = [column.name.lower() for column in item.args["alias"].args.get("columns") or []]
    if not names:
        return compiled
    if len(names) != len(compiled.columns):
        message = f"Column alias list has {len(names)} entries but relation has {len(compiled.columns)} columns"
        raise compiler.session.invalid(item, message, "MISMATCHED_COLUMN_ALIASES")
    columns = tuple((name, kind) for name, (_, kind) in zip(names, compiled.columns, strict=True))
    return replace(compiled, columns=columns)

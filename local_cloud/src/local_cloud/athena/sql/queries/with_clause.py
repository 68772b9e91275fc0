"""Compile WITH: names for queries, known inside the query that declares them.

Source: https://trino.io/docs/current/sql/select.html#with-clause
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler, QueryHandler
from local_cloud.athena.sql.model import Compiled, Scope
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.types import BIGINT

MAX_RECURSION = 10


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
    defined: set[str] = set()
    for item in clause.expressions:
        name = item.alias.lower()
        if name in defined:
            message = f"WITH query name '{item.alias}' specified more than once"
            raise compiler.session.invalid(item, message, "DUPLICATE_NAMED_QUERY")
        defined.add(name)
        if clause.args.get("recursive") and isinstance(item.this, exp.Union) and _refers(item.this.expression, name):
            compiler.session.common[name] = _recursive(compiler, item, parent)
        else:
            compiler.session.common[name] = _renamed(compiler, item, compiler.query(item.this, parent))


def _refers(node: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name and not table.db for table in node.find_all(exp.Table))


def _recursive(compiler: Compiler, item: exp.CTE, parent: Scope | None) -> Compiled:
    """Compile a query that refers to itself. Trino wants UNION ALL, names for the columns, and an end within ten steps."""
    session, union = compiler.session, item.this
    names = [column.name.lower() for column in item.args["alias"].args.get("columns") or []]
    if union.args.get("distinct"):
        raise session.invalid(union, "UNION DISTINCT of a recursive query is not supported", "NOT_SUPPORTED")
    if not names:
        raise session.invalid(item, "missing column aliases in recursive WITH query", "MISSING_COLUMN_ALIASES")
    first = _renamed(compiler, item, compiler.query(union.this, parent))
    view, depth = session.fresh("recursive_"), f"d{len(names)}"
    columns = ", ".join(f"c{index}" for index in range(len(names)))
    session.common[item.alias.lower()] = replace(first, sql=f"SELECT {columns} FROM {view}")
    step = compiler.query(union.expression, parent)
    if len(step.columns) != len(names) or [kind for _, kind in step.columns] != [kind for _, kind in first.columns]:
        message = (
            "recursion step relation output type is not coercible to the output type of the recursion base relation"
        )
        raise session.mismatch(union, message)
    deep = raising(
        "NOT_SUPPORTED",
        f"Recursion depth limit exceeded ({MAX_RECURSION}). Use ''max_recursion_depth'' session property",
        BIGINT,
    )
    level = f"(SELECT max({depth}) FROM {view})"
    sql = (
        f"WITH RECURSIVE {view}({columns}, {depth}) AS (SELECT *, 0 FROM ({first.sql}) b UNION ALL "
        f"SELECT {columns}, {level} + 1 FROM ({step.sql}) s WHERE CASE WHEN {level} >= {MAX_RECURSION} THEN {deep} IS NULL ELSE true END) SELECT {columns} FROM {view}"
    )
    return replace(first, sql=sql, origins=())


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

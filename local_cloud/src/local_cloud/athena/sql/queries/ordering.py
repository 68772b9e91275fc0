"""Compile ORDER BY, LIMIT, OFFSET and FETCH FIRST.

Source: https://trino.io/docs/current/sql/select.html
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.model import Compiled, Scope, Session, Typed
from local_cloud.athena.sql.queries.items import Item
from local_cloud.athena.sql.values.sort_keys import sort_key


def order_by(compiler: Compiler, node: exp.Expr, scope: Scope, items: list[Item], *, only_outputs: bool) -> str:
    """Return `` ORDER BY …``; ``only_outputs``: after DISTINCT, only what is selected can be sorted by."""
    clause = node.args.get("order")
    if clause is None:
        return ""
    outputs: dict[str, Typed | None] = {}
    for name, value in items:
        if name:
            outputs[name.lower()] = None if name.lower() in outputs else value
    sorted_in = replace(scope, outputs=outputs)
    keys = [_key(compiler, part, sorted_in, items, only_outputs=only_outputs) for part in clause.expressions]
    return " ORDER BY " + ", ".join(keys)


def _key(compiler: Compiler, part: exp.Ordered, scope: Scope, items: list[Item], *, only_outputs: bool) -> str:
    node = part.this
    if isinstance(node, exp.Literal) and not node.is_string:
        value = _at_position(compiler.session, node, items)
    else:
        value = compiler.value(node, scope)
    if only_outputs:
        found = [index for index, (_, item) in enumerate(items) if item.sql == value.sql]
        if not found:
            message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
            raise compiler.session.invalid(node, message, "EXPRESSION_NOT_IN_DISTINCT")
        value = Typed(f"c{found[0]}", value.type)
    return sort_key(compiler.session, part, value)


def _at_position(session: Session, node: exp.Literal, items: list[Item]) -> Typed:
    number = int(node.this)
    if not 1 <= number <= len(items):
        raise session.invalid(node, f"ORDER BY position {number} is not in select list", "INVALID_COLUMN_REFERENCE")
    return items[number - 1][1]


def limits(session: Session, node: exp.Expr) -> str:
    """Return `` LIMIT n OFFSET m``, each only when the query has it."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    sql = ""
    if isinstance(limit, exp.Fetch):
        sql += f" LIMIT {_count(session, limit.args['count'], 'FETCH FIRST')}"
    elif limit is not None and not (isinstance(limit.expression, exp.Var) and limit.expression.name.upper() == "ALL"):
        sql += f" LIMIT {_count(session, limit.expression, 'LIMIT')}"
    if offset is not None:
        sql += f" OFFSET {_count(session, offset.expression, 'OFFSET')}"
    return sql


def _count(session: Session, node: exp.Expr | None, what: str) -> int:
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdigit():
        raise session.unsupported(node or exp.Null(), f"{what} with anything but a number")
    return int(node.this)


def sorted_and_limited(compiler: Compiler, node: exp.Expr, inner: Compiled, parent: Scope | None) -> Compiled:
    """Apply the ORDER BY and LIMIT of a set operation or of a query in parentheses to its outputs."""
    if not any(node.args.get(key) for key in ("order", "limit", "offset")):
        return inner
    items: list[Item] = [(name, Typed(f"c{index}", kind)) for index, (name, kind) in enumerate(inner.columns)]
    order = order_by(compiler, node, Scope(parent=parent), items, only_outputs=False)
    names = ", ".join(f"c{index}" for index in range(len(items)))
    sql = f"SELECT {names} FROM ({inner.sql}) q{order}{limits(compiler.session, node)}"
    return replace(inner, sql=sql, origins=())

"""Find what the clauses of a SELECT hold."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sqlglot import exp


def is_empty(query: exp.Select) -> bool:
    """Say whether the query may be known to have no rows, by ``LIMIT 0`` or a condition without columns."""
    where = query.args.get("where")
    found = [] if where is None else parts(where.this)
    return count(query.args.get("limit")) == 0 or any(part.find(exp.Column, exp.Query) is None for part in found)


def conditions(query: exp.Select) -> Iterator[exp.Expr]:
    """Yield the parts of WHERE and of the conditions of inner joins."""
    where = query.args.get("where")
    if where is not None:
        yield from parts(where.this)
    for join in joins(query):
        if not join.args.get("side") and join.args.get("on") is not None:
            yield from parts(join.args["on"])


def parts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from parts(condition.this)
        yield from parts(condition.expression)
    else:
        yield condition


def joins(query: exp.Select) -> list[exp.Join]:
    source = query.args.get("from_")
    inner = [] if source is None else source.this.args.get("joins") or []
    return [*inner, *(query.args.get("joins") or [])]


def relations(query: exp.Select) -> list[exp.Expr]:
    """Return what the query reads from, WITH included."""
    source, common = query.args.get("from_"), query.args.get("with_")
    found = [*(common.expressions if common is not None else []), *([source.this] if source is not None else [])]
    return [*found, *(join.this for join in joins(query))]


def rows(query: exp.Select) -> float:
    """Return the number of rows of the VALUES that the query reads; of anything else there is no bound."""
    read = relations(query)
    held = read[0].this if len(read) == 1 and isinstance(read[0], exp.Subquery) else read[0] if len(read) == 1 else None
    return len(held.expressions) if isinstance(held, exp.Values) else math.inf


def reads_one_row(query: exp.Select) -> bool:
    """Say whether the query has no table, or the row of a VALUES alone. Trino then computes it in the row of the query around."""
    return not relations(query) or rows(query) == 1


def count(limit: exp.Expr | None) -> int | None:
    """Return the number of rows that LIMIT or FETCH FIRST leaves; None without a bound."""
    found = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.args.get("expression") if limit else None
    return int(found.this) if isinstance(found, exp.Literal) and not found.is_string else None


def is_column(item: exp.Expr) -> bool:
    return isinstance(item.unalias(), exp.Column)


def without_casts(node: exp.Expr) -> exp.Expr:
    node = node.unnest()
    while isinstance(node, exp.Cast):
        node = node.this.unnest()
    return node

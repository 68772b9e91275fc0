"""Find out whether a query groups, and what stands inside its aggregates."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp


def is_aggregated(node: exp.Select, aggregates: frozenset[str]) -> bool:
    """Say whether the query groups. It does with GROUP BY, HAVING, or an aggregate outside windows and subqueries."""
    if node.args.get("group") is not None or node.args.get("having") is not None:
        return True
    places = [*node.expressions, *_order(node)]
    return any(next(aggregate_calls(place, aggregates), None) is not None for place in places)


def aggregate_calls(node: exp.Expr, aggregates: frozenset[str]) -> Iterator[exp.Expr]:
    """Yield the outermost calls of aggregates in an expression; those of windows and of subqueries are none."""
    if isinstance(node, exp.Query):
        return
    if (isinstance(node, exp.Filter) and is_aggregate(node.this, aggregates)) or is_aggregate(node, aggregates):
        yield node
    else:
        for child in _children(node):
            yield from aggregate_calls(child, aggregates)


def is_aggregate(node: exp.Expr, aggregates: frozenset[str]) -> bool:
    return isinstance(node, exp.GroupConcat) or (
        isinstance(node, exp.Anonymous) and str(node.this).lower() in aggregates
    )


def _children(node: exp.Expr) -> list[exp.Expr]:
    if not isinstance(node, exp.Window):
        return list(node.iter_expressions())
    inner = node.this
    while isinstance(inner, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        inner = inner.this
    return [*inner.iter_expressions(), *(node.args.get("partition_by") or []), *_order(node)]


def _order(node: exp.Expr) -> list[exp.Expr]:
    order = node.args.get("order")
    return [] if order is None else [order]

"""Compile UNION, EXCEPT, INTERSECT, VALUES and queries in parentheses.

Sources: https://trino.io/docs/current/sql/select.html#union-intersect-except-clause,
https://trino.io/docs/current/sql/values.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.compiler import Compiler, QueryHandler
from local_cloud.athena.sql.model import Compiled, Scope, Session, Typed
from local_cloud.athena.sql.queries.grouping import check_distinct
from local_cloud.athena.sql.queries.ordering import sorted_and_limited
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import Type

_WORDS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


def _set_operation(compiler: Compiler, node: exp.SetOperation, parent: Scope | None) -> Compiled:
    left, right = compiler.query(node.this, parent), compiler.query(node.expression, parent)
    word = _WORDS[type(node)] + ("" if node.args.get("distinct") else " ALL")
    kinds = _column_types(compiler.session, node, left, right)
    if word != "UNION ALL":
        check_distinct(compiler.session, node, kinds)
    sides = [f"SELECT {_coerced(side, kinds)} FROM ({side.sql}) q" for side in (left, right)]
    columns = tuple((name, kind) for (name, _), kind in zip(left.columns, kinds, strict=True))
    return sorted_and_limited(compiler, node, Compiled(f"({sides[0]}) {word} ({sides[1]})", columns), parent)


def _column_types(session: Session, node: exp.SetOperation, left: Compiled, right: Compiled) -> list[Type]:
    word = _WORDS[type(node)]
    if len(left.columns) != len(right.columns):
        message = f"{word} query has different number of fields: {len(left.columns)}, {len(right.columns)}"
        raise session.mismatch(node, message)
    kinds = []
    for number, ((_, a), (_, b)) in enumerate(zip(left.columns, right.columns, strict=True), 1):
        kind = common_type(a, b)
        if kind is None:
            raise session.mismatch(node, f"column {number} in {word} query has incompatible types: {a}, {b}")
        kinds.append(kind)
    return kinds


def _coerced(side: Compiled, kinds: list[Type]) -> str:
    return ", ".join(
        f"{coerce(Typed(f'c{index}', kind), wanted).sql} AS c{index}"
        for index, ((_, kind), wanted) in enumerate(zip(side.columns, kinds, strict=True))
    )


def _parenthesised(compiler: Compiler, node: exp.Subquery, parent: Scope | None) -> Compiled:
    return sorted_and_limited(compiler, node, compiler.query(node.this, parent), parent)


def _values(compiler: Compiler, node: exp.Values, parent: Scope | None) -> Compiled:
    return sorted_and_limited(compiler, node, values_rows(compiler, node, parent), parent)


def values_rows(compiler: Compiler, node: exp.Values, parent: Scope | None) -> Compiled:
    """Compile the rows of ``VALUES`` with the common type of each column."""
    rows = []
    for row in node.expressions:
        items = row.expressions if isinstance(row, exp.Tuple) else [row]
        rows.append(_columns([compiler.value(item, Scope(parent=parent)) for item in items]))
    if len({len(row) for row in rows}) > 1:
        raise compiler.session.mismatch(node, "Values rows have mismatched sizes")
    kinds = [_common(compiler.session, node, [row[index].type for row in rows]) for index in range(len(rows[0]))]
    listed = ", ".join(
        "(" + ", ".join(coerce(value, kind).sql for value, kind in zip(row, kinds, strict=True)) + ")" for row in rows
    )
    names = ", ".join(f"c{index}" for index in range(len(kinds)))
    return Compiled(f"SELECT {names} FROM (VALUES {listed}) v({names})", tuple((None, kind) for kind in kinds))


def _columns(values: list[Typed]) -> list[Typed]:
    """Return the columns of one row of VALUES. An expression of type row is a whole row."""
    if len(values) != 1 or values[0].type.name != "row":
        return values
    return [Typed(f"({values[0].sql}).f{index}", part) for index, part in enumerate(values[0].type.parts)]


def _common(session: Session, node: exp.Expr, kinds: list[Type]) -> Type:
    found = kinds[0]
    for kind in kinds[1:]:
        wider = common_type(found, kind)
        if wider is None:
            raise session.mismatch(node, f"Values rows have mismatched types: {found} vs {kind}")
        found = wider
    return found


SET_OPERATIONS: dict[type[exp.Expr], QueryHandler] = {
    **dict.fromkeys(_WORDS, _set_operation),
    exp.Subquery: _parenthesised,
    exp.Values: _values,
}

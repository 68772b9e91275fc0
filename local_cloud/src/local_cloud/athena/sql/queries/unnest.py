"""Compile UNNEST: arrays and maps as rows.

Source: https://trino.io/docs/current/sql/select.html#unnest
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.model import Field, Scope, Session, Typed
from local_cloud.athena.sql.queries.sources import Source, alias_columns, alias_qualifier, checked_aliases
from local_cloud.athena.types import BIGINT, Type


def unnested(compiler: Compiler, node: exp.Unnest, scope: Scope) -> Source:
    """Compile ``UNNEST(…) WITH ORDINALITY``; ``scope`` has the fields of the relations before it."""
    session = compiler.session
    columns: list[tuple[str, Type]] = []
    labels: list[str | None] = []
    lengths: list[str] = []
    for item in node.expressions:
        value = compiler.value(item, scope)
        lengths.append(f"coalesce({'cardinality' if value.type.name == 'map' else 'len'}({value.sql}), 0)")
        found = _columns(session, item, value)
        columns += found
        labels += value.type.element.names if value.type.element.name == "row" else [None] * len(found)
    if node.args.get("offset"):
        columns.append((f"unnest(range(1, CAST(greatest({', '.join(lengths)}) AS BIGINT) + 1))", BIGINT))
        labels.append(None)
    if names := _names(node):
        labels = checked_aliases(session, node, names, len(columns))
    view = session.fresh("r")
    chosen = ", ".join(f"{sql} AS c{index}" for index, (sql, _) in enumerate(columns))
    qualifier = alias_qualifier(node)
    fields = [
        Field(label.lower() if label else None, Typed(f"{view}.c{index}", kind), qualifier, label=label)
        for index, (label, (_, kind)) in enumerate(zip(labels, columns, strict=True))
    ]
    return f"LATERAL (SELECT {chosen}) {view}", fields


def _names(node: exp.Unnest) -> list[str]:
    """Return the names that the alias gives to the columns; the parser keeps that of the ordinality apart."""
    names = alias_columns(node)
    offset = node.args.get("offset")
    return [*names, offset.name] if names and isinstance(offset, exp.Identifier) else names


def _columns(session: Session, node: exp.Expr, value: Typed) -> list[tuple[str, Type]]:
    """Return the columns that one array or map gives. An array of rows gives a column for each of their fields."""
    if value.type.name == "map":
        return [
            (f"unnest(map_keys({value.sql}))", value.type.parts[0]),
            (f"unnest(map_values({value.sql}))", value.type.parts[1]),
        ]
    if value.type.name != "array":
        raise session.mismatch(node, f"Cannot unnest type: {value.type}")
    element = value.type.element
    if element.name != "row":
        return [(f"unnest({value.sql})", element)]
    return [
        (f"unnest(list_transform({value.sql}, lambda u: u.f{index}))", part) for index, part in enumerate(element.parts)
    ]

"""Describe a part of FROM to the rest of its query: SQL, and the fields that it brings into sight."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from local_cloud.athena.sql.model import Compiled, Field, Session, Typed

Source = tuple[str, list[Field]]


def derived(session: Session, node: exp.Expr, compiled: Compiled) -> Source:
    """Return a query in FROM under its alias."""
    view = session.fresh("r")
    labels = [name for name, _ in compiled.columns]
    if names := alias_columns(node):
        labels = checked_aliases(session, node, names, len(labels))
    origins = compiled.origins or (None,) * len(labels)
    fields = [
        Field(
            label.lower() if label else None,
            Typed(f"{view}.c{index}", kind),
            alias_qualifier(node),
            label=label,
            origin=origins[index],
        )
        for index, (label, (_, kind)) in enumerate(zip(labels, compiled.columns, strict=True))
    ]
    return f"({compiled.sql}) {view}", fields


def alias_columns(node: exp.Expr) -> list[str]:
    """Return the column names that the node's alias gives."""
    alias = node.args.get("alias")
    return [column.name for column in (alias.args.get("columns") or [])] if alias is not None else []


def alias_qualifier(node: exp.Expr) -> tuple[str, ...]:
    """Return the name of the node's alias as a qualifier; empty when it has none."""
    alias = node.args.get("alias")
    return (alias.name.lower(),) if alias is not None and alias.this is not None else ()


def checked_aliases(session: Session, node: exp.Expr, names: list[str], width: int) -> list[str | None]:
    """Return the names when there is one for each column.

    Raises:
        QueryFailedError: MISMATCHED_COLUMN_ALIASES.
    """
    if len(names) != width:
        message = f"Column alias list has {len(names)} entries but relation has {width} columns available"
        raise session.invalid(node, message, "MISMATCHED_COLUMN_ALIASES")
    return list(names)


def qualified(node: exp.Table, source: Source, qualifier: tuple[str, ...]) -> Source:
    """Return the source with its fields under the table's alias, or under its own name when it has none."""
    sql, fields = source
    if node.alias:
        wanted = (node.alias.lower(),)
        if fields and fields[0].qualifier == wanted:
            return sql, fields
        return sql, [replace(field, qualifier=wanted) for field in fields]
    return sql, [replace(field, qualifier=qualifier) for field in fields]

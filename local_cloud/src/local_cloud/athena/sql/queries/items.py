"""Compile the list of a SELECT: expressions with their names, and ``*``."""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.model import Field, Scope, Session, Typed
from local_cloud.athena.types import UNKNOWN

Item = tuple[str | None, Typed]


def select_items(compiler: Compiler, node: exp.Select, scope: Scope) -> list[Item]:
    """Compile what the query selects, each with its name or None."""
    items: list[Item] = []
    for item in node.expressions:
        if is_star(item):
            items += _star(compiler, item, scope)
            continue
        if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Star):
            items += _fields(compiler, item, scope)
            continue
        value = compiler.value(item.unalias(), scope)
        items.append((_label(item), value))
    return items


def is_star(item: exp.Expr) -> bool:
    """Say whether an item is ``*`` or ``t.*``; one that has a star inside, as a subquery may, is not."""
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def _fields(compiler: Compiler, item: exp.Dot, scope: Scope) -> list[Item]:
    """Compile ``row.*``: a column for each field."""
    return _fields_of(compiler, item.this, scope)


def _fields_of(compiler: Compiler, node: exp.Expr, scope: Scope) -> list[Item]:
    base = compiler.value(node, scope)
    if base.type.name != "row":
        raise compiler.session.mismatch(node, f"Expression {node.sql('trino')} is not of type ROW")
    names = base.type.names
    return [(names[index], Typed(f"({base.sql}).f{index}", part)) for index, part in enumerate(base.type.parts)]


def with_known_type(value: Typed) -> Typed:
    """Give a bare NULL the type that DuckDB needs; Trino's is unknown, shown as text."""
    return Typed(f"CAST({value.sql} AS VARCHAR)", UNKNOWN) if value.type == UNKNOWN else value


def _label(item: exp.Expr) -> str | None:
    inner = item.unalias()
    if isinstance(item, exp.Alias):
        return item.alias
    if isinstance(inner, exp.Column):
        return inner.name
    if isinstance(inner, exp.Dot) and _is_name(inner.this):
        return str(inner.expression.name)
    return None


def _is_name(node: exp.Expr) -> bool:
    """Say whether a node is a column, or a field of one; the fields of any other expression give a column no name."""
    return isinstance(node, exp.Column) or (isinstance(node, exp.Dot) and _is_name(node.this))


def _star(compiler: Compiler, item: exp.Expr, scope: Scope) -> list[Item]:
    session = compiler.session
    qualifier = tuple(part.name.lower() for part in item.parts[:-1]) if isinstance(item, exp.Column) else ()
    found = [
        field
        for field in scope.fields
        if not field.hidden and (not qualifier or field.qualifier[-len(qualifier) :] == qualifier)
    ]
    if not found and len(qualifier) > 1 and isinstance(item, exp.Column):  # a relation's column that is a row
        *outer, name = [part.copy() for part in item.parts[:-1]]
        where = dict(zip(("table", "db", "catalog"), reversed(outer), strict=False))
        return _fields_of(compiler, exp.Column(this=name, **where), scope)
    if not found and qualifier:
        raise session.invalid(item, f"Unable to resolve reference {'.'.join(qualifier)}", "TABLE_NOT_FOUND")
    if not found:
        raise session.invalid(item, "SELECT * not allowed in queries without FROM clause", "COLUMN_NOT_FOUND")
    for field in found:
        _require_grouped(session, item, field, scope)
    return [(field.shown, field.value) for field in found]


def _require_grouped(session: Session, item: exp.Expr, field: Field, scope: Scope) -> None:
    if scope.groups is not None and field.value.sql not in scope.groups:
        shown = ".".join((*field.qualifier[-1:], field.name or ""))
        message = f"'{shown}' must be an aggregate expression or appear in GROUP BY clause"
        raise session.invalid(item, message, "EXPRESSION_NOT_AGGREGATE")

"""Compile JOIN … USING: columns of one name on both sides, merged into one.

Source: https://trino.io/docs/current/sql/select.html#joins
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.model import Field, Session, Typed
from local_cloud.athena.sql.queries.sources import Source
from local_cloud.athena.sql.values.casts import coerce


def joined_using(session: Session, join: exp.Join, side: str, left: Source, right: Source) -> Source:
    """Join two sources; ``side`` is LEFT, RIGHT, FULL or empty. The merged columns come first."""
    merged: list[Field] = []
    conditions, taken = [], set()
    for column in join.args["using"]:
        name = column.name.lower()
        if any(field.name == name for field in merged):
            message = f"Column '{column.name}' appears multiple times in USING clause"
            raise session.invalid(column, message, "DUPLICATE_COLUMN_NAME")
        a, b = _named(session, join, name, left[1], "left"), _named(session, join, name, right[1], "right")
        kind = common_type(a.value.type, b.value.type)
        if kind is None:
            message = f"Column type mismatch in JOIN USING: {a.value.type} and {b.value.type}"
            raise session.mismatch(join, message)
        x, y = coerce(a.value, kind).sql, coerce(b.value, kind).sql
        conditions.append(f"{x} = {y}")
        chosen = {"RIGHT": y, "FULL": f"coalesce({x}, {y})"}.get(side, x)
        merged.append(Field(name, Typed(chosen, kind)))
        taken |= {id(a), id(b)}
    rest = [field for field in [*left[1], *right[1]] if id(field) not in taken]
    sql = f"{left[0]} {side + ' ' if side else ''}JOIN {right[0]} ON {' AND '.join(conditions)}"
    return sql, [*merged, *rest]


def _named(session: Session, join: exp.Join, name: str, fields: list[Field], side: str) -> Field:
    found = next((field for field in fields if field.name == name), None)
    if found is None:
        raise session.invalid(join, f"Column '{name}' is missing from {side} side of join", "COLUMN_NOT_FOUND")
    return found

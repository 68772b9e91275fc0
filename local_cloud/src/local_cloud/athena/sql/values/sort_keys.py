"""Compile one key of ORDER BY.

Source: https://trino.io/docs/current/sql/select.html#order-by-clause
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.model import Session, Typed


def sort_key(session: Session, part: exp.Ordered, value: Typed) -> str:
    """Return one sort key; NULLs come last unless the query says otherwise, whatever the direction."""
    if value.type.name in {"map", "json"}:
        raise session.mismatch(part, f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY")
    direction = "DESC" if part.args.get("desc") else "ASC"
    return f"{value.sql} {direction} NULLS {'FIRST' if part.args.get('nulls_first') else 'LAST'}"

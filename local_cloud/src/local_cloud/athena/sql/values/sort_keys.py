"""Compile one key of ORDER BY.

Source: https://trino.io/docs/current/sql/select.html#order-by-clause
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.model import Session, Typed
from local_cloud.athena.sql.values.comparisons import is_orderable
from local_cloud.athena.sql.values.zones import instant


def sort_key(session: Session, part: exp.Ordered, value: Typed) -> str:
    """Return one sort key; NULLs come last unless the query says otherwise, whatever the direction."""
    if not is_orderable(value.type):
        raise session.mismatch(part, f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY")
    direction = "DESC" if part.args.get("desc") else "ASC"
    return f"{instant(value)} {direction} NULLS {'FIRST' if part.args.get('nulls_first') else 'LAST'}"

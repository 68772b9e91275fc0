"""Bring several values together: their common type, and the row that holds them."""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.model import Session, Typed
from local_cloud.athena.types import Type


def unified(session: Session, node: exp.Expr, values: list[Typed], what: str) -> Type:
    """Return the type that all values can be coerced to.

    Raises:
        QueryFailedError: TYPE_MISMATCH; ``what`` begins its message.
    """
    kind = values[0].type
    for value in values[1:]:
        found = common_type(kind, value.type)
        if found is None:
            message = f"{what} must be the same type or coercible to a common type. Cannot find common type between {kind} and {value.type}"
            raise session.mismatch(node, message)
        kind = found
    return kind


def row_of(values: list[Typed]) -> Typed:
    """Return a row of the values, its fields without names."""
    fields = ", ".join(f"f{index} := {value.sql}" for index, value in enumerate(values))
    kind = Type("row", parts=tuple(value.type for value in values), names=(None,) * len(values))
    return Typed(f"struct_pack({fields})", kind)

"""Compile TRY: NULL for an error of the query, and the error itself where the local cloud is the reason."""

from __future__ import annotations

from local_cloud.athena.sql.model import Typed


def tried(value: Typed) -> Typed:
    """Return the value, or NULL where it cannot be computed. A refusal of ours is noted and fails the query at its end."""
    return Typed(f"TRY({value.sql})", value.type)

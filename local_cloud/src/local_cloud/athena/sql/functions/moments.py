"""Check arguments that have to be moments."""

from __future__ import annotations

from local_cloud.athena.sql.functions.call import Call
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.types import DATE

_MOMENTS = {"date", "timestamp", "timestamp with time zone", "time"}


def moment_argument(call: Call, index: int, *, also: tuple[str, ...] = ()) -> Typed:
    """Compile an argument that has to be a moment; a bare NULL is a date."""
    value = call.argument(index)
    if value.type.name == "unknown":
        return Typed("CAST(NULL AS DATE)", DATE)
    if value.type.name not in _MOMENTS | set(also) or (value.type.name == "time" and "time" not in also):
        raise call.mistaken()
    return value

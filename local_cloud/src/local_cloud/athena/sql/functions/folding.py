"""Compile folds over an array with a lambda."""

from __future__ import annotations

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import Type, duckdb_name


def folded(call: Call, base: Typed, start: Typed, step: int) -> Typed:
    """Fold the array with the lambda at ``step``, over pairs of state and item, because DuckDB's own fold starts with the first element."""
    left, right = call.variable("p"), call.variable("q")
    kind = _state_type(call, base, start, step, left, right)
    body = coerce(call.body(step, Typed(f"{left}.s", kind), Typed(f"{right}.i", base.type.element)), kind)
    first = f"struct_pack(s := {coerce(start, kind).sql}, i := CAST(NULL AS {duckdb_name(base.type.element)}))"
    rest = (
        f"list_transform({base.sql}, lambda {right}: struct_pack(s := CAST(NULL AS {duckdb_name(kind)}), i := {right}))"
    )
    found = f"list_reduce(list_concat([{first}], {rest}), lambda {left}, {right}: struct_pack(s := {body.sql}, i := {right}.i)).s"
    return Typed(found, kind)


def _state_type(call: Call, base: Typed, start: Typed, step: int, left: str, right: str) -> Type:
    """Return the type that the start and every step can be coerced to."""
    body = call.body(step, Typed(f"{left}.s", start.type), Typed(f"{right}.i", base.type.element))
    kind = common_type(start.type, body.type)
    if kind is None:
        raise call.mistaken()
    again = call.body(step, Typed(f"{left}.s", kind), Typed(f"{right}.i", base.type.element))
    if common_type(kind, again.type) != kind:
        message = "The type of the state of reduce grows with each step; cast it"
        raise call.session.invalid(call.node, message, "TYPE_MISMATCH")
    return kind

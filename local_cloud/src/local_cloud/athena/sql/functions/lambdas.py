"""Compile functions that take a lambda.

Sources: https://trino.io/docs/current/functions/lambda.html,
https://trino.io/docs/current/functions/array.html
"""

from __future__ import annotations

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.operators import boolean
from local_cloud.athena.types import BOOLEAN, Type, array, duckdb_name


def _base(call: Call, lambdas: int = 1) -> Typed:
    value = call.argument(0)
    if value.type.name != "array" or len(call.nodes) != 1 + lambdas:
        raise call.mistaken([value.type])
    return value


def _transform(call: Call) -> Typed:
    base = _base(call)
    item = call.variable("e")
    body = call.body(1, Typed(item, base.type.element))
    return Typed(f"list_transform({base.sql}, lambda {item}: {body.sql})", array(body.type))


def _predicate(call: Call, base: Typed) -> str:
    item = call.variable("e")
    body = call.body(1, Typed(item, base.type.element))
    return f"lambda {item}: {boolean(call.session, call.node, body, 'Lambda')}"


def _filter(call: Call) -> Typed:
    base = _base(call)
    return Typed(f"list_filter({base.sql}, {_predicate(call, base)})", base.type)


def _match(call: Call) -> Typed:
    """Compile any_match, all_match and none_match in three-valued logic."""
    base = _base(call)
    answers = f"list_transform({base.sql}, {_predicate(call, base)})"
    decisive = "false" if call.name == "all_match" else "true"
    if_found, otherwise = ("true", "false") if call.name == "any_match" else ("false", "true")
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL THEN NULL WHEN list_contains({answers}, {decisive}) THEN {if_found} "
        f"WHEN len(list_filter({answers}, lambda a: a IS NULL)) > 0 THEN NULL ELSE {otherwise} END)",
        BOOLEAN,
    )


def _reduce(call: Call) -> Typed:
    """Compile a fold over pairs of state and item, because DuckDB's own starts with the first element."""
    base, start = _base(call, 3), call.argument(1)
    left, right = call.variable("p"), call.variable("q")
    kind = _state_type(call, base, start, left, right)
    step = coerce(call.body(2, Typed(f"{left}.s", kind), Typed(f"{right}.i", base.type.element)), kind)
    first = f"struct_pack(s := {coerce(start, kind).sql}, i := CAST(NULL AS {duckdb_name(base.type.element)}))"
    rest = (
        f"list_transform({base.sql}, lambda {right}: struct_pack(s := CAST(NULL AS {duckdb_name(kind)}), i := {right}))"
    )
    folded = f"list_reduce(list_concat([{first}], {rest}), lambda {left}, {right}: struct_pack(s := {step.sql}, i := {right}.i)).s"
    result = call.body(3, Typed(left, kind))
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL THEN NULL ELSE list_transform([{folded}], lambda {left}: {result.sql})[1] END)",
        result.type,
    )


def _state_type(call: Call, base: Typed, start: Typed, left: str, right: str) -> Type:
    """Return the type that the start and every step can be coerced to."""
    body = call.body(2, Typed(f"{left}.s", start.type), Typed(f"{right}.i", base.type.element))
    kind = common_type(start.type, body.type)
    if kind is None:
        raise call.mistaken([base.type, start.type])
    return kind


def _zip_with(call: Call) -> Typed:
    first, second = call.argument(0), call.argument(1)
    if len(call.nodes) != 3 or first.type.name != "array" or second.type.name != "array":
        raise call.mistaken([first.type, second.type])
    item = call.variable("e")
    body = call.body(2, Typed(f"{item}.x", first.type.element), Typed(f"{item}.y", second.type.element))
    length = f"greatest(len({first.sql}), len({second.sql}))"
    pairs = f"list_transform(range(1, {length} + 1), lambda {item}: struct_pack(x := ({first.sql})[{item}], y := ({second.sql})[{item}]))"
    missing = f"{first.sql} IS NULL OR {second.sql} IS NULL"
    return Typed(
        f"(CASE WHEN {missing} THEN NULL ELSE list_transform({pairs}, lambda {item}: {body.sql}) END)", array(body.type)
    )


def _sort(call: Call) -> Typed:
    value = call.argument(0)
    if value.type.name != "array":
        raise call.mistaken([value.type])
    if len(call.nodes) != 1:
        raise call.session.unsupported(call.node, "array_sort with a comparator")
    return Typed(f"list_sort({value.sql}, 'ASC', 'NULLS LAST')", value.type)


LAMBDAS: dict[str, Function] = {
    "transform": _transform, "filter": _filter, "any_match": _match, "all_match": _match, "none_match": _match,
    "reduce": _reduce, "zip_with": _zip_with, "array_sort": _sort,
}  # fmt: skip

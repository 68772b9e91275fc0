"""Compile functions that take a lambda.

Sources: https://trino.io/docs/current/functions/lambda.html,
https://trino.io/docs/current/functions/array.html
"""

from __future__ import annotations

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.folding import folded
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.comparisons import boolean, is_orderable
from local_cloud.athena.types import BOOLEAN, INTEGER, array


def _base(call: Call, lambdas: int = 1) -> Typed:
    value = call.argument(0)
    if value.type.name != "array" or len(call.nodes) != 1 + lambdas:
        raise call.mistaken()
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
    base, start = _base(call, 3), call.argument(1)
    state = folded(call, base, start, 2)
    left = call.variable("p")
    result = call.body(3, Typed(left, state.type))
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL THEN NULL ELSE list_transform([{state.sql}], lambda {left}: {result.sql})[1] END)",
        result.type,
    )


def _zip_with(call: Call) -> Typed:
    first, second = call.argument(0), call.argument(1)
    if len(call.nodes) != 3 or first.type.name != "array" or second.type.name != "array":
        raise call.mistaken()
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
        raise call.mistaken()
    if len(call.nodes) == 2:
        return _sorted_by(call, value)
    if len(call.nodes) != 1 or not is_orderable(value.type.element):
        raise call.mistaken()
    return Typed(f"list_sort({value.sql}, 'ASC', 'NULLS LAST')", value.type)


def _sorted_by(call: Call, value: Typed) -> Typed:
    """Sort with a comparator, by the answers that it gives for each pair of positions."""
    first, second = call.variable("e"), call.variable("o")
    body = call.body(1, Typed(first, value.type.element), Typed(second, value.type.element))
    if not body.type.is_integer:
        raise call.mistaken()
    answers = f"list_transform({value.sql}, lambda {first}: list_transform({value.sql}, lambda {second}: CAST({coerce(body, INTEGER).sql} AS INTEGER)))"
    order = f"trino_sorted_positions({answers})"
    position = call.variable("n")
    return Typed(f"list_transform({order}, lambda {position}: ({value.sql})[{position}])", value.type)


LAMBDAS: dict[str, Function] = {
    "transform": _transform, "filter": _filter, "any_match": _match, "all_match": _match, "none_match": _match,
    "reduce": _reduce, "zip_with": _zip_with, "array_sort": _sort,
}  # fmt: skip

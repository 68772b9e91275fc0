"""Array functions.

Source: Trino documentation, *Array functions and operators*.
"""

from __future__ import annotations

from collections.abc import Callable

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.calls import Call
from local_cloud.athena.sql.casts import can_coerce, coerce
from local_cloud.athena.sql.functions.signatures import Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.texts import text_of
from local_cloud.athena.types import BIGINT, BOOLEAN, DATE, INTERVAL_DAY, VARCHAR, Type, array, row


def _array(call: Call, index: int = 0) -> Typed:
    value = call.argument(index)
    if value.type.name != "array":
        raise call.mistaken([item.type for item in call.arguments()])
    return value


def _with_element(call: Call) -> tuple[Typed, Typed]:
    """An array and a value, both brought to a common element type."""
    if len(call.nodes) != 2:
        raise call.mistaken()
    base, item = _array(call), call.argument(1)
    kind = common_type(base.type.element, item.type)
    if kind is None:
        raise call.mistaken([base.type, item.type])
    return coerce(base, array(kind)), coerce(item, kind)


def _pair(call: Call) -> tuple[Typed, Typed]:
    if len(call.nodes) != 2:
        raise call.mistaken()
    first, second = _array(call, 0), _array(call, 1)
    kind = common_type(first.type, second.type)
    if kind is None:
        raise call.mistaken([first.type, second.type])
    return coerce(first, kind), coerce(second, kind)


def _kept(template: str) -> Function:
    def compiled(call: Call) -> Typed:
        value = _array(call)
        if len(call.nodes) != 1:
            raise call.mistaken()
        return Typed(template.format(value.sql), value.type)

    return compiled


def _paired(template: str) -> Function:
    def compiled(call: Call) -> Typed:
        first, second = _pair(call)
        return Typed(
            f"(CASE WHEN {first.sql} IS NULL OR {second.sql} IS NULL THEN NULL ELSE {template.format(first.sql, second.sql)} END)",
            first.type,
        )

    return compiled


def _cardinality(call: Call) -> Typed:
    value = call.argument(0)
    if len(call.nodes) != 1 or value.type.name not in {"array", "map"}:
        raise call.mistaken([item.type for item in call.arguments()])
    return Typed(f"CAST({'len' if value.type.name == 'array' else 'cardinality'}({value.sql}) AS BIGINT)", BIGINT)


def _contains(call: Call) -> Typed:
    """NULL, not false, when the value is not found and the array has a NULL."""
    base, item = _with_element(call)
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL OR {item.sql} IS NULL THEN NULL WHEN list_contains({base.sql}, {item.sql}) THEN true WHEN len(list_filter({base.sql}, lambda e: e IS NULL)) > 0 THEN NULL ELSE false END)",
        BOOLEAN,
    )


def _position(call: Call) -> Typed:
    base, item = _with_element(call)
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL OR {item.sql} IS NULL THEN NULL ELSE CAST(coalesce(list_position({base.sql}, {item.sql}), 0) AS BIGINT) END)",
        BIGINT,
    )


def _remove(call: Call) -> Typed:
    base, item = _with_element(call)
    return Typed(
        f"(CASE WHEN {item.sql} IS NULL THEN NULL ELSE list_filter({base.sql}, lambda e: e IS DISTINCT FROM {item.sql}) END)",
        base.type,
    )


def _extreme(function: str) -> Callable[[Call], Typed]:
    """array_max, array_min: NULL when any element is."""

    def compiled(call: Call) -> Typed:
        value = _array(call)
        return Typed(
            f"(CASE WHEN len(list_filter({value.sql}, lambda e: e IS NULL)) > 0 THEN NULL ELSE {function}({value.sql}) END)",
            value.type.element,
        )

    return compiled


def _join(call: Call) -> Typed:
    """NULL elements are left out unless a text for them is given."""
    values = call.arguments()
    if (
        len(values) not in {2, 3}
        or values[0].type.name != "array"
        or not all(value.type.is_text for value in values[1:])
    ):
        raise call.mistaken([value.type for value in values])
    element = text_of(Typed("e", values[0].type.element)) if values[0].type.element.name != "unknown" else "e"
    items = f"list_transform({values[0].sql}, lambda e: {element})"
    items = (
        f"list_transform({items}, lambda e: coalesce(e, {values[2].sql}))"
        if len(values) == 3
        else f"list_filter({items}, lambda e: e IS NOT NULL)"
    )
    return Typed(
        f"(CASE WHEN {values[0].sql} IS NULL THEN NULL WHEN len({items}) = 0 THEN '' ELSE array_to_string({items}, {values[1].sql}) END)",
        VARCHAR,
    )


def _flatten(call: Call) -> Typed:
    value = _array(call)
    if value.type.element.name != "array":
        raise call.mistaken([value.type])
    return Typed(f"flatten(list_filter({value.sql}, lambda e: e IS NOT NULL))", value.type.element)


def _element_at(call: Call) -> Typed:
    """NULL, not an error, when the position or key is not there."""
    values = call.arguments()
    if len(values) != 2:
        raise call.mistaken([value.type for value in values])
    base, index = values
    if base.type.name == "map" and can_coerce(index.type, base.type.parts[0]):
        return Typed(f"({base.sql})[{coerce(index, base.type.parts[0]).sql}]", base.type.parts[1])
    if base.type.name != "array" or not index.type.is_integer:
        raise call.mistaken([value.type for value in values])
    position = f"CAST({index.sql} AS BIGINT)"
    fail = raising("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1", base.type.element)
    return Typed(f"(CASE WHEN {position} = 0 THEN {fail} ELSE ({base.sql})[{position}] END)", base.type.element)


def _slice(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 3 or values[0].type.name != "array" or not all(value.type.is_integer for value in values[1:]):
        raise call.mistaken([value.type for value in values])
    base, start, length = values[0].sql, f"CAST({values[1].sql} AS BIGINT)", f"CAST({values[2].sql} AS BIGINT)"
    fail = raising("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1", values[0].type)
    negative = raising("INVALID_FUNCTION_ARGUMENT", "length must be greater than or equal to 0", values[0].type)
    first = f"(CASE WHEN {start} < 0 THEN len({base}) + {start} + 1 ELSE {start} END)"
    return Typed(
        f"(CASE WHEN {start} = 0 THEN {fail} WHEN {length} < 0 THEN {negative} WHEN {base} IS NULL OR {start} IS NULL OR {length} IS NULL THEN NULL "
        f"WHEN {first} < 1 OR {length} = 0 THEN list_slice({base}, 1, 0) ELSE list_slice({base}, {first}, {first} + {length} - 1) END)",
        values[0].type,
    )


def _sequence(call: Call) -> Typed:
    values = call.arguments()
    if len(values) in {2, 3} and all(value.type.is_integer for value in values):
        start, stop = (f"CAST({value.sql} AS BIGINT)" for value in values[:2])
        step = (
            f"CAST({values[2].sql} AS BIGINT)"
            if len(values) == 3
            else f"(CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END)"
        )
        return Typed(f"generate_series({start}, {stop}, {step})", array(BIGINT))
    if (
        len(values) in {2, 3}
        and values[0].type == values[1].type == DATE
        and (len(values) == 2 or values[2].type == INTERVAL_DAY)
    ):
        step = f"to_milliseconds({values[2].sql})" if len(values) == 3 else "INTERVAL 1 DAY"
        return Typed(
            f"list_transform(generate_series({values[0].sql}, {values[1].sql}, {step}), lambda e: CAST(e AS DATE))",
            array(DATE),
        )
    raise call.session.unsupported(call.node, f"sequence of {', '.join(str(value.type) for value in values)}")


def _repeat(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 2 or not values[1].type.is_integer:
        raise call.mistaken([value.type for value in values])
    return Typed(
        f"list_transform(range(CAST({values[1].sql} AS BIGINT)), lambda e: {values[0].sql})", array(values[0].type)
    )


def _zip(call: Call) -> Typed:
    values = [_array(call, index) for index in range(len(call.nodes))]
    kind: Type = row([(None, value.type.element) for value in values])
    fields = ", ".join(f"f{index} := ({value.sql})[i]" for index, value in enumerate(values))
    length = f"greatest({', '.join(f'len({value.sql})' for value in values)})"
    missing = " OR ".join(f"{value.sql} IS NULL" for value in values)
    return Typed(
        f"(CASE WHEN {missing} THEN NULL ELSE list_transform(range(1, {length} + 1), lambda i: struct_pack({fields})) END)",
        array(kind),
    )


_DISTINCT = "list_filter({0}, lambda e, i: NOT list_contains(list_transform(({0})[1:i - 1], lambda o: struct_pack(v := o)), struct_pack(v := e)))"

ARRAYS: dict[str, Function] = {
    "cardinality": _cardinality, "contains": _contains, "array_position": _position, "array_remove": _remove,
    "array_max": _extreme("list_max"), "array_min": _extreme("list_min"), "array_join": _join, "flatten": _flatten, "element_at": _element_at,
    "slice": _slice, "sequence": _sequence, "repeat": _repeat, "zip": _zip, "array_distinct": _kept(_DISTINCT),
    "array_union": _paired(_DISTINCT.replace("{0}", "list_concat({0}, {1})")),
    "array_intersect": _paired(_DISTINCT.replace("{0}", "list_filter({0}, lambda x: list_contains(list_transform({1}, lambda o: struct_pack(v := o)), struct_pack(v := x)))")),
    "array_except": _paired(_DISTINCT.replace("{0}", "list_filter({0}, lambda x: NOT list_contains(list_transform({1}, lambda o: struct_pack(v := o)), struct_pack(v := x)))")),
}  # fmt: skip


def _overlap(call: Call) -> Typed:
    first, second = _pair(call)
    found = f"list_has_any({first.sql}, {second.sql})"
    unknown = f"(len(list_filter({first.sql}, lambda e: e IS NULL)) > 0 OR len(list_filter({second.sql}, lambda e: e IS NULL)) > 0)"
    return Typed(f"(CASE WHEN {found} THEN true WHEN {unknown} THEN NULL ELSE {found} END)", BOOLEAN)


ARRAYS["arrays_overlap"] = _overlap

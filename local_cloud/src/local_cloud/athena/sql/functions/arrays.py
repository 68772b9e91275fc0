"""Compile array functions.

Source: https://trino.io/docs/current/functions/array.html
"""

from __future__ import annotations

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.array_parts import ARRAY_PARTS
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.sequences import SEQUENCES
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.comparisons import is_orderable
from local_cloud.athena.sql.values.texts import text_of
from local_cloud.athena.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    REAL,
    VARCHAR,
    Type,
    array,
    mapping,
    row,
)


def _array(call: Call, index: int = 0) -> Typed:
    value = call.argument(index)
    if value.type.name != "array":
        raise call.mistaken()
    return value


def _with_element(call: Call) -> tuple[Typed, Typed]:
    """Compile an array and a value, both coerced to a common element type."""
    if len(call.nodes) != 2:
        raise call.mistaken()
    base, item = _array(call), call.argument(1)
    kind = common_type(base.type.element, item.type)
    if kind is None:
        raise call.mistaken()
    return coerce(base, array(kind)), coerce(item, kind)


def _found(item: Typed, condition: str = "true") -> str:
    """Return the condition, false for NaN: NaN equals nothing in Trino and itself in DuckDB."""
    return f"(NOT isnan({item.sql}) AND {condition})" if item.type in (DOUBLE, REAL) else condition


def _pair(call: Call) -> tuple[Typed, Typed]:
    if len(call.nodes) != 2:
        raise call.mistaken()
    first, second = _array(call, 0), _array(call, 1)
    kind = common_type(first.type, second.type)
    if kind is None:
        raise call.mistaken()
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
        raise call.mistaken()
    return Typed(f"CAST({'len' if value.type.name == 'array' else 'cardinality'}({value.sql}) AS BIGINT)", BIGINT)


def _contains(call: Call) -> Typed:
    """Compile contains: NULL, not false, when the value is not found and the array has a NULL."""
    base, item = _with_element(call)
    found = _found(item, f"list_contains({base.sql}, {item.sql})")
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL OR {item.sql} IS NULL THEN NULL WHEN {found} THEN true WHEN len(list_filter({base.sql}, lambda e: e IS NULL)) > 0 THEN NULL ELSE false END)",
        BOOLEAN,
    )


def _position(call: Call) -> Typed:
    base, item = _with_element(call)
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL OR {item.sql} IS NULL THEN NULL WHEN {_found(item)} THEN CAST(coalesce(list_position({base.sql}, {item.sql}), 0) AS BIGINT) ELSE 0 END)",
        BIGINT,
    )


def _remove(call: Call) -> Typed:
    base, item = _with_element(call)
    return Typed(
        f"(CASE WHEN {item.sql} IS NULL THEN NULL WHEN {_found(item)} THEN list_filter({base.sql}, lambda e: e IS DISTINCT FROM {item.sql}) ELSE {base.sql} END)",
        base.type,
    )


def _extreme(function: str) -> Function:
    """Compile array_max and array_min: NULL when any element is."""

    def compiled(call: Call) -> Typed:
        value = _array(call)
        if len(call.nodes) != 1 or not is_orderable(value.type.element):
            raise call.mistaken()
        found = f"{function}({value.sql})"
        if value.type.element in (DOUBLE, REAL):  # NaN is the answer only when there is no number
            found = f"coalesce({function}(list_filter({value.sql}, lambda e: NOT isnan(e))), {found})"
        return Typed(
            f"(CASE WHEN len(list_filter({value.sql}, lambda e: e IS NULL)) > 0 THEN NULL ELSE {found} END)",
            value.type.element,
        )

    return compiled


def _join(call: Call) -> Typed:
    """Compile array_join: NULL elements are left out unless a text for them is given."""
    values = call.arguments()
    if (
        len(values) not in {2, 3}
        or values[0].type.name != "array"
        or not all(value.type.is_text for value in values[1:])
    ):
        raise call.mistaken()
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
    if value.type.element.name == "unknown":
        return value
    if value.type.element.name != "array":
        raise call.mistaken()
    return Typed(f"flatten(list_filter({value.sql}, lambda e: e IS NOT NULL))", value.type.element)


def _element_at(call: Call) -> Typed:
    """Compile element_at: NULL, not an error, for an unknown position or key."""
    values = call.arguments()
    if len(values) != 2:
        raise call.mistaken()
    base, index = values
    if base.type.name == "map" and (key := common_type(base.type.parts[0], index.type)) is not None:
        base = coerce(base, mapping(key, base.type.parts[1]))
        return Typed(f"({base.sql})[{coerce(index, key).sql}]", base.type.parts[1])
    if base.type.name != "array" or not index.type.is_integer:
        raise call.mistaken()
    position = f"CAST({index.sql} AS BIGINT)"
    fail = raising("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1", base.type.element)
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL THEN NULL WHEN {position} = 0 THEN {fail} ELSE ({base.sql})[{position}] END)",
        base.type.element,
    )


def _slice(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 3 or values[0].type.name != "array" or not all(value.type.is_integer for value in values[1:]):
        raise call.mistaken()
    base, start, length = values[0].sql, f"CAST({values[1].sql} AS BIGINT)", f"CAST({values[2].sql} AS BIGINT)"
    fail = raising("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1", values[0].type)
    negative = raising("INVALID_FUNCTION_ARGUMENT", "length must be greater than or equal to 0", values[0].type)
    first = f"(CASE WHEN {start} < 0 THEN len({base}) + {start} + 1 ELSE {start} END)"
    return Typed(
        f"(CASE WHEN {base} IS NULL OR {start} IS NULL OR {length} IS NULL THEN NULL WHEN {start} = 0 THEN {fail} WHEN {length} < 0 THEN {negative} "
        f"WHEN {first} < 1 OR {length} = 0 THEN list_slice({base}, 1, 0) ELSE list_slice({base}, {first}, {first} + {length} - 1) END)",
        values[0].type,
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
    **ARRAY_PARTS, **SEQUENCES,
    "cardinality": _cardinality, "contains": _contains, "array_position": _position, "array_remove": _remove,
    "array_max": _extreme("list_max"), "array_min": _extreme("list_min"), "array_join": _join, "flatten": _flatten, "element_at": _element_at,
    "slice": _slice, "zip": _zip, "array_distinct": _kept(_DISTINCT),
    "array_union": _paired(_DISTINCT.replace("{0}", "list_concat({0}, {1})")),
    "array_intersect": _paired(_DISTINCT.replace("{0}", "list_filter({0}, lambda x: list_contains(list_transform({1}, lambda o: struct_pack(v := o)), struct_pack(v := x)))")),
    "array_except": _paired(_DISTINCT.replace("{0}", "list_filter({0}, lambda x: NOT list_contains(list_transform({1}, lambda o: struct_pack(v := o)), struct_pack(v := x)))")),
}  # fmt: skip


def _overlap(call: Call) -> Typed:
    first, second = _pair(call)
    found = f"list_has_any({first.sql}, {second.sql})"
    empty = f"len({first.sql}) = 0 OR len({second.sql}) = 0"
    unknown = f"(len(list_filter({first.sql}, lambda e: e IS NULL)) > 0 OR len(list_filter({second.sql}, lambda e: e IS NULL)) > 0)"
    return Typed(
        f"(CASE WHEN {found} THEN true WHEN {empty} THEN {found} WHEN {unknown} THEN NULL ELSE {found} END)", BOOLEAN
    )


ARRAYS["arrays_overlap"] = _overlap

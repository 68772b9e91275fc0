"""Compile map functions.

Source: https://trino.io/docs/current/functions/map.html
"""

from __future__ import annotations

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.collecting import multimap
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.comparisons import boolean
from local_cloud.athena.types import UNKNOWN, Type, array, duckdb_name, mapping, row


def _map_of(call: Call, index: int = 0) -> Typed:
    value = call.argument(index)
    if value.type.name != "map":
        raise call.mistaken()
    return value


def _present(value: Typed, result: str) -> str:
    """Return ``result`` of a map, and NULL of a NULL map, which DuckDB treats as an empty one."""
    return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE {result} END)"


def _map(call: Call) -> Typed:
    values = call.arguments()
    if not values:
        return Typed("MAP {}", mapping(UNKNOWN, UNKNOWN))
    if len(values) != 2 or any(value.type.name != "array" for value in values):
        raise call.mistaken()
    keys, items = values
    kind = mapping(keys.type.element, items.type.element)
    uneven = raising("INVALID_FUNCTION_ARGUMENT", "Key and value arrays must be the same length", kind)
    repeated = raising("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed", kind)
    null = raising("INVALID_FUNCTION_ARGUMENT", "map key cannot be null", kind)
    return Typed(
        f"(CASE WHEN {keys.sql} IS NULL OR {items.sql} IS NULL THEN NULL WHEN len({keys.sql}) <> len({items.sql}) THEN {uneven} "
        f"WHEN len(list_filter({keys.sql}, lambda e: e IS NULL)) > 0 THEN {null} WHEN len(list_distinct({keys.sql})) <> len({keys.sql}) THEN {repeated} "
        f"ELSE map({keys.sql}, {items.sql}) END)",
        kind,
    )


def _keys(call: Call) -> Typed:
    value = _map_of(call)
    return Typed(_present(value, f"map_keys({value.sql})"), array(value.type.parts[0]))


def _values(call: Call) -> Typed:
    value = _map_of(call)
    return Typed(_present(value, f"map_values({value.sql})"), array(value.type.parts[1]))


def _entries(call: Call) -> Typed:
    value = _map_of(call)
    kind = row([(None, part) for part in value.type.parts])
    entries = f"list_transform(map_entries({value.sql}), lambda e: struct_pack(f0 := e.key, f1 := e.value))"
    return Typed(_present(value, entries), array(kind))


def _from_entries(call: Call) -> Typed:
    value = call.argument(0)
    if value.type.name != "array" or value.type.element.name != "row" or len(value.type.element.parts) != 2:
        raise call.mistaken()
    kind = mapping(*value.type.element.parts)
    repeated = raising("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed", kind)
    keys = f"list_transform({value.sql}, lambda e: e.f0)"
    null = raising("INVALID_FUNCTION_ARGUMENT", "map key cannot be null", kind)
    absent = raising("INVALID_FUNCTION_ARGUMENT", "map entry cannot be null", kind)
    return Typed(
        f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN len(list_filter({value.sql}, lambda e: e IS NULL)) > 0 THEN {absent} "
        f"WHEN len(list_filter({keys}, lambda e: e IS NULL)) > 0 THEN {null} WHEN len(list_distinct({keys})) <> len({keys}) THEN {repeated} "
        f"ELSE map({keys}, list_transform({value.sql}, lambda e: e.f1)) END)",
        kind,
    )


def _concat(call: Call) -> Typed:
    values = [_map_of(call, index) for index in range(len(call.nodes))]
    kind = values[0].type
    for value in values[1:]:
        common = common_type(kind, value.type)
        if common is None:
            raise call.mistaken()
        kind = common
    values = [coerce(value, kind) for value in values]
    missing = " OR ".join(f"{value.sql} IS NULL" for value in values)
    return Typed(
        f"(CASE WHEN {missing} THEN NULL ELSE map_concat({', '.join(value.sql for value in values)}) END)",
        kind,
    )


def _entry_lambda(call: Call, value: Typed) -> tuple[str, Typed]:
    """Return a variable for one entry, and the body of the lambda over its key and value."""
    if len(call.nodes) != 2:
        raise call.mistaken()
    entry = call.variable("e")
    return entry, call.body(1, Typed(f"{entry}.key", value.type.parts[0]), Typed(f"{entry}.value", value.type.parts[1]))


def _filter(call: Call) -> Typed:
    value = _map_of(call)
    entry, body = _entry_lambda(call, value)
    kept = f"map_from_entries(list_filter(map_entries({value.sql}), lambda {entry}: {boolean(call.session, call.node, body, 'Lambda')}))"
    return Typed(_present(value, kept), value.type)


def _transform_values(call: Call) -> Typed:
    value = _map_of(call)
    entry, body = _entry_lambda(call, value)
    kind = mapping(value.type.parts[0], body.type)
    return Typed(_rebuilt(value, entry, f"{entry}.key", body.sql, kind), kind)


def _transform_keys(call: Call) -> Typed:
    value = _map_of(call)
    entry, body = _entry_lambda(call, value)
    kind = mapping(body.type, value.type.parts[1])
    keys = f"list_transform(map_entries({value.sql}), lambda {entry}: {body.sql})"
    repeated = raising("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed", kind)
    null = raising("INVALID_FUNCTION_ARGUMENT", "map key cannot be null", kind)
    rebuilt = _rebuilt(value, entry, body.sql, f"{entry}.value", kind)
    return Typed(
        f"(CASE WHEN len(list_filter({keys}, lambda e: e IS NULL)) > 0 THEN {null} "
        f"WHEN len(list_distinct({keys})) <> len({keys}) THEN {repeated} ELSE {rebuilt} END)",
        kind,
    )


def _rebuilt(value: Typed, entry: str, key: str, item: str, kind: Type) -> str:
    entries = f"map_entries({value.sql})"
    rebuilt = f"CAST(map(list_transform({entries}, lambda {entry}: {key}), list_transform({entries}, lambda {entry}: {item})) AS {duckdb_name(kind)})"
    return _present(value, rebuilt)


def _zip_with(call: Call) -> Typed:
    """Compile map_zip_with over the keys of both maps, those of the first one first."""
    if len(call.nodes) != 3:
        raise call.mistaken()
    first, second = _map_of(call, 0), _map_of(call, 1)
    key = common_type(first.type.parts[0], second.type.parts[0])
    if key is None:
        raise call.mistaken()
    a, b = (coerce(value, mapping(key, value.type.parts[1])) for value in (first, second))
    item = call.variable("e")
    body = call.body(
        2, Typed(item, key), Typed(f"({a.sql})[{item}]", a.type.parts[1]), Typed(f"({b.sql})[{item}]", b.type.parts[1])
    )
    more = f"list_filter(map_keys({b.sql}), lambda k: NOT map_contains({a.sql}, k))"
    keys = f"list_concat(map_keys({a.sql}), {more})"
    kind = mapping(key, body.type)
    built = f"CAST(map({keys}, list_transform({keys}, lambda {item}: {body.sql})) AS {duckdb_name(kind)})"
    return Typed(f"(CASE WHEN {a.sql} IS NULL OR {b.sql} IS NULL THEN NULL ELSE {built} END)", kind)


def _multimap_from_entries(call: Call) -> Typed:
    value = call.argument(0)
    if (
        len(call.nodes) != 1
        or value.type.name != "array"
        or value.type.element.name != "row"
        or len(value.type.element.parts) != 2
    ):
        raise call.mistaken()
    key, item = value.type.element.parts
    kind = mapping(key, array(item))
    null, absent = (
        raising("INVALID_FUNCTION_ARGUMENT", message, kind)
        for message in ("map key cannot be null", "map entry cannot be null")
    )
    entries = f"list_transform({value.sql}, lambda e: struct_pack(k := e.f0, v := e.f1))"
    return Typed(
        f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN len(list_filter({value.sql}, lambda e: e IS NULL)) > 0 THEN {absent} "
        f"WHEN len(list_filter({value.sql}, lambda e: e.f0 IS NULL)) > 0 THEN {null} ELSE {multimap(entries)} END)",
        kind,
    )


MAPS: dict[str, Function] = {
    "map": _map, "map_keys": _keys, "map_values": _values, "map_entries": _entries, "map_from_entries": _from_entries,
    "map_concat": _concat, "map_filter": _filter, "transform_values": _transform_values, "transform_keys": _transform_keys,
    "map_zip_with": _zip_with, "multimap_from_entries": _multimap_from_entries,
}  # fmt: skip

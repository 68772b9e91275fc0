"""Compile aggregate functions that gather values: into arrays, maps, texts, checksums, or by a lambda.

Source: https://trino.io/docs/current/functions/aggregate.html
"""

from __future__ import annotations

from local_cloud.athena import quoting
from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.folding import folded
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.texts import leaves_as_text
from local_cloud.athena.types import BIGINT, VARBINARY, VARCHAR, array, mapping


def _array_agg(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    value = call.argument(0)
    if call.distinct and not call.order:
        return Typed(_distinct(call, value), array(value.type))
    return Typed(call.aggregate("array_agg", value.sql), array(value.type))


def _distinct(call: Call, value: Typed) -> str:
    """Return the distinct values in the order in which they came; each is boxed, so that NULL counts as one."""
    call.distinct = False
    boxes = call.aggregate("list", f"struct_pack(v := {value.sql})")
    placed = f"list_transform(list_distinct({boxes}), lambda e: struct_pack(n := list_position({boxes}, e), e := e))"
    return f"list_transform(list_sort({placed}), lambda e: e.e.v)"


def _listagg(call: Call) -> Typed:
    return Typed(call.aggregate("string_agg", *call.expect(VARCHAR, VARCHAR)), VARCHAR)


def _pairs(call: Call) -> tuple[list[Typed], str]:
    """Return key and value, and the list of their pairs that have a key."""
    values = call.arguments()
    if len(values) != 2:
        raise call.mistaken()
    entry = f"struct_pack(k := {values[0].sql}, v := {values[1].sql})"
    return values, f"list_filter({call.aggregate('array_agg', entry)}, lambda e: e.k IS NOT NULL)"


def _map_agg(call: Call) -> Typed:
    """Compile a map with one entry a key, or NULL. Of repeated keys Trino keeps any value, and this the first."""
    values, kept = _pairs(call)
    return Typed(_first_of_each(kept), mapping(values[0].type, values[1].type))


def _first_of_each(entries: str) -> str:
    keys = f"list_transform({entries}, lambda e: e.k)"
    first = f"list_filter({entries}, lambda e, i: list_position({keys}, e.k) = i)"
    return f"(CASE WHEN len({entries}) > 0 THEN map_from_entries({first}) END)"


def _multimap_agg(call: Call) -> Typed:
    values, kept = _pairs(call)
    return Typed(
        f"(CASE WHEN len({kept}) > 0 THEN {multimap(kept)} END)", mapping(values[0].type, array(values[1].type))
    )


def multimap(entries: str) -> str:
    """Return a map from each key of entries ``k`` and ``v`` to the list of its values."""
    keys = f"list_transform({entries}, lambda e: e.k)"
    first = f"list_filter({keys}, lambda e, i: list_position({keys}, e) = i)"
    values = (
        f"list_transform({first}, lambda k: list_transform(list_filter({entries}, lambda e: e.k = k), lambda e: e.v))"
    )
    return f"map({first}, {values})"


def _map_union(call: Call) -> Typed:
    """Compile the union of maps; of repeated keys Trino keeps any value, and this the first."""
    value = call.argument(0)
    if len(call.nodes) != 1 or value.type.name != "map":
        raise call.mistaken()
    maps = f"list_filter({call.aggregate('list', value.sql)}, lambda m: m IS NOT NULL)"
    entries = f"flatten(list_transform({maps}, lambda m: list_transform(map_entries(m), lambda e: struct_pack(k := e.key, v := e.value))))"
    return Typed(f"(CASE WHEN len({maps}) > 0 THEN coalesce({_first_of_each(entries)}, {maps}[1]) END)", value.type)


def _histogram(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    value = call.argument(0)
    entries = f"map_entries({call.aggregate('histogram', value.sql)})"
    counts = f"list_transform({entries}, lambda e: struct_pack(k := e.key, v := CAST(e.value AS BIGINT)))"
    return Typed(
        f"(CASE WHEN {call.aggregate('count', value.sql)} > 0 THEN map_from_entries({counts}) END)",
        mapping(value.type, BIGINT),
    )


def _reduce_agg(call: Call) -> Typed:
    """Compile reduce_agg as one fold over the values that are not NULL. The fourth argument joins parts, of which there is one."""
    if len(call.nodes) != 4:
        raise call.mistaken()
    value, start = call.argument(0), call.argument(1)
    values = f"list_filter({call.aggregate('list', value.sql)}, lambda e: e IS NOT NULL)"
    found = folded(call, Typed(values, array(value.type)), start, 2)
    if common_type(found.type, call.body(3, found, found).type) is None:
        raise call.mistaken()
    return Typed(f"(CASE WHEN len({values}) > 0 THEN {found.sql} END)", found.type)


def _checksum(call: Call) -> Typed:
    """Compile checksum: a sum of hashes, in any order of the rows."""
    if len(call.nodes) != 1:
        raise call.mistaken()
    value = call.argument(0)
    text = f"to_json(struct_pack(v := {leaves_as_text(value)}))"
    listed = call.aggregate("list", f"CAST({text} AS VARCHAR)")
    return Typed(f"trino_checksum({listed}, {quoting.text(str(value.type))})", VARBINARY)


COLLECTING: dict[str, Function] = {
    "array_agg": _array_agg, "listagg": _listagg, "map_agg": _map_agg, "multimap_agg": _multimap_agg, "map_union": _map_union,
    "histogram": _histogram, "reduce_agg": _reduce_agg, "checksum": _checksum,
}  # fmt: skip

"""Compile functions that cut arrays into parts, count their elements, or look for one array in another.

Source: https://trino.io/docs/current/functions/array.html
"""

from __future__ import annotations

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import BIGINT, BOOLEAN, Type, array, duckdb_name, mapping


def _array_and_number(call: Call) -> tuple[Typed, str]:
    if len(call.nodes) != 2:
        raise call.mistaken()
    base, number = call.argument(0), call.argument(1)
    if base.type.name != "array" or not number.type.is_integer:
        raise call.mistaken()
    return base, f"CAST({number.sql} AS BIGINT)"


def _unless(bad: str, message: str, kind: Type, otherwise: str) -> str:
    return f"(CASE WHEN {bad} THEN {raising('INVALID_FUNCTION_ARGUMENT', message, kind)} ELSE {otherwise} END)"


def _shuffle(call: Call) -> Typed:
    base = call.argument(0)
    if len(call.nodes) != 1 or base.type.name != "array":
        raise call.mistaken()
    placed = f"list_transform({base.sql}, lambda e: struct_pack(n := random(), v := e))"
    return Typed(f"list_transform(list_sort({placed}), lambda e: e.v)", base.type)


def _trim_array(call: Call) -> Typed:
    base, count = _array_and_number(call)
    size = f"len({base.sql})"
    negative = _unless(f"{count} < 0", "size must not be negative", base.type, f"({base.sql})[1 : {size} - {count}]")
    message = f"size must not exceed array cardinality ' || {size} || ': ' || {count} || '"
    return Typed(_unless(f"{count} > {size}", message, base.type, negative), base.type)


def _ngrams(call: Call) -> Typed:
    """Compile ngrams: every run of so many elements, or the whole array if it is shorter."""
    base, count = _array_and_number(call)
    kind = array(base.type)
    size = f"len({base.sql})"
    runs = (
        f"list_transform(range(1, greatest({size} - {count} + 1, 1) + 1), lambda n: ({base.sql})[n : n + {count} - 1])"
    )
    found = f"(CASE WHEN {base.sql} IS NOT NULL THEN {runs} END)"
    return Typed(_unless(f"{count} <= 0", "N must be positive", kind, found), kind)


def _combinations(call: Call) -> Typed:
    base, count = _array_and_number(call)
    kind = array(base.type)
    chosen = f"trino_combinations(len({base.sql}), {count})"
    picked = f"list_transform({chosen}, lambda c: list_transform(c, lambda n: ({base.sql})[n]))"
    found = f"(CASE WHEN {base.sql} IS NOT NULL THEN CAST({picked} AS {duckdb_name(kind)}) END)"
    return Typed(_unless(f"{count} NOT BETWEEN 0 AND 5", "combination size must be between 0 and 5", kind, found), kind)


def _contains_sequence(call: Call) -> Typed:
    if len(call.nodes) != 2:
        raise call.mistaken()
    values = call.arguments()
    kind = common_type(values[0].type, values[1].type)
    if kind is None or kind.name != "array":
        raise call.mistaken()
    whole, part = (coerce(value, kind).sql for value in values)
    runs = f"list_transform(range(1, len({whole}) - len({part}) + 2), lambda n: ({whole})[n : n + len({part}) - 1])"
    found = f"(len({part}) = 0 OR len(list_filter({runs}, lambda r: r = {part})) > 0)"
    return Typed(f"(CASE WHEN {whole} IS NULL OR {part} IS NULL THEN NULL ELSE {found} END)", BOOLEAN)


def _histogram(call: Call) -> Typed:
    base = call.argument(0)
    if len(call.nodes) != 1 or base.type.name != "array":
        raise call.mistaken()
    kind = mapping(base.type.element, BIGINT)
    items = f"list_filter({base.sql}, lambda e: e IS NOT NULL)"
    distinct = f"list_filter({items}, lambda e, i: list_position({items}, e) = i)"
    entries = f"list_transform({distinct}, lambda e: struct_pack(k := e, v := CAST(len(list_filter({items}, lambda o: o = e)) AS BIGINT)))"
    return Typed(
        f"(CASE WHEN {base.sql} IS NOT NULL THEN CAST(map_from_entries({entries}) AS {duckdb_name(kind)}) END)", kind
    )


ARRAY_PARTS: dict[str, Function] = {
    "shuffle": _shuffle, "trim_array": _trim_array, "ngrams": _ngrams, "combinations": _combinations, "contains_sequence": _contains_sequence,
    "array_histogram": _histogram,
}  # fmt: skip

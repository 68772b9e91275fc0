"""Compile aggregate functions with Trino's result types and treatment of NULL.

Source: https://trino.io/docs/current/functions/aggregate.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.collecting import COLLECTING
from local_cloud.athena.sql.functions.statistics import STATISTICS
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.arithmetic import divided
from local_cloud.athena.sql.values.comparisons import canonical, holds_unequal, is_orderable
from local_cloud.athena.sql.values.zones import instant
from local_cloud.athena.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    REAL,
    Type,
    array,
    decimal,
)


def _one(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    return call.argument(0)


def _count(call: Call) -> Typed:
    if not call.nodes or isinstance(call.nodes[0], exp.Star):
        return Typed(f"count(*){call.suffix}", BIGINT)
    value = _one(call)
    counted = canonical(instant(value), value.type) if call.distinct else value.sql
    return Typed(call.aggregate("count", counted), BIGINT)


def _count_if(call: Call) -> Typed:
    (value,) = call.expect(BOOLEAN)
    return Typed(call.aggregate("count", f"CASE WHEN {value} THEN 1 END"), BIGINT)


def _sum(call: Call) -> Typed:
    value = _one(call)
    if value.type.is_integer:
        return Typed(f"CAST({call.aggregate('sum', value.sql)} AS BIGINT)", BIGINT)
    if value.type.name == "decimal":
        kind = decimal(38, value.type.scale)
        return Typed(f"CAST({call.aggregate('sum', value.sql)} AS DECIMAL(38,{value.type.scale}))", kind)
    if value.type in (DOUBLE, REAL):
        total = call.aggregate("sum", value.sql)
        return Typed(total if value.type == DOUBLE else f"CAST({total} AS FLOAT)", value.type)
    if value.type in (INTERVAL_DAY, INTERVAL_YEAR):
        return Typed(f"CAST({call.aggregate('sum', value.sql)} AS BIGINT)", value.type)
    raise call.mistaken()


def _avg(call: Call) -> Typed:
    value = _one(call)
    if value.type.name == "decimal":
        total, count = call.aggregate("sum", value.sql), call.aggregate("count", value.sql)
        return Typed(
            f"(CASE WHEN {count} = 0 THEN NULL ELSE {divided(total, count, value.type)} END)",
            value.type,
        )
    if value.type.is_integer or value.type == DOUBLE:
        return Typed(call.aggregate("avg", f"CAST({value.sql} AS DOUBLE)"), DOUBLE)
    if value.type == REAL:
        return Typed(f"CAST({call.aggregate('avg', value.sql)} AS FLOAT)", REAL)
    raise call.mistaken()


def _extreme(call: Call) -> Typed:
    values = call.arguments()
    if len(values) == 2 and values[1].type.is_integer and is_orderable(values[0].type):
        return _several(call, *values)
    if len(values) != 1 or not is_orderable(values[0].type):
        raise call.mistaken()
    found = _of_numbers(call, values[0])
    if values[0].type.parts:
        message = f"{values[0].type.name.upper()} comparison not supported for values with NULL or NaN by the local cloud''s Athena"
        fail = raising("NOT_SUPPORTED", message, values[0].type)
        unequal = call.aggregate("bool_or", holds_unequal(values[0].sql, values[0].type))
        found = f"(CASE WHEN {unequal} THEN {fail} ELSE {found} END)"
    return Typed(found, values[0].type)


def _several(call: Call, value: Typed, count: Typed) -> Typed:
    """Compile ``max(x, n)``: the n greatest values; NaN comes after every number."""
    listed = f"list_filter({call.aggregate('list', value.sql)}, lambda e: e IS NOT NULL)"
    found = f"list_sort({listed}, '{'DESC' if call.name == 'max' else 'ASC'}')"
    if call.name == "max" and value.type in (DOUBLE, REAL):
        parts = [f"list_filter({found}, lambda e: {word}isnan(e))" for word in ("NOT ", "")]
        found = f"list_concat({parts[0]}, {parts[1]})"
    kind = array(value.type)
    fail = raising("INVALID_FUNCTION_ARGUMENT", "second argument of max_n/min_n must be positive", kind)
    chosen = f"{found}[1 : CAST({count.sql} AS BIGINT)]"
    return Typed(f"(CASE WHEN {count.sql} <= 0 THEN {fail} WHEN len({listed}) > 0 THEN {chosen} END)", kind)


def _of_numbers(call: Call, value: Typed) -> str:
    """Compile max or min. NaN, DuckDB's greatest number, is the answer only when there is no other value."""
    found = call.aggregate(call.name, value.sql)
    if call.name == "min" or value.type not in (DOUBLE, REAL):
        return found
    return f"coalesce({call.aggregate('max', f'CASE WHEN NOT isnan({value.sql}) THEN {value.sql} END')}, {found})"


def _by(call: Call) -> Typed:
    """Compile ``max_by(x, y)``: the x of the greatest y. It can be NULL; rows with a NULL y do not count."""
    values = call.arguments()
    if not 2 <= len(values) <= 3 or not is_orderable(values[1].type):
        raise call.mistaken()
    if len(values) == 3:
        return _several_by(call, values)
    boxed, key = f"struct_pack(v := {values[0].sql})", instant(values[1])
    function = "arg_max" if call.name == "max_by" else "arg_min"
    if function == "arg_max" and values[1].type in (DOUBLE, REAL):
        key = f"CASE WHEN isnan({key}) THEN CAST('-Infinity' AS DOUBLE) ELSE {key} END"
    return Typed(f"struct_extract({call.aggregate(function, boxed, key)}, 'v')", values[0].type)


def _several_by(call: Call, values: list[Typed]) -> Typed:
    """Compile ``max_by(x, y, n)``: the x of the n greatest y, the greatest first."""
    if not values[2].type.is_integer:
        raise call.mistaken()
    kind = array(values[0].type)
    pairs = call.aggregate("list", f"struct_pack(k := {instant(values[1])}, v := {values[0].sql})")
    kept = f"list_filter({pairs}, lambda e: e.k IS NOT NULL)"
    order = "DESC" if call.name == "max_by" else "ASC"
    chosen = (
        f"list_transform(list_sort({kept}, '{order}', 'NULLS LAST')[1:CAST({values[2].sql} AS BIGINT)], lambda e: e.v)"
    )
    message = "third argument of max_by/min_by must be a positive integer"
    fail = raising("INVALID_FUNCTION_ARGUMENT", message, kind)
    return Typed(f"(CASE WHEN {values[2].sql} <= 0 THEN {fail} WHEN len({kept}) > 0 THEN {chosen} END)", kind)


def _any(call: Call) -> Typed:
    value = _one(call)
    return Typed(call.aggregate("any_value", value.sql), value.type)


def _approx_distinct(call: Call) -> Typed:
    """Compile the exact number of distinct values, which is within every standard error."""
    if not 1 <= len(call.nodes) <= 2:
        raise call.mistaken()
    call.distinct = True
    value = call.argument(0)
    if value.type.holds_map:
        raise call.mistaken()
    return Typed(call.aggregate("count", instant(value)), BIGINT)


def _boolean(function: str) -> Function:
    return lambda call: Typed(call.aggregate(function, *call.expect(BOOLEAN)), BOOLEAN)


def _bits(function: str) -> Function:
    return lambda call: Typed(call.aggregate(function, *call.expect(BIGINT)), BIGINT)


def _grouping(call: Call) -> Typed:
    keys = [call.compiler.value(node, call.scope).sql for node in call.nodes]
    return Typed(f"CAST(grouping({', '.join(keys)}) AS INTEGER)", Type("integer"))


AGGREGATES: dict[str, Function] = {
    "count": _count, "count_if": _count_if, "sum": _sum, "avg": _avg, "min": _extreme, "max": _extreme, "max_by": _by, "min_by": _by,
    "arbitrary": _any, "any_value": _any, "approx_distinct": _approx_distinct,
    "bool_and": _boolean("bool_and"), "every": _boolean("bool_and"), "bool_or": _boolean("bool_or"),
    "bitwise_and_agg": _bits("bit_and"), "bitwise_or_agg": _bits("bit_or"), "bitwise_xor_agg": _bits("bit_xor"), "grouping": _grouping,
    **STATISTICS, **COLLECTING,
}  # fmt: skip

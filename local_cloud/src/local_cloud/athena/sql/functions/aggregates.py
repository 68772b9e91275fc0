"""Compile aggregate functions with Trino's result types and treatment of NULL.

Source: https://trino.io/docs/current/functions/aggregate.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.operators import divided
from local_cloud.athena.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    REAL,
    VARCHAR,
    Type,
    array,
    decimal,
    mapping,
)


def _one(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    return call.argument(0)


def _count(call: Call) -> Typed:
    if not call.nodes or isinstance(call.nodes[0], exp.Star):
        return Typed(f"count(*){call.suffix}", BIGINT)
    return Typed(call.aggregate("count", _one(call).sql), BIGINT)


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
    raise call.mistaken([value.type])


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
    raise call.mistaken([value.type])


def _extreme(call: Call) -> Typed:
    values = call.arguments()
    if len(values) == 2 and values[1].type.is_integer:
        return Typed(
            f"{call.aggregate(call.name, values[0].sql, f'CAST({values[1].sql} AS BIGINT)')}", array(values[0].type)
        )
    if len(values) != 1 or values[0].type.name in {"map", "json"}:
        raise call.mistaken([value.type for value in values])
    if values[0].type.name in {"array", "row"}:
        raise call.session.unsupported(call.node, f"{call.name} of {values[0].type}")
    return Typed(_of_numbers(call, values[0]), values[0].type)


def _of_numbers(call: Call, value: Typed) -> str:
    """Compile max or min. NaN, DuckDB's greatest number, is the answer only when there is no other value."""
    found = call.aggregate(call.name, value.sql)
    if call.name == "min" or value.type not in (DOUBLE, REAL):
        return found
    return f"coalesce({call.aggregate('max', f'CASE WHEN NOT isnan({value.sql}) THEN {value.sql} END')}, {found})"


def _by(call: Call) -> Typed:
    """Compile ``max_by(x, y)``: the x of the greatest y. It can be NULL; rows with a NULL y do not count."""
    values = call.arguments()
    if len(values) != 2:
        raise call.session.unsupported(call.node, f"{call.name} with three arguments")
    boxed, key = f"struct_pack(v := {values[0].sql})", values[1].sql
    function = "arg_max" if call.name == "max_by" else "arg_min"
    if function == "arg_max" and values[1].type in (DOUBLE, REAL):
        key = f"CASE WHEN isnan({key}) THEN CAST('-Infinity' AS DOUBLE) ELSE {key} END"
    return Typed(f"struct_extract({call.aggregate(function, boxed, key)}, 'v')", values[0].type)


def _any(call: Call) -> Typed:
    value = _one(call)
    return Typed(call.aggregate("any_value", value.sql), value.type)


def _array_agg(call: Call) -> Typed:
    value = _one(call)
    return Typed(call.aggregate("array_agg", value.sql), array(value.type))


def _approx_distinct(call: Call) -> Typed:
    """Compile the exact number of distinct values, which is within every standard error."""
    if not 1 <= len(call.nodes) <= 2:
        raise call.mistaken()
    call.distinct = True
    return Typed(call.aggregate("count", call.argument(0).sql), BIGINT)


def _approx_percentile(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 2 or not values[0].type.is_numeric:
        raise call.session.unsupported(call.node, "This form of approx_percentile")
    kind = values[0].type if values[0].type.is_integer or values[0].type in (DOUBLE, REAL) else DOUBLE
    if values[1].type.name == "array":
        raise call.session.unsupported(call.node, "approx_percentile of several percentages")
    return Typed(call.aggregate("quantile_disc", coerce(values[0], kind).sql, coerce(values[1], DOUBLE).sql), kind)


def _spread(function: str, least: int) -> Function:
    def compiled(call: Call) -> Typed:
        (value,) = call.expect(DOUBLE)
        count = call.aggregate("count", value)
        return Typed(f"(CASE WHEN {count} < {least} THEN NULL ELSE {call.aggregate(function, value)} END)", DOUBLE)

    return compiled


def _paired(call: Call) -> Typed:
    """Compile a function of pairs; NULL where the pairs define no number, as one pair does not."""
    found = call.aggregate(call.name, *call.expect(DOUBLE, DOUBLE))
    if call.name.startswith("covar"):
        return Typed(found, DOUBLE)
    return Typed(f"(CASE WHEN isfinite({found}) THEN {found} END)", DOUBLE)


def _boolean(function: str) -> Function:
    return lambda call: Typed(call.aggregate(function, *call.expect(BOOLEAN)), BOOLEAN)


def _listagg(call: Call) -> Typed:
    return Typed(call.aggregate("string_agg", *call.expect(VARCHAR, VARCHAR)), VARCHAR)


def _map_agg(call: Call) -> Typed:
    """Compile a map with one entry a key, or NULL. Of repeated keys Trino keeps any value, and this the first."""
    values = call.arguments()
    if len(values) != 2:
        raise call.mistaken([value.type for value in values])
    entry = f"struct_pack(k := {values[0].sql}, v := {values[1].sql})"
    return Typed(_entries_map(call.aggregate("array_agg", entry)), mapping(values[0].type, values[1].type))


def _entries_map(entries: str) -> str:
    kept = f"list_filter({entries}, lambda e: e.k IS NOT NULL)"
    keys = f"list_transform({kept}, lambda e: e.k)"
    first = f"list_filter({kept}, lambda e, i: list_position({keys}, e.k) = i)"
    return f"(CASE WHEN len({kept}) > 0 THEN map_from_entries({first}) END)"


def _histogram(call: Call) -> Typed:
    value = _one(call)
    entries = f"map_entries({call.aggregate('histogram', value.sql)})"
    counts = f"list_transform({entries}, lambda e: struct_pack(k := e.key, v := CAST(e.value AS BIGINT)))"
    return Typed(
        f"(CASE WHEN {call.aggregate('count', value.sql)} > 0 THEN map_from_entries({counts}) END)",
        mapping(value.type, BIGINT),
    )


def _geometric_mean(call: Call) -> Typed:
    (value,) = call.expect(DOUBLE)
    return Typed(f"exp({call.aggregate('avg', f'ln({value})')})", DOUBLE)


def _grouping(call: Call) -> Typed:
    keys = [call.compiler.value(node, call.scope).sql for node in call.nodes]
    return Typed(f"CAST(grouping({', '.join(keys)}) AS INTEGER)", Type("integer"))


AGGREGATES: dict[str, Function] = {
    "count": _count, "count_if": _count_if, "sum": _sum, "avg": _avg, "min": _extreme, "max": _extreme, "max_by": _by, "min_by": _by,
    "arbitrary": _any, "any_value": _any, "array_agg": _array_agg, "approx_distinct": _approx_distinct, "approx_percentile": _approx_percentile,
    "stddev": _spread("stddev_samp", 2), "stddev_samp": _spread("stddev_samp", 2), "stddev_pop": _spread("stddev_pop", 1),
    "variance": _spread("var_samp", 2), "var_samp": _spread("var_samp", 2), "var_pop": _spread("var_pop", 1),
    "bool_and": _boolean("bool_and"), "every": _boolean("bool_and"), "bool_or": _boolean("bool_or"),
    "corr": _paired, "covar_pop": _paired, "covar_samp": _paired, "regr_slope": _paired, "regr_intercept": _paired,
    "listagg": _listagg, "map_agg": _map_agg, "histogram": _histogram, "geometric_mean": _geometric_mean, "grouping": _grouping,
}  # fmt: skip

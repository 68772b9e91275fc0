"""Compile aggregate functions of statistics: spread, correlation, percentiles and histograms of numbers.

Source: https://trino.io/docs/current/functions/aggregate.html#statistical-aggregate-functions
"""

from __future__ import annotations

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import BIGINT, DOUBLE, REAL, UNKNOWN, VARCHAR, Type, array, duckdb_name, mapping


def _floating(call: Call, kinds: list[Type]) -> Type:
    """Return real, or double when any argument is one. Integers and decimals are coerced to real."""
    if not all(kind.is_numeric or kind.name == "unknown" for kind in kinds):
        raise call.mistaken()
    return DOUBLE if DOUBLE in kinds else REAL


def _as_double(value: Typed, kind: Type) -> str:
    """Return a number as a double, with no more digits than ``kind`` has."""
    return f"CAST({coerce(value, kind).sql} AS DOUBLE)" if kind == REAL else coerce(value, kind).sql


def _spread(function: str, least: int) -> Function:
    def compiled(call: Call) -> Typed:
        (value,) = call.expect(DOUBLE)
        count = call.aggregate("count", value)
        broken = call.aggregate("bool_or", f"NOT isfinite({value})")
        found = call.aggregate(function, f"CASE WHEN isfinite({value}) THEN {value} END")
        return Typed(
            f"(CASE WHEN {count} < {least} THEN NULL WHEN {broken} THEN CAST('NaN' AS DOUBLE) ELSE {found} END)", DOUBLE
        )

    return compiled


def _paired(call: Call) -> Typed:
    """Compile a function of pairs; NULL where the pairs define no number, as one pair does not."""
    values = call.arguments()
    if len(values) != 2:
        raise call.mistaken()
    kind = _floating(call, [value.type for value in values])
    found = call.aggregate(call.name, *(_as_double(value, kind) for value in values))
    if not call.name.startswith("covar"):
        found = f"(CASE WHEN isfinite({found}) THEN {found} END)"
    return Typed(f"CAST({found} AS {duckdb_name(kind)})", kind)


def _geometric_mean(call: Call) -> Typed:
    """Compile geometric_mean, which is a double of integers and doubles, and a real of reals and decimals."""
    values = call.arguments()
    if len(values) != 1:
        raise call.mistaken()
    kind = DOUBLE if values[0].type.is_integer else _floating(call, [values[0].type])
    number = _as_double(values[0], kind)
    logarithm = f"CASE WHEN {number} = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN {number} < 0 THEN CAST('NaN' AS DOUBLE) ELSE ln({number}) END"
    return Typed(f"CAST(exp({call.aggregate('avg', logarithm)}) AS {duckdb_name(kind)})", kind)


def _moment(function: str, least: int) -> Function:
    """Compile skewness and kurtosis."""

    def compiled(call: Call) -> Typed:
        (value,) = call.expect(DOUBLE)
        count = call.aggregate("count", value)
        listed = f"list_filter({call.aggregate('list', value)}, lambda e: e IS NOT NULL)"
        return Typed(f"(CASE WHEN {count} >= {least} THEN CAST({function}({listed}) AS DOUBLE) END)", DOUBLE)

    return compiled


def _approx_percentile(call: Call) -> Typed:
    """Compile the exact percentile of that rank which Trino's digest has while every value is kept apart."""
    values = call.arguments()
    if not 2 <= len(values) <= 4 or not values[0].type.is_numeric:
        raise call.mistaken()
    if len(values) > 2:
        raise call.session.unsupported(call.node, "approx_percentile with weights")
    if values[1].type == UNKNOWN:
        message = "Could not choose a best candidate operator. Explicit type casts must be added."
        raise call.session.invalid(call.node, message, "AMBIGUOUS_FUNCTION_CALL")
    kind = BIGINT if values[0].type.is_integer else _floating(call, [values[0].type])
    sorted_list = (
        f"list_sort(list_filter({call.aggregate('list', coerce(values[0], kind).sql)}, lambda e: e IS NOT NULL))"
    )
    several = values[1].type.name == "array"
    result = array(kind) if several else kind
    ranks = coerce(values[1], array(DOUBLE) if several else DOUBLE).sql
    chosen = (
        f"list_transform({ranks}, lambda r: {_ranked(sorted_list, 'r', kind)})"
        if several
        else _ranked(sorted_list, ranks, kind)
    )
    infinite = raising("INVALID_FUNCTION_ARGUMENT", "value must be finite", result)
    checks = (
        ""
        if kind == BIGINT
        else f"WHEN len(list_filter({sorted_list}, lambda e: NOT isfinite(e))) > 0 THEN {infinite} "
    )
    return Typed(f"(CASE WHEN coalesce(len({sorted_list}), 0) = 0 THEN NULL {checks}ELSE {chosen} END)", result)


def _ranked(sorted_list: str, rank: str, kind: Type) -> str:
    fail = raising("INVALID_FUNCTION_ARGUMENT", "Percentile must be between 0 and 1", kind)
    position = f"least(CAST(floor({rank} * len({sorted_list})) AS BIGINT) + 1, len({sorted_list}))"
    return f"(CASE WHEN {rank} < 0 OR {rank} > 1 THEN {fail} ELSE {sorted_list}[{position}] END)"


def _numeric_histogram(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 2 or not values[0].type.is_integer:
        if len(values) == 3:
            raise call.session.unsupported(call.node, "numeric_histogram with weights")
        raise call.mistaken()
    kind = _floating(call, [values[1].type])
    listed = f"list_filter({call.aggregate('list', _as_double(values[1], kind))}, lambda e: e IS NOT NULL)"
    buckets = f"trino_histogram({listed}, CAST({values[0].sql} AS BIGINT))"
    name = duckdb_name(kind)
    entries = f"map_from_entries(list_transform({buckets}, lambda e: struct_pack(k := CAST(e[1] AS {name}), v := CAST(e[2] AS {name}))))"
    return Typed(f"(CASE WHEN len({listed}) > 0 THEN {entries} END)", mapping(kind, kind))


def _most_frequent(call: Call) -> Typed:
    """Compile the exact counts of the most frequent values, of equal ones those that came first."""
    values = call.arguments()
    kinds = [value.type for value in values]
    if len(values) != 3 or not (
        kinds[0].is_integer and kinds[2].is_integer and (kinds[1].is_integer or kinds[1].name == "varchar")
    ):
        raise call.mistaken()
    kind = BIGINT if kinds[1].is_integer else VARCHAR
    listed = f"list_filter({call.aggregate('list', coerce(values[1], kind).sql)}, lambda e: e IS NOT NULL)"
    distinct = f"list_filter({listed}, lambda e, i: list_position({listed}, e) = i)"
    counted = f"list_transform({distinct}, lambda e, i: struct_pack(n := -len(list_filter({listed}, lambda o: o = e)), i := i, e := e))"
    chosen = f"list_sort({counted})[1:CAST({values[0].sql} AS BIGINT)]"
    entries = f"map_from_entries(list_transform({chosen}, lambda e: struct_pack(k := e.e, v := CAST(-e.n AS BIGINT))))"
    return Typed(f"(CASE WHEN len({listed}) > 0 THEN {entries} END)", mapping(kind, BIGINT))


STATISTICS: dict[str, Function] = {
    "stddev": _spread("stddev_samp", 2), "stddev_samp": _spread("stddev_samp", 2), "stddev_pop": _spread("stddev_pop", 1),
    "variance": _spread("var_samp", 2), "var_samp": _spread("var_samp", 2), "var_pop": _spread("var_pop", 1),
    "corr": _paired, "covar_pop": _paired, "covar_samp": _paired, "regr_slope": _paired, "regr_intercept": _paired,
    "skewness": _moment("trino_skewness", 3), "kurtosis": _moment("trino_kurtosis", 4), "geometric_mean": _geometric_mean,
    "approx_percentile": _approx_percentile, "numeric_histogram": _numeric_histogram, "approx_most_frequent": _most_frequent,
}  # fmt: skip

"""Compile sequence and repeat.

Source: https://trino.io/docs/current/functions/array.html#sequence
"""

from __future__ import annotations

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import BIGINT, DATE, INTERVAL_DAY, INTERVAL_YEAR, Type, array, duckdb_name

MAX_ENTRIES = 10_000


def _sequence(call: Call) -> Typed:
    values = call.arguments()
    if len(values) not in {2, 3}:
        raise call.mistaken()
    if all(value.type.is_integer for value in values):
        start, stop = (f"CAST({value.sql} AS BIGINT)" for value in values[:2])
        step = f"CAST({values[2].sql} AS BIGINT)" if len(values) == 3 else _towards(start, stop)
        return Typed(_steps(start, stop, step, array(BIGINT)), array(BIGINT))
    if values[0].type == values[1].type == DATE and (len(values) == 2 or values[2].type == INTERVAL_DAY):
        start, stop = (f"date_diff('day', DATE '1970-01-01', {value.sql})" for value in values[:2])
        days = f"({values[2].sql} // 86400000)" if len(values) == 3 else _towards(start, stop)
        dates = f"list_transform({_steps(start, stop, days, array(BIGINT))}, lambda e: DATE '1970-01-01' + CAST(e AS INTEGER))"
        if len(values) == 3:
            message = "sequence step must be a day interval if start and end values are dates"
            fail = raising("INVALID_FUNCTION_ARGUMENT", message, array(DATE))
            dates = f"(CASE WHEN {values[2].sql} % 86400000 <> 0 THEN {fail} ELSE {dates} END)"
        return Typed(dates, array(DATE))
    if (
        values[0].type.name in {"date", "timestamp"}
        and len(values) == 3
        and values[2].type in (INTERVAL_DAY, INTERVAL_YEAR)
    ):
        return _moments(call, values)
    raise call.mistaken()


def _moments(call: Call, values: list[Typed]) -> Typed:
    """Compile a sequence of timestamps, or of dates by months."""
    kind = common_type(values[0].type, values[1].type)
    if kind is None or (kind == DATE and values[2].type == INTERVAL_DAY):
        raise call.mistaken()
    start, stop = (f"CAST({coerce(value, kind).sql} AS TIMESTAMP)" for value in values[:2])
    step = f"to_milliseconds({values[2].sql})"
    if values[2].type == INTERVAL_YEAR:
        step = f"to_months(CAST({values[2].sql} AS INTEGER))"
    zero, away, long = _failures(array(kind))
    count = f"len(generate_series({start}, {stop}, {step}))"
    found = f"list_transform(generate_series({start}, {stop}, {step}), lambda e: CAST(e AS {duckdb_name(kind)}))"
    if (
        values[2].type == INTERVAL_YEAR
    ):  # each entry is so many months after the first, which keeps the day of the month
        months = f"list_transform(range(0, {MAX_ENTRIES}), lambda n: CAST({start} + to_months(CAST(n * {values[2].sql} AS INTEGER)) AS TIMESTAMP))"
        found = f"list_transform(list_filter({months}, lambda e: ({values[2].sql} > 0 AND e <= {stop}) OR ({values[2].sql} < 0 AND e >= {stop})), lambda e: CAST(e AS {duckdb_name(kind)}))"
        count = f"len({found})"
    return Typed(
        f"(CASE WHEN {values[2].sql} = 0 THEN {zero} WHEN sign({values[2].sql}) * sign(epoch_us({stop}) - epoch_us({start})) < 0 THEN {away} "
        f"WHEN {count} > {MAX_ENTRIES} THEN {long} ELSE {found} END)",
        array(kind),
    )


def _towards(start: str, stop: str) -> str:
    return f"(CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END)"


def _steps(start: str, stop: str, step: str, kind: Type) -> str:
    """Return the numbers from start to stop. Trino refuses steps that do not lead there, and more than 10,000."""
    zero, away, long = _failures(kind)
    return (
        f"(CASE WHEN {step} = 0 THEN {zero} WHEN sign({step}) * sign(CAST({stop} AS HUGEINT) - {start}) < 0 THEN {away} "
        f"WHEN (CAST({stop} AS HUGEINT) - {start}) // {step} >= {MAX_ENTRIES} THEN {long} ELSE generate_series({start}, {stop}, {step}) END)"
    )


def _failures(kind: Type) -> tuple[str, str, str]:
    """Return what refuses a step of zero, a step away from the end, and too many entries."""
    order = "sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start"
    long = f"result of sequence function must not have more than {MAX_ENTRIES} entries"
    zero, away, many = (
        raising("INVALID_FUNCTION_ARGUMENT", message, kind) for message in ("step must not be zero", order, long)
    )
    return zero, away, many


def _repeat(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 2 or not values[1].type.is_integer:
        raise call.mistaken()
    kind, count = array(values[0].type), f"CAST({values[1].sql} AS BIGINT)"
    negative, long = (
        raising("INVALID_FUNCTION_ARGUMENT", message, kind)
        for message in (
            "count argument of repeat function must be greater than or equal to 0",
            f"count argument of repeat function must be less than or equal to {MAX_ENTRIES}",
        )
    )
    repeated = f"list_transform(range({count}), lambda e: {values[0].sql})"
    return Typed(
        f"(CASE WHEN {count} < 0 THEN {negative} WHEN {count} > {MAX_ENTRIES} THEN {long} ELSE {repeated} END)", kind
    )


SEQUENCES: dict[str, Function] = {"sequence": _sequence, "repeat": _repeat}

"""Compile window functions: ranks, offsets and values of other rows.

Source: https://trino.io/docs/current/functions/window.html
"""

from __future__ import annotations

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.call import Call, WindowFunction
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import BIGINT, DOUBLE


def _ranking(kind: str) -> WindowFunction:
    def compiled(call: Call, _: str) -> Typed:
        if call.nodes:
            raise call.mistaken()
        return Typed(f"{call.name}(){call.suffix}", BIGINT if kind == "bigint" else DOUBLE)

    return compiled


def _ntile(call: Call, _: str) -> Typed:
    (count,) = call.expect(BIGINT)
    fail = raising("INVALID_FUNCTION_ARGUMENT", "Buckets must be greater than 0", BIGINT)
    count = f"(CASE WHEN {count} < 1 THEN {fail} ELSE {count} END)"
    return Typed(f"ntile({count}){call.suffix}", BIGINT)


def _offset(call: Call, nulls: str) -> Typed:
    values = call.arguments()
    if not 1 <= len(values) <= 3:
        raise call.mistaken()
    kind = common_type(values[0].type, values[2].type) if len(values) > 2 else values[0].type
    if kind is None or not all(value.type.is_integer for value in values[1:2]):
        raise call.mistaken()
    arguments = [
        coerce(values[0], kind).sql,
        *(_at_least(value, 0) for value in values[1:2]),
        *(coerce(value, kind).sql for value in values[2:]),
    ]
    return Typed(f"{call.name}({', '.join(arguments)}{nulls}){call.suffix}", kind)


def _at_least(offset: Typed, least: int) -> str:
    fail = raising("INVALID_FUNCTION_ARGUMENT", f"Offset must be at least {least}", BIGINT)
    return f"(CASE WHEN {offset.sql} < {least} THEN {fail} ELSE CAST({offset.sql} AS BIGINT) END)"


def _value(call: Call, nulls: str) -> Typed:
    values = call.arguments()
    if len(values) != (2 if call.name == "nth_value" else 1):
        raise call.mistaken()
    arguments = [values[0].sql, *(_at_least(value, 1) for value in values[1:])]
    return Typed(f"{call.name}({', '.join(arguments)}{nulls}){call.suffix}", values[0].type)


WINDOW_FUNCTIONS: dict[str, WindowFunction] = {
    **dict.fromkeys(("row_number", "rank", "dense_rank"), _ranking("bigint")),
    **dict.fromkeys(("percent_rank", "cume_dist"), _ranking("double")),
    "ntile": _ntile,
    **dict.fromkeys(("lag", "lead"), _offset),
    **dict.fromkeys(("first_value", "last_value", "nth_value"), _value),
}

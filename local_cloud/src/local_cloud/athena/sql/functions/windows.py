"""Window functions and OVER.

Source: Trino documentation, *Window functions*.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.functions.calls import Call
from local_cloud.athena.sql.model import Scope, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import BIGINT, DOUBLE


def over(call: Call, window: exp.Window, scope: Scope) -> str:
    """`` OVER (…)``; a named window is written out."""
    if isinstance(window.this, (exp.IgnoreNulls, exp.RespectNulls)) and call.name not in _VALUE_FUNCTIONS:
        raise call.session.invalid(
            window, f"Cannot specify null treatment clause for {call.name} function", "NULL_TREATMENT_NOT_ALLOWED"
        )
    if window.args.get("alias") is not None:
        named = scope.windows.get(window.alias.lower())
        if named is None:
            raise call.session.invalid(window, f"Cannot resolve WINDOW name {window.alias}")
        window = named
    parts = []
    if window.args.get("partition_by"):
        parts.append(
            "PARTITION BY " + ", ".join(call.expressions.compile(key, scope).sql for key in window.args["partition_by"])
        )
    order = window.args.get("order")
    if call.name in {"lag", "lead"}:
        _check_offset_window(call, window)
    if order is not None:
        parts.append("ORDER BY " + ", ".join(_key(call, part, scope) for part in order.expressions))
    if (spec := window.args.get("spec")) is not None:
        parts.append(_frame(call, spec))
    return f" OVER ({' '.join(parts)})"


def _check_offset_window(call: Call, window: exp.Window) -> None:
    if window.args.get("order") is None:
        raise call.session.invalid(
            window, f"{call.name} function requires an ORDER BY window clause", "MISSING_ORDER_BY"
        )
    if window.args.get("spec") is not None:
        raise call.session.invalid(
            window, f"Cannot specify window frame for {call.name} function", "INVALID_WINDOW_FRAME"
        )


def _key(call: Call, part: exp.Ordered, scope: Scope) -> str:
    from local_cloud.athena.sql.queries.select import ordered

    return ordered(call.session, part, call.expressions.compile(part.this, scope))


def _frame(call: Call, spec: exp.WindowSpec) -> str:
    kind = spec.args.get("kind") or "RANGE"
    start = _bound(call, kind, spec.args.get("start"), spec.args.get("start_side"))
    end = _bound(call, kind, spec.args.get("end"), spec.args.get("end_side")) if spec.args.get("end") else "CURRENT ROW"
    return f"{kind} BETWEEN {start} AND {end}"


def _bound(call: Call, kind: str, value: object, side: str | None) -> str:
    if isinstance(value, exp.Expr):
        if kind != "ROWS" or not isinstance(value, exp.Literal) or not value.this.isdigit():
            raise call.session.unsupported(value, f"A {kind} frame with this bound")
        return f"{value.this} {side}"
    return f"{value} {side}" if side and value != "CURRENT ROW" else str(value)


def _ranking(kind: str) -> Callable[[Call, str], Typed]:
    def compiled(call: Call, _: str) -> Typed:
        if call.nodes:
            raise call.mistaken()
        return Typed(f"{call.name}(){call.suffix}", BIGINT if kind == "bigint" else DOUBLE)

    return compiled


def _ntile(call: Call, _: str) -> Typed:
    (count,) = call.expect(BIGINT)
    return Typed(f"ntile({count}){call.suffix}", BIGINT)


def _offset(call: Call, nulls: str) -> Typed:
    values = call.arguments()
    if not 1 <= len(values) <= 3:
        raise call.mistaken([value.type for value in values])
    kind = common_type(values[0].type, values[2].type) if len(values) > 2 else values[0].type
    if kind is None or not all(value.type.is_integer for value in values[1:2]):
        raise call.mistaken([value.type for value in values])
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
        raise call.mistaken([value.type for value in values])
    arguments = [values[0].sql, *(_at_least(value, 1) for value in values[1:])]
    return Typed(f"{call.name}({', '.join(arguments)}{nulls}){call.suffix}", values[0].type)


_VALUE_FUNCTIONS = frozenset({"lag", "lead", "first_value", "last_value", "nth_value"})
WINDOW_FUNCTIONS: dict[str, Callable[[Call, str], Typed]] = {
    **dict.fromkeys(("row_number", "rank", "dense_rank"), _ranking("bigint")),
    **dict.fromkeys(("percent_rank", "cume_dist"), _ranking("double")),
    "ntile": _ntile,
    **dict.fromkeys(("lag", "lead"), _offset),
    **dict.fromkeys(("first_value", "last_value", "nth_value"), _value),
}

"""Compile OVER: the rows that a window function or an aggregate sees.

Source: https://trino.io/docs/current/functions/window.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.functions.call import Call
from local_cloud.athena.sql.model import Scope
from local_cloud.athena.sql.values.sort_keys import sort_key

VALUE_FUNCTIONS = frozenset({"lag", "lead", "first_value", "last_value", "nth_value"})


def over(call: Call, window: exp.Window, scope: Scope) -> str:
    """Return `` OVER (…)``; a named window is written out."""
    if isinstance(window.this, (exp.IgnoreNulls, exp.RespectNulls)) and call.name not in VALUE_FUNCTIONS:
        message = f"Cannot specify null treatment clause for {call.name} function"
        raise call.session.invalid(window, message, "NULL_TREATMENT_NOT_ALLOWED")
    window = _resolved(call, window, scope)
    parts = []
    if window.args.get("partition_by"):
        parts.append(
            "PARTITION BY " + ", ".join(call.compiler.value(key, scope).sql for key in window.args["partition_by"])
        )
    order = window.args.get("order")
    if call.name in {"lag", "lead"}:
        _check_offset_window(call, window)
    if order is not None:
        parts.append("ORDER BY " + ", ".join(_key(call, part, scope) for part in order.expressions))
    if (spec := window.args.get("spec")) is not None:
        parts.append(_frame(call, spec))
    return f" OVER ({' '.join(parts)})"


def _resolved(call: Call, window: exp.Window, scope: Scope) -> exp.Window:
    if window.args.get("alias") is None:
        return window
    named = scope.windows.get(window.alias.lower())
    if named is None:
        raise call.session.invalid(window, f"Cannot resolve WINDOW name {window.alias}")
    return named


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
    return sort_key(call.session, part, call.compiler.value(part.this, scope))


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

"""Compile OVER: the rows that a window function or an aggregate sees.

Source: https://trino.io/docs/current/functions/window.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from local_cloud.athena.sql.functions.call import Call
from local_cloud.athena.sql.model import Scope, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.sort_keys import sort_key
from local_cloud.athena.sql.values.zones import instant
from local_cloud.athena.types import BIGINT, INTERVAL_DAY, INTERVAL_YEAR, duckdb_name

VALUE_FUNCTIONS = frozenset({"lag", "lead", "first_value", "last_value", "nth_value"})


_WITHOUT_FRAME = frozenset({"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead"})
_START, _END = "UNBOUNDED PRECEDING", "UNBOUNDED FOLLOWING"


def over(call: Call, window: exp.Window, scope: Scope) -> str:
    """Return `` OVER (…)``; a named window is written out."""
    if isinstance(window.this, (exp.IgnoreNulls, exp.RespectNulls)) and call.name not in VALUE_FUNCTIONS:
        message = f"Cannot specify null treatment clause for {call.name} function"
        raise call.session.invalid(window, message, "NULL_TREATMENT_NOT_ALLOWED")
    window = _resolved(call, window, scope)
    order = window.args.get("order")
    spec = window.args.get("spec")
    _check(call, window)
    parts = []
    if window.args.get("partition_by"):
        keys = [call.compiler.value(key, scope) for key in window.args["partition_by"]]
        parts.append("PARTITION BY " + ", ".join(instant(key) for key in keys))
    sorted_by = [call.compiler.value(part.this, scope) for part in order.expressions] if order is not None else []
    if order is not None:
        pairs = zip(order.expressions, sorted_by, strict=True)
        parts.append("ORDER BY " + ", ".join(sort_key(call.session, part, value) for part, value in pairs))
    if spec is not None:
        parts.append(_frame(call, spec, sorted_by, scope))
    return f" OVER ({' '.join(parts)})"


def _resolved(call: Call, window: exp.Window, scope: Scope) -> exp.Window:
    """Return the window with what the window of its name has: ``OVER (w ROWS …)`` adds an order or a frame to it."""
    if window.args.get("alias") is None:
        return window
    named = scope.windows.get(window.alias.lower())
    if named is None:
        raise call.session.invalid(window, f"Cannot resolve WINDOW name {window.alias}", "INVALID_WINDOW_REFERENCE")
    base = _resolved(call, named, _before(scope, window.alias.lower()))
    found = base.copy()
    own = {key: window.args.get(key) for key in ("partition_by", "order", "spec")}
    if any(own.values()):
        _check_extension(call, window, base, own)
    for key, value in own.items():
        if value:
            found.set(key, value.copy() if isinstance(value, exp.Expr) else [item.copy() for item in value])
    return found


def _before(scope: Scope, name: str) -> Scope:
    """Return the scope with those windows that are declared before the one of this name."""
    names = list(scope.windows)
    return replace(scope, windows={key: scope.windows[key] for key in names[: names.index(name)]})


def _check_extension(call: Call, window: exp.Window, base: exp.Window, own: dict[str, Any]) -> None:
    if own["partition_by"]:
        message = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY"
        raise call.session.invalid(window, message, "INVALID_PARTITION_BY")
    if own["order"] and base.args.get("order") is not None:
        message = "Cannot specify ORDER BY if the referenced named WINDOW specifies ORDER BY"
        raise call.session.invalid(window, message, "INVALID_ORDER_BY")
    if base.args.get("spec") is not None:
        raise call.session.invalid(
            window, "Cannot reference named WINDOW containing frame specification", "INVALID_WINDOW_REFERENCE"
        )


def _check(call: Call, window: exp.Window) -> None:
    if call.name in {"lag", "lead"} and window.args.get("order") is None:
        message = f"{call.name} function requires an ORDER BY window clause"
        raise call.session.invalid(window, message, "MISSING_ORDER_BY")
    if call.name in _WITHOUT_FRAME and window.args.get("spec") is not None:
        message = f"Cannot specify window frame for {call.name} function"
        raise call.session.invalid(window, message, "INVALID_WINDOW_FRAME")


def _frame(call: Call, spec: exp.WindowSpec, sorted_by: list[Typed], scope: Scope) -> str:
    kind = spec.args.get("kind") or "RANGE"
    bounds = [
        (spec.args.get("start"), spec.args.get("start_side")),
        (spec.args.get("end"), spec.args.get("end_side")) if spec.args.get("end") else ("CURRENT ROW", None),
    ]
    shown = []
    for value, side in bounds:
        if isinstance(value, exp.Expr):
            shown.append(f"{_distance(call, kind, value, sorted_by, scope)} {side}")
        else:
            shown.append(f"{value} {side}" if side and value != "CURRENT ROW" else str(value))
    _check_frame(call, spec, shown)
    return f"{kind} BETWEEN {shown[0]} AND {shown[1]}"


def _check_frame(call: Call, spec: exp.WindowSpec, bounds: list[str]) -> None:
    start, end = bounds
    ranks = [
        _END if bound == _END else bound.rpartition(" ")[2] if bound not in {_START, "CURRENT ROW"} else bound
        for bound in bounds
    ]
    order = [_START, "PRECEDING", "CURRENT ROW", "FOLLOWING", _END]
    if start == _END or end == _START or order.index(ranks[0]) > order.index(ranks[1]):
        raise call.session.invalid(
            spec, f"Window frame starting from {start} cannot end with {end}", "INVALID_WINDOW_FRAME"
        )


def _distance(call: Call, kind: str, node: exp.Expr, sorted_by: list[Typed], scope: Scope) -> str:
    """Return how far a bound of the frame is: rows, groups of peers, or a distance of values."""
    value = call.compiler.value(node, scope)
    if kind == "RANGE":
        return _value_distance(call, node, value, sorted_by)
    if not value.type.is_integer:
        message = f"Window frame {kind} value type must be exact numeric type with scale 0 (actual {value.type})"
        raise call.session.mismatch(node, message)
    if kind == "GROUPS" and not sorted_by:
        raise call.session.invalid(node, "Window frame of type GROUPS requires ORDER BY", "MISSING_ORDER_BY")
    negative = raising("INVALID_WINDOW_FRAME", "Window frame offset value must not be negative or null", BIGINT)
    number = f"CAST({value.sql} AS BIGINT)"
    return (
        number
        if isinstance(node, exp.Literal)
        else f"(CASE WHEN coalesce({number} < 0, true) THEN {negative} ELSE {number} END)"
    )


def _value_distance(call: Call, node: exp.Expr, value: Typed, sorted_by: list[Typed]) -> str:
    if len(sorted_by) != 1:
        message = "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in ORDER BY"
        raise call.session.invalid(node, message, "INVALID_ORDER_BY")
    key = sorted_by[0].type
    if key.is_numeric and value.type.is_numeric:
        return f"CAST({value.sql} AS {duckdb_name(key)})"
    if key.name in {"date", "timestamp", "timestamp with time zone"} and value.type == INTERVAL_DAY:
        return f"to_milliseconds({value.sql})"
    if key.name in {"date", "timestamp"} and value.type == INTERVAL_YEAR:
        return f"to_months(CAST({value.sql} AS INTEGER))"
    message = f"Window frame of type RANGE PRECEDING or FOLLOWING requires that sort item type be numeric, datetime or interval (actual: {key})"
    raise call.session.mismatch(node, message)

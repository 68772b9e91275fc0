"""Compile arithmetic, comparison and logic as Trino defines them.

Sources: https://trino.io/docs/current/functions/math.html,
https://trino.io/docs/current/functions/decimal.html,
https://trino.io/docs/current/functions/comparison.html,
https://trino.io/docs/current/functions/logical.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.model import Session, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.texts import element_variable
from local_cloud.athena.types import BOOLEAN, DATE, INTERVAL_DAY, INTERVAL_YEAR, Type, decimal, duckdb_name

SYMBOLS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_TIMES = {"date", "timestamp", "timestamp with time zone", "time"}
_INTERVALS = {INTERVAL_DAY.name, INTERVAL_YEAR.name}


def arithmetic(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    """Compile ``left op right`` for numbers, dates and intervals."""
    symbol = SYMBOLS[type(node)]
    if {left.type.name, right.type.name} & (_TIMES | _INTERVALS):
        return _temporal(session, node, symbol, left, right)
    kind = common_type(left.type, right.type)
    if kind is None or not (kind.is_numeric or kind.name == "unknown"):
        raise session.mismatch(node, f"Cannot apply operator: {left.type} {symbol} {right.type}")
    if kind.name == "unknown":
        return Typed("CAST(NULL AS INTEGER)", Type("integer"))
    if kind.name == "decimal":
        return _decimal(session, node, symbol, left, right)
    name = duckdb_name(kind)
    a, b = f"CAST({left.sql} AS {name})", f"CAST({right.sql} AS {name})"
    if kind.is_integer and symbol in {"/", "%"}:
        operator = "//" if symbol == "/" else "%"
        return Typed(
            f"(CASE WHEN {b} = 0 AND {a} IS NOT NULL THEN {_division_by_zero(kind)} ELSE {a} {operator} {b} END)", kind
        )
    return Typed(f"({a} {symbol} {b})", kind)


def _division_by_zero(kind: Type) -> str:
    return raising("DIVISION_BY_ZERO", "Division by zero", kind)


def _decimal(session: Session, node: exp.Expr, symbol: str, left: Typed, right: Typed) -> Typed:
    """Compile decimal arithmetic with Trino's precision and scale of the result."""
    p1, s1, p2, s2 = *_digits(left.type), *_digits(right.type)
    scale = {"+": max(s1, s2), "-": max(s1, s2), "*": s1 + s2, "/": max(s1, s2), "%": max(s1, s2)}[symbol]
    precision = {
        "+": max(p1 - s1, p2 - s2) + scale + 1,
        "-": max(p1 - s1, p2 - s2) + scale + 1,
        "*": p1 + p2,
        "/": p1 + s2 + max(s2 - s1, 0),
        "%": min(p1 - s1, p2 - s2) + scale,
    }[symbol]
    if scale > 38:
        raise session.mismatch(node, f"DECIMAL scale must be in range [0, precision (38)]: {scale}")
    kind = decimal(max(1, min(38, precision)), scale)
    a, b = coerce(left, decimal(p1, s1)).sql, coerce(right, decimal(p2, s2)).sql
    if symbol == "/":
        return Typed(divided(a, b, kind), kind)
    fits = precision <= 38
    if symbol == "%":
        wide = decimal(38, scale)
        quotient = f"(CASE WHEN {b} = 0 AND {a} IS NOT NULL THEN {_division_by_zero(wide)} ELSE CAST({a} AS {duckdb_name(wide)}) % CAST({b} AS {duckdb_name(wide)}) END)"
        return Typed(f"CAST({quotient} AS {duckdb_name(kind)})", kind)
    if fits:
        return Typed(f"CAST(({a} {symbol} {b}) AS {duckdb_name(kind)})", kind)
    if symbol == "*":
        return Typed(
            f"CAST(trino_decimal_product(CAST({a} AS VARCHAR), CAST({b} AS VARCHAR)) AS {duckdb_name(kind)})", kind
        )
    wide_name = duckdb_name(kind)
    return Typed(f"(CAST({a} AS {wide_name}) {symbol} CAST({b} AS {wide_name}))", kind)


def divided(a: str, b: str, kind: Type) -> str:
    """Divide decimals, rounded half away from zero to the scale of ``kind``. The numbers never pass through a double."""
    return (
        f"CAST(trino_decimal_quotient(CAST({a} AS VARCHAR), CAST({b} AS VARCHAR), {kind.scale}) AS {duckdb_name(kind)})"
    )


def _digits(kind: Type) -> tuple[int, int]:
    return (1, 0) if kind.name == "unknown" else (kind.precision, kind.scale)


def _temporal(session: Session, node: exp.Expr, symbol: str, left: Typed, right: Typed) -> Typed:
    """Compile operators of dates, timestamps and intervals; intervals are held as milliseconds or months."""
    names = left.type.name, right.type.name
    if symbol in "+-" and right.type.name in _INTERVALS and left.type.name in _TIMES:
        return _moved(session, node, left, right, symbol)
    if symbol == "+" and left.type.name in _INTERVALS and right.type.name in _TIMES:
        return _moved(session, node, right, left, symbol)
    if symbol in "+-" and names[0] == names[1] and names[0] in _INTERVALS:
        return Typed(f"({left.sql} {symbol} {right.sql})", left.type)
    if symbol == "-" and names[0] in _TIMES and (kind := common_type(left.type, right.type)) is not None:
        a, b = coerce(left, kind).sql, coerce(right, kind).sql
        between = f"(epoch_us(CAST({a} AS TIMESTAMP)) - epoch_us(CAST({b} AS TIMESTAMP)))"
        return Typed(_milliseconds(between, kind), INTERVAL_DAY)
    if symbol == "*" and names[0] in _INTERVALS and right.type.is_integer:
        return Typed(f"({left.sql} * CAST({right.sql} AS BIGINT))", left.type)
    if symbol == "*" and names[1] in _INTERVALS and left.type.is_integer:
        return Typed(f"({right.sql} * CAST({left.sql} AS BIGINT))", right.type)
    raise session.mismatch(node, f"Cannot apply operator: {left.type} {symbol} {right.type}")


def _milliseconds(microseconds: str, kind: Type) -> str:
    """Return a distance as milliseconds, half of one rounded up."""
    if not kind.numbers or kind.numbers[0] <= 3:
        return f"({microseconds} // 1000)"
    half = f"({microseconds} + 500)"
    return f"(({half} - ({half} % 1000 + 1000) % 1000) // 1000)"


def _moved(session: Session, node: exp.Expr, moment: Typed, interval: Typed, sign: str) -> Typed:
    kind = moment.type
    if kind.name == "timestamp with time zone" and kind.zone != "UTC":
        raise session.unsupported(node, "Interval arithmetic in a zone other than UTC")
    unit = "to_months(CAST({} AS INTEGER))" if interval.type == INTERVAL_YEAR else "to_milliseconds({})"
    amount = unit.format(f"{sign if sign == '-' else ''}({interval.sql})")
    moved = f"({moment.sql} + {amount})"
    if kind == DATE:
        if interval.type == INTERVAL_DAY:
            fail = raising("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date", DATE)
            return Typed(f"(CASE WHEN {interval.sql} % 86400000 <> 0 THEN {fail} ELSE CAST({moved} AS DATE) END)", DATE)
        return Typed(f"CAST({moved} AS DATE)", DATE)
    if kind.numbers and kind.numbers[0] < 3 and interval.type == INTERVAL_DAY:
        kind = Type(kind.name, (3,), zone=kind.zone)
    return Typed(moved, kind)


def comparison(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    """Compile ``left op right``; Trino compares only types that have a common one."""
    symbol = COMPARISONS[type(node)]
    kind = common_type(left.type, right.type)
    if kind is None or (kind.name in {"map", "json"} and symbol in {"<", "<=", ">", ">="}):
        raise session.mismatch(node, f"Cannot apply operator: {left.type} {symbol} {right.type}")
    if kind.name == "unknown":
        return Typed(f"(NULL {symbol} NULL)", BOOLEAN)
    a, b = coerce(left, kind).sql, coerce(right, kind).sql
    if "DISTINCT" in symbol and kind.name not in {"map", "json"}:
        return Typed(f"({a} {symbol} {b})", BOOLEAN)
    if kind.name in {"map", "json"}:
        raise session.unsupported(node, f"A comparison of values of type {kind.name}")
    return Typed(_compared(kind, symbol, a, b), BOOLEAN)


def _compared(kind: Type, symbol: str, a: str, b: str) -> str:
    """Compare as Trino does. DuckDB holds NaN equal to itself, and NULL elements equal to each other."""
    if kind.name in {"double", "real"}:
        unequal = "true" if symbol == "<>" else "false"
        return f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN isnan({a}) OR isnan({b}) THEN {unequal} ELSE {a} {symbol} {b} END)"
    if kind.parts:
        fail = raising(
            "NOT_SUPPORTED",
            "A comparison of arrays or rows that hold NULL or NaN is not supported by the local cloud''s Athena.",
            BOOLEAN,
        )
        return f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN {_holds_unequal(a, kind)} OR {_holds_unequal(b, kind)} THEN {fail} ELSE {a} {symbol} {b} END)"
    return f"({a} {symbol} {b})"


def _holds_unequal(sql: str, kind: Type) -> str:
    """Return the condition that a value, not NULL itself, holds NULL or NaN anywhere inside."""
    if kind.name == "array":
        item = element_variable("n", kind)
        return f"(len(list_filter({sql}, lambda {item}: {item} IS NULL OR {_holds_unequal(item, kind.element)})) > 0)"
    if kind.name == "row":
        fields = [f"({sql}).f{index}" for index in range(len(kind.parts))]
        return (
            "("
            + " OR ".join(
                f"{field} IS NULL OR {_holds_unequal(field, part)}"
                for field, part in zip(fields, kind.parts, strict=True)
            )
            + ")"
        )
    return f"isnan({sql})" if kind.name in {"double", "real"} else "false"


def negated(session: Session, node: exp.Expr, value: Typed) -> Typed:
    if not (value.type.is_numeric or value.type.name in _INTERVALS):
        raise session.mismatch(node, f"Cannot negate {value.type}")
    if value.type.is_integer:
        return Typed(f"(CAST(0 AS {duckdb_name(value.type)}) - {value.sql})", value.type)
    return Typed(f"(-{value.sql})", value.type)


def boolean(session: Session, node: exp.Expr, value: Typed, where: str) -> str:
    """Return the value's SQL where a condition has to be.

    Raises:
        QueryFailedError: it is no boolean.
    """
    if value.type != BOOLEAN and value.type.name != "unknown":
        raise session.mismatch(node, f"{where} must evaluate to a boolean: actual type {value.type}")
    return value.sql if value.type == BOOLEAN else "CAST(NULL AS BOOLEAN)"


def concatenated(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    if (left.type.is_text and right.type.is_text) or (
        "unknown" in {left.type.name, right.type.name} and (left.type.is_text or right.type.is_text)
    ):
        return Typed(f"({left.sql} || {right.sql})", Type("varchar"))
    if left.type.name == right.type.name == "varbinary":
        return Typed(f"({left.sql} || {right.sql})", left.type)
    if "array" in {left.type.name, right.type.name}:
        return _array_concatenated(session, node, left, right)
    raise session.invalid(
        node,
        f"Unexpected parameters ({left.type}, {right.type}) for function concat. Expected: concat(char(x), char(y)), concat(array(E), E) E, concat(E, array(E)) E, concat(array(E)) E, concat(varchar), concat(varbinary)",
        "FUNCTION_NOT_FOUND",
    )


def _array_concatenated(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    elements = [value.type.element if value.type.name == "array" else value.type for value in (left, right)]
    kind = common_type(*elements)
    if kind is None:
        raise session.mismatch(node, f"Cannot concatenate {left.type} and {right.type}")
    whole = Type("array", parts=(kind,))
    parts = [
        coerce(value, whole).sql if value.type.name == "array" else f"[{coerce(value, kind).sql}]"
        for value in (left, right)
    ]
    missing = " OR ".join(
        f"{part} IS NULL" for part, value in zip(parts, (left, right), strict=True) if value.type.name == "array"
    )
    return Typed(f"(CASE WHEN {missing} THEN NULL ELSE list_concat({parts[0]}, {parts[1]}) END)", whole)


def interval(session: Session, node: exp.Interval) -> Typed:
    """Compile ``INTERVAL '2' DAY``: milliseconds, or months."""
    unit = node.args.get("unit")
    text = node.this
    if not isinstance(text, exp.Literal) or not text.is_string or not isinstance(unit, exp.Var):
        raise session.unsupported(node, "This form of INTERVAL")
    factors = {"SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
    name = unit.name.upper()
    try:
        if name in {"YEAR", "MONTH"}:
            return Typed(f"CAST({int(text.this) * (12 if name == 'YEAR' else 1)} AS BIGINT)", INTERVAL_YEAR)
        if name in factors:
            whole, _, fraction = text.this.partition(".")
            if fraction and name != "SECOND":
                raise ValueError(fraction)
            amount = int(whole) * factors[name] + int((fraction + "000")[:3]) * (
                -1 if whole.startswith("-") else 1
            ) * bool(fraction)
            return Typed(f"CAST({amount} AS BIGINT)", INTERVAL_DAY)
    except ValueError as error:
        raise session.invalid(node, f"'{text.this}' is not a valid INTERVAL literal", "INVALID_LITERAL") from error
    raise session.invalid(node, f"'{name}' is not a unit of an INTERVAL literal")

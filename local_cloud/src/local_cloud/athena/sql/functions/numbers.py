"""Compile mathematical and bitwise functions.

Sources: https://trino.io/docs/current/functions/math.html,
https://trino.io/docs/current/functions/bitwise.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.signatures import simple
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.arithmetic import arithmetic
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.comparisons import is_orderable
from local_cloud.athena.sql.values.composite import unified
from local_cloud.athena.types import BIGINT, DOUBLE, INTEGER, REAL, TINYINT, decimal, duckdb_name

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}


def _number(call: Call) -> Typed:
    """Compile the first argument, which has to be a number; a bare NULL is the smallest kind of one."""
    value = call.argument(0)
    if value.type.name == "unknown":
        return Typed("CAST(NULL AS TINYINT)", TINYINT)
    if not value.type.is_numeric:
        raise call.mistaken()
    return value


def _same_number(template: str) -> Function:
    """Return a function that keeps the type of its one number."""

    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 1:
            raise call.mistaken()
        value = _number(call)
        return Typed(f"CAST({template.format(value.sql)} AS {duckdb_name(value.type)})", value.type)

    return compiled


def _sign(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    value = _number(call)
    if value.type in (DOUBLE, REAL):
        return Typed(
            f"(CASE WHEN {value.sql} = 0 OR isnan({value.sql}) THEN {value.sql} ELSE CAST(sign({value.sql}) AS {duckdb_name(value.type)}) END)",
            value.type,
        )
    kind = decimal(1, 0) if value.type.name == "decimal" else value.type
    return Typed(f"CAST(sign({value.sql}) AS {duckdb_name(kind)})", kind)


def _whole(function: str) -> Function:
    """Compile ceil and floor; a decimal loses its scale."""

    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 1:
            raise call.mistaken()
        value = _number(call)
        kind = value.type
        if kind.is_integer:
            return value
        if kind.name == "decimal":
            kind = decimal(min(38, kind.precision - kind.scale + min(1, kind.scale)) or 1, 0)
        return Typed(f"CAST({function}({value.sql}) AS {duckdb_name(kind)})", kind)

    return compiled


def _round(call: Call) -> Typed:
    if not 1 <= len(call.nodes) <= 2:
        raise call.mistaken()
    value = _number(call)
    digits = call.argument(1) if len(call.nodes) == 2 else None
    if digits is not None and not digits.type.is_integer:
        raise call.mistaken()
    kind = value.type
    if kind.name == "decimal":
        return _rounded_decimal(call, value, digits)
    if digits is None:
        return Typed(f"CAST(round({value.sql}) AS {duckdb_name(kind)})", kind)
    number = coerce(value, DOUBLE).sql if kind == REAL else value.sql
    found = f"CAST(round({number}, CAST({digits.sql} AS INTEGER)) AS {duckdb_name(kind)})"
    if kind.is_integer:
        overflow = raising("NUMERIC_VALUE_OUT_OF_RANGE", f"numerical overflow: ' || {value.sql} || '", kind)
        found = (
            f"(CASE WHEN {digits.sql} < -18 THEN {overflow} WHEN {digits.sql} >= 0 THEN {value.sql} ELSE {found} END)"
        )
    return Typed(found, kind)


def _rounded_decimal(call: Call, value: Typed, digits: Typed | None) -> Typed:
    """Round a decimal, which keeps its scale if digits are given, else has none."""
    kind = value.type
    if digits is None:
        kind = decimal(min(38, kind.precision - kind.scale + min(1, kind.scale)) or 1, 0)
        return Typed(f"CAST(round({value.sql}) AS {duckdb_name(kind)})", kind)
    if not isinstance(call.nodes[1], (exp.Literal, exp.Neg)):
        raise call.session.unsupported(call.node, "round of a decimal to a number of digits that is no literal")
    kind = decimal(min(38, kind.precision + 1), kind.scale)
    return Typed(f"CAST(round({value.sql}, CAST({digits.sql} AS INTEGER)) AS {duckdb_name(kind)})", kind)


def _truncate(call: Call) -> Typed:
    """Compile truncate: of integers and decimals it is a decimal, with as many digits as the number's type."""
    values = call.arguments()
    value = values[0]
    if len(values) == 1 and value.type.name == "unknown":
        return Typed("CAST(NULL AS DECIMAL(1,0))", decimal(1, 0))
    if not 1 <= len(values) <= 2 or not value.type.is_numeric or not all(item.type.is_integer for item in values[1:]):
        raise call.mistaken()
    kind = value.type
    if kind.is_exact and len(values) == 1:
        kind = decimal(max(1, kind.precision - kind.scale), 0)
    elif kind.is_integer:
        kind = decimal(kind.precision, 0)
    if len(values) == 1:
        return Typed(f"CAST(trunc({value.sql}) AS {duckdb_name(kind)})", kind)
    if not kind.is_exact:
        raise call.mistaken()
    text = f"trino_truncated(CAST({coerce(value, kind).sql} AS VARCHAR), CAST({values[1].sql} AS BIGINT))"
    return Typed(f"CAST({text} AS {duckdb_name(kind)})", kind)


def _mod(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 2:
        raise call.mistaken()
    return arithmetic(call.session, exp.Mod(this=call.nodes[0].copy(), expression=call.nodes[1].copy()), *values)


def _extreme_of(function: str) -> Function:
    """Compile greatest and least: NULL when any argument is, NaN when all are."""

    def compiled(call: Call) -> Typed:
        values = call.arguments()
        if not values:
            raise call.mistaken()
        kind = unified(call.session, call.node, values, f"Arguments of {call.name}")
        if not is_orderable(kind):
            raise call.mistaken()
        items = [coerce(value, kind).sql for value in values]
        missing = " OR ".join(f"{item} IS NULL" for item in items)
        chosen = f"{function}({', '.join(items)})"
        if kind in (DOUBLE, REAL) and function == "greatest":  # DuckDB takes NaN for the greatest number
            numbers = [f"CASE WHEN isnan({item}) THEN CAST('-Infinity' AS DOUBLE) ELSE {item} END" for item in items]
            chosen = f"CASE WHEN {' AND '.join(f'isnan({item})' for item in items)} THEN {items[0]} ELSE CAST(greatest({', '.join(numbers)}) AS {duckdb_name(kind)}) END"
        return Typed(f"(CASE WHEN {missing} THEN NULL ELSE {chosen} END)", kind)

    return compiled


def _guarded(template: str, bad: str, instead: str) -> tuple[str, str]:
    """Return a function of one double with another answer where DuckDB raises."""
    return "double -> double", f"CASE WHEN {bad} THEN CAST({instead} AS DOUBLE) ELSE {template} END"


def _double(name: str) -> Function:
    return simple(("double -> double", name + "({0})"))


def _bits(template: str, arguments: int = 2) -> Function:
    return simple(("; ".join(["bigint"] * arguments) + " -> bigint", template))


def _shift(direction: str) -> Function:
    """Return a shift within the bits of the value's own type."""

    def compiled(call: Call) -> Typed:
        values = call.arguments()
        if len(values) != 2 or not all(value.type.is_integer for value in values):
            raise call.mistaken()
        value, count = (coerce(item, BIGINT).sql for item in values)
        kind = values[0].type
        moved = f"trino_shift({value}, {count}, '{direction}', {_BITS[kind.name]})"
        return Typed(f"CAST({moved} AS {duckdb_name(kind)})", kind)

    return compiled


def _arithmetic_shift(call: Call) -> Typed:
    """Compile a shift to the right that keeps the sign."""
    values = call.arguments()
    if len(values) != 2 or not all(value.type.is_integer for value in values):
        raise call.mistaken()
    value, count = (coerce(item, BIGINT).sql for item in values)
    kind = values[0].type
    sign = f"CASE WHEN {value} < 0 THEN -1 ELSE 0 END"
    return Typed(f"CAST(CASE WHEN {count} >= 64 THEN {sign} ELSE {value} >> {count} END AS {duckdb_name(kind)})", kind)


def _bit_count(call: Call) -> Typed:
    """Compile the number of bits that are set, in so many bits of two's complement."""
    value, bits = call.expect(BIGINT, BIGINT)
    return Typed(f"trino_bit_count({value}, {bits})", BIGINT)


def _random(call: Call) -> Typed:
    values = call.arguments()
    if not values:
        return Typed("random()", DOUBLE)
    if len(values) != 1 or not values[0].type.is_integer:
        raise call.mistaken()
    kind = BIGINT if values[0].type == BIGINT else INTEGER
    bound = coerce(values[0], kind).sql
    fail = raising("INVALID_FUNCTION_ARGUMENT", "bound must be positive", kind)
    return Typed(
        f"(CASE WHEN {bound} < 1 THEN {fail} ELSE CAST(floor(random() * {bound}) AS {duckdb_name(kind)}) END)", kind
    )


NUMBERS: dict[str, Function] = {
    "abs": _same_number("abs({0})"), "sign": _sign, "round": _round, "truncate": _truncate, "mod": _mod,
    **dict.fromkeys(("ceil", "ceiling"), _whole("ceil")), "floor": _whole("floor"), "greatest": _extreme_of("greatest"), "least": _extreme_of("least"),
    "sqrt": simple(_guarded("sqrt({0})", "{0} < 0", "'NaN'")), "cbrt": simple(_guarded("trino_cube_root({0})", "NOT isfinite({0})", "{0}")), "exp": _double("exp"),
    "ln": simple(_guarded("ln({0})", "{0} <= 0", "CASE WHEN {0} = 0 THEN '-Infinity' ELSE 'NaN' END")),
    "log2": simple(_guarded("ln({0}) / ln(CAST(2 AS DOUBLE))", "{0} <= 0", "CASE WHEN {0} = 0 THEN '-Infinity' ELSE 'NaN' END")),
    "log10": simple(_guarded("log10({0})", "{0} <= 0", "CASE WHEN {0} = 0 THEN '-Infinity' ELSE 'NaN' END")),
    "log": simple(("double; double -> double", "ln({1}) / ln({0})")),
    **dict.fromkeys(("power", "pow"), simple(("double; double -> double", "pow({0}, {1})"))),
    "pi": simple((" -> double", "pi()")), "e": simple((" -> double", "exp(CAST(1 AS DOUBLE))")),
    "nan": simple((" -> double", "CAST('NaN' AS DOUBLE)")), "infinity": simple((" -> double", "CAST('Infinity' AS DOUBLE)")),
    "is_nan": simple(("double -> boolean", "isnan({0})")), "is_infinite": simple(("double -> boolean", "isinf({0})")), "is_finite": simple(("double -> boolean", "isfinite({0})")),
    **{name: _double(name) for name in ("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "radians", "degrees")},
    "asin": simple(_guarded("asin({0})", "abs({0}) > 1", "'NaN'")), "acos": simple(_guarded("acos({0})", "abs({0}) > 1", "'NaN'")),
    "atan2": simple(("double; double -> double", "atan2({0}, {1})")),
    **dict.fromkeys(("rand", "random"), _random),
    "bitwise_and": _bits("{0} & {1}"), "bitwise_or": _bits("{0} | {1}"), "bitwise_xor": _bits("xor({0}, {1})"), "bitwise_not": _bits("~{0}", 1),
    "bitwise_left_shift": _shift("left"), "bitwise_right_shift": _shift("right"),
    "bitwise_right_shift_arithmetic": _arithmetic_shift, "bit_count": _bit_count,
    "to_base": simple(("bigint; bigint -> varchar(64)", "trino_to_base({0}, {1})")), "from_base": simple(("varchar; bigint -> bigint", "trino_from_base({0}, {1})")),
    "width_bucket": simple(("double; double; double; bigint -> bigint", "trino_width_bucket({0}, {1}, {2}, {3})")),
}  # fmt: skip

"""Mathematical and bitwise functions.

Source: Trino documentation, *Mathematical functions and operators*, *Bitwise functions*.
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.calls import Call
from local_cloud.athena.sql.casts import coerce
from local_cloud.athena.sql.functions.signatures import Function, simple
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.operators import arithmetic
from local_cloud.athena.types import decimal, duckdb_name


def _same_number(template: str) -> Function:
    """A function that keeps the type of its one number."""

    def compiled(call: Call) -> Typed:
        value = call.argument(0)
        if len(call.nodes) != 1 or not value.type.is_numeric:
            raise call.mistaken([item.type for item in call.arguments()])
        return Typed(f"CAST({template.format(value.sql)} AS {duckdb_name(value.type)})", value.type)

    return compiled


def _whole(function: str) -> Function:
    """ceil, floor: a decimal loses its scale."""

    def compiled(call: Call) -> Typed:
        value = call.argument(0)
        if len(call.nodes) != 1 or not value.type.is_numeric:
            raise call.mistaken([item.type for item in call.arguments()])
        kind = value.type
        if kind.name == "decimal":
            kind = decimal(min(38, kind.precision - kind.scale + min(1, kind.scale)) or 1, 0)
        return Typed(f"CAST({function}({value.sql}) AS {duckdb_name(kind)})", kind)

    return compiled


def _round(call: Call) -> Typed:
    values = call.arguments()
    if (
        len(values) not in {1, 2}
        or not values[0].type.is_numeric
        or (len(values) == 2 and not values[1].type.is_integer)
    ):
        raise call.mistaken([value.type for value in values])
    value = values[0]
    kind = value.type
    if kind.name == "decimal":
        kind = (
            decimal(min(38, kind.precision + 1), kind.scale)
            if len(values) == 2
            else decimal(min(38, kind.precision - kind.scale + min(1, kind.scale)) or 1, 0)
        )
        if len(values) == 2 and not isinstance(call.nodes[1], (exp.Literal, exp.Neg)):
            raise call.session.unsupported(call.node, "round of a decimal to a number of digits that is no literal")
    if len(values) == 1:
        return Typed(f"CAST(round({value.sql}) AS {duckdb_name(kind)})", kind)
    return Typed(f"CAST(round({value.sql}, CAST({values[1].sql} AS INTEGER)) AS {duckdb_name(kind)})", kind)


def _truncate(call: Call) -> Typed:
    value = call.argument(0)
    if len(call.nodes) != 1 or not value.type.is_numeric:
        raise call.session.unsupported(call.node, "truncate to a number of digits")
    kind = value.type
    if kind.name == "decimal":
        kind = decimal(max(1, kind.precision - kind.scale), 0)
    return Typed(f"CAST(trunc({value.sql}) AS {duckdb_name(kind)})", kind)


def _mod(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 2:
        raise call.mistaken([value.type for value in values])
    return arithmetic(call.session, exp.Mod(this=call.nodes[0].copy(), expression=call.nodes[1].copy()), *values)


def _extreme_of(function: str) -> Function:
    """greatest, least: NULL when any argument is."""

    def compiled(call: Call) -> Typed:
        values = call.arguments()
        if not values:
            raise call.mistaken()
        kind = call.expressions.unified(call.node, values, f"Arguments of {call.name}")
        items = [coerce(value, kind).sql for value in values]
        missing = " OR ".join(f"{item} IS NULL" for item in items)
        return Typed(f"(CASE WHEN {missing} THEN NULL ELSE {function}({', '.join(items)}) END)", kind)

    return compiled


def _guarded(template: str, bad: str, instead: str) -> tuple[str, str]:
    """A function of one double with another answer where DuckDB raises."""
    return "double -> double", f"CASE WHEN {bad} THEN CAST({instead} AS DOUBLE) ELSE {template} END"


def _double(name: str) -> Function:
    return simple(("double -> double", name + "({0})"))


def _bits(template: str, arguments: int = 2) -> Function:
    return simple(("; ".join(["bigint"] * arguments) + " -> bigint", template))


NUMBERS: dict[str, Function] = {
    "abs": _same_number("abs({0})"), "sign": _same_number("sign({0})"), "round": _round, "truncate": _truncate, "mod": _mod,
    **dict.fromkeys(("ceil", "ceiling"), _whole("ceil")), "floor": _whole("floor"), "greatest": _extreme_of("greatest"), "least": _extreme_of("least"),
    "sqrt": simple(_guarded("sqrt({0})", "{0} < 0", "'NaN'")), "cbrt": _double("cbrt"), "exp": _double("exp"),
    "ln": simple(_guarded("ln({0})", "{0} <= 0", "CASE WHEN {0} = 0 THEN '-Infinity' ELSE 'NaN' END")),
    "log2": simple(_guarded("log2({0})", "{0} <= 0", "CASE WHEN {0} = 0 THEN '-Infinity' ELSE 'NaN' END")),
    "log10": simple(_guarded("log10({0})", "{0} <= 0", "CASE WHEN {0} = 0 THEN '-Infinity' ELSE 'NaN' END")),
    "log": simple(("double; double -> double", "ln({1}) / ln({0})")),
    **dict.fromkeys(("power", "pow"), simple(("double; double -> double", "pow({0}, {1})"))),
    "pi": simple((" -> double", "pi()")), "e": simple((" -> double", "exp(CAST(1 AS DOUBLE))")),
    "nan": simple((" -> double", "CAST('NaN' AS DOUBLE)")), "infinity": simple((" -> double", "CAST('Infinity' AS DOUBLE)")),
    "is_nan": simple(("double -> boolean", "isnan({0})")), "is_infinite": simple(("double -> boolean", "isinf({0})")), "is_finite": simple(("double -> boolean", "isfinite({0})")),
    **{name: _double(name) for name in ("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "radians", "degrees")},
    "asin": simple(_guarded("asin({0})", "abs({0}) > 1", "'NaN'")), "acos": simple(_guarded("acos({0})", "abs({0}) > 1", "'NaN'")),
    "atan2": simple(("double; double -> double", "atan2({0}, {1})")),
    **dict.fromkeys(("rand", "random"), simple((" -> double", "random()"), ("bigint -> bigint", "CAST(floor(random() * {0}) AS BIGINT)"))),
    "bitwise_and": _bits("{0} & {1}"), "bitwise_or": _bits("{0} | {1}"), "bitwise_xor": _bits("xor({0}, {1})"), "bitwise_not": _bits("~{0}", 1),
    "bitwise_left_shift": _bits("trino_shift({0}, {1}, 'left')"), "bitwise_right_shift": _bits("trino_shift({0}, {1}, 'right')"),
    "to_base": simple(("bigint; bigint -> varchar", "trino_to_base({0}, {1})")), "from_base": simple(("varchar; bigint -> bigint", "trino_from_base({0}, {1})")),
    "width_bucket": simple(("double; double; double; bigint -> bigint", "CAST(CASE WHEN {0} < {1} THEN 0 WHEN {0} >= {2} THEN {3} + 1 ELSE floor(({0} - {1}) / (({2} - {1}) / {3})) + 1 END AS BIGINT)")),
}  # fmt: skip

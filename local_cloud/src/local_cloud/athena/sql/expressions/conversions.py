"""Compile casts, typed literals and AT TIME ZONE.

Sources: https://trino.io/docs/current/functions/conversion.html,
https://trino.io/docs/current/functions/datetime.html#time-zone-conversion
"""

from __future__ import annotations

import re

from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.model import Scope, Session, Typed
from local_cloud.athena.sql.values.casts import cast, coerce
from local_cloud.athena.sql.values.zones import checked_zone, zone_of
from local_cloud.athena.types import VARCHAR, Type, decimal, duckdb_name, parse_type, timestamp_with_zone


def _cast(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
    target = parse_type(node.args["to"].sql("trino"))
    literal = node.this
    if _is_decimal_literal(node, target):
        return _decimal_literal(compiler.session, literal)
    if target.name == "timestamp with time zone":
        is_literal = isinstance(literal, exp.Literal)
        zone = zone_of(literal) if is_literal else compiler.value(literal, scope).type.zone
        target = timestamp_with_zone(target.numbers[0], zone)
    value = compiler.value(literal, scope)
    try:
        found = cast(value, target)
    except QueryFailedError as error:
        if error.name == "TYPE_MISMATCH":
            raise compiler.session.mismatch(node, error.message.partition(": ")[2]) from error
        raise
    return Typed(f"TRY({found.sql})", found.type) if isinstance(node, exp.TryCast) else found


def _is_decimal_literal(node: exp.Expr, target: Type) -> bool:
    literal = node.this
    return (
        isinstance(node, exp.Cast)
        and isinstance(literal, exp.Literal)
        and bool(literal.is_string)
        and target.name == "decimal"
        and not node.args["to"].expressions
    )


def _decimal_literal(session: Session, node: exp.Literal) -> Typed:
    """Compile ``DECIMAL '12.50'``, which is as precise as it is written. A plain CAST to DECIMAL has no digits after the point."""
    whole, _, fraction = node.this.strip().lstrip("+-").partition(".")
    if not (whole + fraction).isdigit():
        raise session.invalid(node, f"'{node.this}' is not a valid DECIMAL literal", "INVALID_LITERAL")
    if re.search(r"\bAS\s+DECIMAL\s*\)", session.sql, re.IGNORECASE):
        return cast(Typed(quoting.text(node.this), VARCHAR), decimal(38, 0))
    kind = decimal(max(1, len(whole.lstrip("0") + fraction)), len(fraction))
    return Typed(f"CAST({quoting.text(node.this)} AS {duckdb_name(kind)})", kind)


def _at_time_zone(compiler: Compiler, node: exp.AtTimeZone, scope: Scope) -> Typed:
    value = compiler.value(node.this, scope)
    zone = node.args["zone"]
    if not isinstance(zone, exp.Literal) or not zone.is_string:
        raise compiler.session.unsupported(node, "AT TIME ZONE with a zone that is no literal")
    if value.type.name == "timestamp":
        value = coerce(value, timestamp_with_zone(value.type.numbers[0]))
    if value.type.name != "timestamp with time zone":
        message = f"Type of value must be a time or timestamp with or without time zone (actual {value.type})"
        raise compiler.session.mismatch(node, message)
    return Typed(value.sql, timestamp_with_zone(value.type.numbers[0], checked_zone(zone.this)))


CONVERSIONS: dict[type[exp.Expr], ExpressionHandler] = {
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.AtTimeZone: _at_time_zone,
}

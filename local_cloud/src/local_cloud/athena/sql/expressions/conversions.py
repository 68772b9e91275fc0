"""Compile casts, typed literals and AT TIME ZONE.

Sources: https://trino.io/docs/current/functions/conversion.html,
https://trino.io/docs/current/functions/datetime.html#time-zone-conversion
"""

from __future__ import annotations

import re

from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.model import Scope, Session, Typed
from local_cloud.athena.sql.values import time_zones
from local_cloud.athena.sql.values.casts import cast, coerce
from local_cloud.athena.sql.values.tried import tried
from local_cloud.athena.sql.values.zones import OWN_ZONE, at_zone, is_zoned, with_session_zone
from local_cloud.athena.types import DATE, VARCHAR, Type, decimal, duckdb_name, parse_type, timestamp_with_zone


def _cast(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
    if is_literal(compiler.session, node):
        return _typed_literal(compiler.session, node)
    target = target_type(node)
    value = _with_date(compiler.session, compiler.value(node.this, scope), target)
    try:
        found = cast(value, target)
    except QueryFailedError as error:
        if error.name == "TYPE_MISMATCH":
            raise compiler.session.mismatch(node, error.message.partition(": ")[2]) from error
        raise
    return tried(found) if isinstance(node, exp.TryCast) else found


def target_type(node: exp.Expr) -> Type:
    """Return the type that a cast names. A plain decimal has 38 digits in Trino's SQL, and 10 in Hive's."""
    kind = node.args["to"].copy()
    for part in kind.find_all(exp.DataType):
        if part.this == exp.DType.DECIMAL and not part.expressions:
            part.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(digits)) for digits in (38, 0)])
        elif part.this in {exp.DType.TIMETZ, exp.DType.IPADDRESS, exp.DType.HLLSKETCH}:
            raise not_supported(f"The type {part.sql('trino').lower()}")
    found = parse_type(kind.sql("trino"))
    return timestamp_with_zone(found.numbers[0], OWN_ZONE) if is_zoned(found) else found


def is_literal(session: Session, node: exp.Expr) -> bool:
    """Say whether the node is a literal such as ``DATE '2020-01-31'``. The parser reads it as a cast, which has a parenthesis."""
    literal = node.this
    if not isinstance(node, exp.Cast) or not isinstance(literal, exp.Literal) or not literal.is_string:
        return False
    start = literal.meta.get("start")
    return start is not None and re.search(r"\(\s*$", session.sql[:start]) is None


def _typed_literal(session: Session, node: exp.Expr) -> Typed:
    literal, kind = node.this, node.args["to"].sql("trino").lower()
    text = str(literal.this)
    if kind.startswith("decimal"):
        return _decimal_literal(session, literal)
    if kind.startswith("timestamp"):
        return _timestamp_literal(session, node, text)
    if kind.startswith("time"):
        return _time_literal(session, node, text)
    if kind == "date":
        return _date_literal(session, node, text)
    if kind == "uuid":
        raise session.unsupported(node, "A literal of type uuid")
    target = Type("char", (max(1, len(text)),)) if kind == "char" else parse_type(kind)
    return cast(Typed(quoting.text(text), Type("varchar", (len(text),))), target)


def _not_valid(session: Session, node: exp.Expr, text: str, kind: str) -> QueryFailedError:
    return session.invalid(node, f"'{text}' is not a valid {kind} literal", "INVALID_LITERAL")


def _digits(session: Session, node: exp.Expr, text: str) -> int:
    """Return how many digits of a second a literal has."""
    digits = len(match[1]) if (match := re.search(r"\.(\d+)", text)) else 0
    if digits > 6:
        raise session.unsupported(node, "A time finer than microseconds")
    return digits


def _timestamp_literal(session: Session, node: exp.Expr, text: str) -> Typed:
    """Compile ``TIMESTAMP '2020-01-31 10:00:00 UTC'``, which has a zone if it names one."""
    digits, found = _digits(session, node, text), time_zones.parsed(text, default="")
    if found is None:
        return _far(session, node, text, Type("timestamp", (digits,)))
    local, zone = found
    constant = f"CAST('{local.isoformat(sep=' ')}' AS TIMESTAMP)"
    if not zone:
        return Typed(constant, Type("timestamp", (digits,)))
    if not time_zones.exists(local, zone):
        raise _not_valid(session, node, text, "TIMESTAMP")
    moment = time_zones.instant_of(local, zone)
    return Typed(f"CAST('{moment.isoformat(sep=' ')}' AS TIMESTAMP)", timestamp_with_zone(digits, zone))


def _far(session: Session, node: exp.Expr, text: str, kind: Type) -> Typed:
    """Compile a literal of a year after 9999, which Python does not know."""
    match = re.fullmatch(r"\s*\+?(\d{5,6}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)?)\s*", text)
    if match is None and re.match(r"\s*-\d{4}", text):
        raise session.unsupported(node, "A year before 1")
    if match is None:
        raise _not_valid(session, node, text, kind.name.upper())
    return Typed(f"CAST('{match[1]}' AS {duckdb_name(kind)})", kind)


def _time_literal(session: Session, node: exp.Expr, text: str) -> Typed:
    if re.search(r"[+-]\d{2}:?\d{2}$", text):
        raise session.unsupported(node, "The type time with time zone")
    match = re.fullmatch(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?", text)
    if match is None or any(int(part or 0) > most for part, most in zip(match.groups(), (23, 59, 59), strict=True)):
        raise _not_valid(session, node, text, "TIME")
    digits = _digits(session, node, text)
    whole = text if match[3] is not None else f"{text}:00"
    return Typed(f"CAST('{whole}' AS TIME)", Type("time", (digits,)))


def _date_literal(session: Session, node: exp.Expr, text: str) -> Typed:
    found = time_zones.parsed(text) if re.fullmatch(r"\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}\s*", text) else None
    if found is None:
        return _far(session, node, text, DATE)
    return Typed(f"CAST('{found[0].date().isoformat()}' AS DATE)", DATE)


def _decimal_literal(session: Session, node: exp.Literal) -> Typed:
    """Compile ``DECIMAL '12.50'``, which is as precise as it is written."""
    whole, _, fraction = node.this.strip().lstrip("+-").partition(".")
    if not (whole + fraction).isdigit():
        raise session.invalid(node, f"'{node.this}' is not a valid DECIMAL literal", "INVALID_LITERAL")
    kind = decimal(max(1, len(whole.lstrip("0") + fraction)), len(fraction))
    return Typed(f"CAST({quoting.text(node.this)} AS {duckdb_name(kind)})", kind)


def _with_date(session: Session, value: Typed, target: Type) -> Typed:
    """Return a time of day on the day of the query, where a timestamp is wanted."""
    if value.type.name != "time" or target.name not in {"timestamp", "timestamp with time zone"}:
        return value
    return Typed(f"(DATE '{session.now:%Y-%m-%d}' + {value.sql})", Type("timestamp", value.type.numbers))


def _at_time_zone(compiler: Compiler, node: exp.AtTimeZone, scope: Scope) -> Typed:
    value = compiler.value(node.this, scope)
    zone = node.args["zone"]
    if value.type.name not in {"timestamp", "timestamp with time zone"}:
        if value.type.name == "time":
            raise compiler.session.unsupported(node, "AT TIME ZONE of a time")
        message = f"Type of value must be a time or timestamp with or without time zone (actual {value.type})"
        raise compiler.session.mismatch(node, message)
    literal = zone.this if isinstance(zone, exp.Literal) and zone.is_string else None
    name = Typed("", VARCHAR) if literal is not None else compiler.value(zone, scope)
    if not name.type.is_text:
        raise compiler.session.unsupported(zone, f"AT TIME ZONE with a zone of type {name.type}")
    return at_zone(coerce(value, with_session_zone(value.type)), literal, name.sql)


CONVERSIONS: dict[type[exp.Expr], ExpressionHandler] = {
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.AtTimeZone: _at_time_zone,
}

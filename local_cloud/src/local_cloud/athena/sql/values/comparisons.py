"""Compile comparisons as Trino defines them, of nested values too.

Sources: https://trino.io/docs/current/functions/comparison.html, https://trino.io/docs/current/functions/logical.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.model import Session, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.temporal import comparable
from local_cloud.athena.sql.values.texts import element_variable
from local_cloud.athena.sql.values.zones import is_zoned
from local_cloud.athena.types import BOOLEAN, Type

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


def comparison(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    """Compile ``left op right``; Trino compares only types that have a common one."""
    symbol = COMPARISONS[type(node)]
    kind = common_type(left.type, right.type)
    if kind is None or (not is_orderable(kind) and symbol in {"<", "<=", ">", ">="}):
        raise session.mismatch(node, f"Cannot apply operator: {left.type} {symbol} {right.type}")
    if kind.name == "unknown":
        return Typed(f"(NULL {symbol} NULL)", BOOLEAN)
    a, b = compared_as(left, kind), compared_as(right, kind)
    if "DISTINCT" in symbol:
        return Typed(f"({canonical(a, kind)} {symbol} {canonical(b, kind)})", BOOLEAN)
    return Typed(_compared(kind, symbol, a, b), BOOLEAN)


def is_orderable(kind: Type) -> bool:
    """Say whether Trino sorts values of the type."""
    return kind.name not in {"map", "json"} and all(map(is_orderable, kind.parts))


def compared_as(value: Typed, kind: Type) -> str:
    """Return a value as ``kind``, in the form in which DuckDB compares it."""
    return comparable(value, kind) if is_zoned(kind) else coerce(value, kind).sql


def canonical(sql: str, kind: Type) -> str:
    """Return a value with the entries of every map in the order of their keys. DuckDB compares maps entry by entry."""
    if not kind.holds_map:
        return sql
    if kind.name == "array":
        item = element_variable("m", kind)
        return f"list_transform({sql}, lambda {item}: {canonical(item, kind.element)})"
    if kind.name == "row":
        fields = ", ".join(
            f"f{index} := {canonical(f'({sql}).f{index}', part)}" for index, part in enumerate(kind.parts)
        )
        return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({fields}) END)"
    item = element_variable("m", kind)
    entry = (
        f"struct_pack(k := {canonical(f'{item}.key', kind.parts[0])}, v := {canonical(f'{item}.value', kind.parts[1])})"
    )
    entries = f"list_sort(list_transform(map_entries({sql}), lambda {item}: {entry}))"
    return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE map_from_entries({entries}) END)"


def _compared(kind: Type, symbol: str, a: str, b: str) -> str:
    """Compare as Trino does. DuckDB holds NaN equal to itself, and NULL elements equal to each other."""
    if kind.name in {"double", "real"}:
        unequal = "true" if symbol == "<>" else "false"
        return f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN isnan({a}) OR isnan({b}) THEN {unequal} ELSE {a} {symbol} {b} END)"
    if not kind.parts:
        return f"({a} {symbol} {b})"
    if kind.holds_map:
        return equal(kind, a, b) if symbol == "=" else f"(NOT {equal(kind, a, b)})"
    if symbol in {"=", "<>"}:
        exactly = equal(kind, a, b) if symbol == "=" else f"(NOT {equal(kind, a, b)})"
    else:
        message = (
            f"{kind.name.upper()} comparison not supported for values with NULL or NaN by the local cloud''s Athena"
        )
        exactly = raising("NOT_SUPPORTED", message, BOOLEAN)
    return f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN {holds_unequal(a, kind)} OR {holds_unequal(b, kind)} THEN {exactly} ELSE {a} {symbol} {b} END)"


def equal(kind: Type, a: str, b: str) -> str:
    """Compare nested values in three-valued logic: NULL when a NULL inside leaves it open."""
    if kind.name == "row":
        parts = [_equal_part(part, f"({a}).f{index}", f"({b}).f{index}") for index, part in enumerate(kind.parts)]
        return f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL ELSE {' AND '.join(parts)} END)"
    item = element_variable("q", kind)
    if kind.name == "map":
        key, value = f"{item}.key", _equal_part(kind.parts[1], f"({b})[{item}.key]", f"{item}.value")
        answers = f"list_transform(map_entries({a}), lambda {item}: CASE WHEN map_contains({b}, {key}) THEN {value} ELSE false END)"
        sizes = f"cardinality({a}) <> cardinality({b})"
    else:
        answers = f"list_transform(list_zip({a}, {b}), lambda {item}: {_equal_part(kind.element, f'{item}[1]', f'{item}[2]')})"
        sizes = f"len({a}) <> len({b})"
    return (
        f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN {sizes} OR list_contains({answers}, false) THEN false "
        f"WHEN len(list_filter({answers}, lambda z: z IS NULL)) > 0 THEN NULL ELSE true END)"
    )


def _equal_part(kind: Type, a: str, b: str) -> str:
    if kind.parts:
        return equal(kind, a, b)
    if kind.name == "unknown":
        return "CAST(NULL AS BOOLEAN)"
    return _compared(kind, "=", a, b)


def holds_unequal(sql: str, kind: Type) -> str:
    """Return the condition that a value, not NULL itself, holds NULL or NaN anywhere inside."""
    if kind.name == "array":
        item = element_variable("n", kind)
        return f"(len(list_filter({sql}, lambda {item}: {item} IS NULL OR {holds_unequal(item, kind.element)})) > 0)"
    if kind.name == "row":
        fields = [f"({sql}).f{index}" for index in range(len(kind.parts))]
        return (
            "("
            + " OR ".join(
                f"{field} IS NULL OR {holds_unequal(field, part)}"
                for field, part in zip(fields, kind.parts, strict=True)
            )
            + ")"
        )
    return f"isnan({sql})" if kind.name in {"double", "real"} else "false"


def boolean(session: Session, node: exp.Expr, value: Typed, where: str) -> str:
    """Return the value's SQL where a condition has to be.

    Raises:
        QueryFailedError: it is no boolean.
    """
    if value.type != BOOLEAN and value.type.name != "unknown":
        raise session.mismatch(node, f"{where} must evaluate to a boolean: actual type {value.type}")
    return value.sql if value.type == BOOLEAN else "CAST(NULL AS BOOLEAN)"

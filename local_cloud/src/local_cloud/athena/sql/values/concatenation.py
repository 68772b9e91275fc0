"""Compile ``||`` of texts, bytes and arrays.

Sources: https://trino.io/docs/current/functions/string.html, https://trino.io/docs/current/functions/array.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Session, Typed
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.texts import padded
from local_cloud.athena.types import VARCHAR, Type


def concatenated(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    if left.type.is_text and right.type.is_text:
        return _texts(left, right)
    if left.type.name == right.type.name == "unknown":
        raise _ambiguous(session, node)
    if left.type.name == right.type.name == "varbinary":
        return Typed(f"({left.sql} || {right.sql})", left.type)
    if {"array", "unknown"} & {left.type.name, right.type.name}:
        return _array_concatenated(session, node, left, right)
    raise session.invalid(
        node,
        f"Unexpected parameters ({left.type}, {right.type}) for function concat. Expected: concat(char(x), char(y)), concat(array(E), E) E, concat(E, array(E)) E, concat(array(E)) E, concat(varchar), concat(varbinary)",
        "FUNCTION_NOT_FOUND",
    )


def _element_concatenated(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    """Concatenate an array of arrays with one of its elements."""
    for whole, element, is_left in ((left, right, True), (right, left, False)):
        kind = common_type(whole.type.element, element.type)
        if kind is not None:
            target = Type("array", parts=(kind,))
            parts = [coerce(whole, target).sql, f"[{coerce(element, kind).sql}]"]
            joined = f"list_concat({', '.join(parts if is_left else reversed(parts))})"
            return Typed(f"(CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL ELSE {joined} END)", target)
    raise session.mismatch(node, f"Cannot concatenate {left.type} and {right.type}")


def _ambiguous(session: Session, node: exp.Expr) -> QueryFailedError:
    message = "Could not choose a best candidate operator. Explicit type casts must be added."
    return session.invalid(node, message, "AMBIGUOUS_FUNCTION_CALL")


def _texts(left: Typed, right: Typed) -> Typed:
    joined = f"({padded(left)} || {padded(right)})"
    if "char" in {left.type.name, right.type.name} and left.type.numbers and right.type.numbers:
        return Typed(f"rtrim({joined}, ' ')", Type("char", (left.type.numbers[0] + right.type.numbers[0],)))
    return Typed(joined, VARCHAR)


def _array_concatenated(session: Session, node: exp.Expr, left: Typed, right: Typed) -> Typed:
    """Concatenate arrays and elements; NULL for NULL on any side. A bare NULL is an array or an element, whichever."""
    if left.type.name == right.type.name == "array" and common_type(left.type, right.type) is None:
        return _element_concatenated(session, node, left, right)
    elements = [value.type.element if value.type.name == "array" else value.type for value in (left, right)]
    kind = common_type(*elements)
    empty = [value.type.name == "array" and value.type.element.name == "unknown" for value in (left, right)]
    if any(empty) and not all(empty) and left.type.name == right.type.name:
        raise _ambiguous(session, node)
    if {left.type.name, right.type.name} == {"array", "unknown"}:
        raise _ambiguous(session, node)
    if kind is None:
        raise session.mismatch(node, f"Cannot concatenate {left.type} and {right.type}")
    whole = Type("array", parts=(kind,))
    parts = [
        coerce(value, whole).sql if value.type.name == "array" else f"[{coerce(value, kind).sql}]"
        for value in (left, right)
    ]
    missing = f"{left.sql} IS NULL OR {right.sql} IS NULL"
    return Typed(f"(CASE WHEN {missing} THEN NULL ELSE list_concat({parts[0]}, {parts[1]}) END)", whole)

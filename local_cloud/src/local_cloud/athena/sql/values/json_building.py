"""Compile the building of JSON objects and arrays from values.

Source: https://trino.io/docs/current/functions/json.html#constructor-functions
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.errors import not_supported
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import cast
from local_cloud.athena.sql.values.json_casts import has_json_form
from local_cloud.athena.types import JSON, VARCHAR


def is_json(node: exp.Expr) -> bool:
    """Say whether an item is what another of these functions made: its text is JSON as it is."""
    of_array = isinstance(node, exp.Anonymous) and node.name.lower() == "json_array"
    return (
        of_array
        or isinstance(node, exp.JSONObject)
        or (isinstance(node, exp.JSONExtract) and bool(node.args.get("json_query")))
    )


def _item(value: Typed, node: exp.Expr) -> str:
    """Return a value as the text of JSON; NULL for NULL."""
    if is_json(node):
        return value.sql
    if value.type.name == "unknown":
        return "CAST(NULL AS VARCHAR)"
    if value.type.name == "json" or value.type.parts or not has_json_form(value.type):
        raise not_supported(f"A value of type {value.type} in a JSON object or array")
    text = value if value.type.is_numeric or value.type.name == "boolean" else cast(value, VARCHAR)
    return cast(text, JSON).sql


def json_object(pairs: list[tuple[Typed, Typed]], nodes: list[exp.JSONKeyValue], *, absent: bool) -> Typed:
    """Return an object; members that are NULL are left out if ``absent``. ``nodes`` are where the pairs come from."""
    members = [
        f"{_item(key, node.this)} || ':' || coalesce({_item(value, node.expression)}, 'null')"
        for (key, value), node in zip(pairs, nodes, strict=True)
    ]
    if absent:
        members = [
            f"CASE WHEN {value.sql} IS NOT NULL THEN {member} END"
            for member, (_, value) in zip(members, pairs, strict=True)
        ]
    return Typed(f"('{{' || {_joined(members)} || '}}')", VARCHAR)


def json_array(values: list[Typed], nodes: list[exp.Expr]) -> Typed:
    """Return an array without the values that are NULL."""
    items = [_item(value, node) for value, node in zip(values, nodes, strict=True)]
    return Typed(f"('[' || {_joined(items)} || ']')", VARCHAR)


def _joined(parts: list[str]) -> str:
    return f"concat_ws(',', {', '.join(parts)})" if parts else "''"

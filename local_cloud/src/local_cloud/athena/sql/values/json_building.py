"""Compile the building of JSON objects and arrays from values.

Source: https://trino.io/docs/current/functions/json.html#constructor-functions
"""

from __future__ import annotations

from local_cloud.athena.errors import not_supported
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import cast
from local_cloud.athena.sql.values.json_casts import has_json_form
from local_cloud.athena.types import JSON, VARCHAR


def _item(value: Typed) -> str:
    """Return a value as the text of JSON; NULL for NULL."""
    if value.type.name == "unknown":
        return "CAST(NULL AS VARCHAR)"
    if value.type.name == "json" or value.type.parts or not has_json_form(value.type):
        raise not_supported(f"A value of type {value.type} in a JSON object or array")
    text = value if value.type.is_numeric or value.type.name == "boolean" else cast(value, VARCHAR)
    return cast(text, JSON).sql


def json_object(pairs: list[tuple[Typed, Typed]], *, absent: bool) -> Typed:
    """Return an object; members that are NULL are left out if ``absent``."""
    members = [f"{_item(key)} || ':' || coalesce({_item(value)}, 'null')" for key, value in pairs]
    if absent:
        members = [
            f"CASE WHEN {value.sql} IS NOT NULL THEN {member} END"
            for member, (_, value) in zip(members, pairs, strict=True)
        ]
    return Typed(f"('{{' || {_joined(members)} || '}}')", VARCHAR)


def json_array(values: list[Typed]) -> Typed:
    """Return an array without the values that are NULL."""
    return Typed(f"('[' || {_joined([_item(value) for value in values])} || ']')", VARCHAR)


def _joined(parts: list[str]) -> str:
    return f"concat_ws(',', {', '.join(parts)})" if parts else "''"

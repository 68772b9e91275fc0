"""Compile JSON functions. JSON is held as text, numbers as they were written.

Source: https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.json_building import json_array
from local_cloud.athena.types import BIGINT, BOOLEAN, JSON, VARCHAR, Type


def _source(call: Call, index: int = 0) -> str:
    value = call.argument(index)
    if value.type != JSON and not value.type.is_text and value.type.name != "unknown":
        raise call.mistaken()
    return value.sql


def _with_path(function: str, result: Type) -> Function:
    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 2 or not call.argument(1).type.is_text:
            raise call.mistaken()
        return Typed(f"{function}({_source(call)}, {call.argument(1).sql})", result)

    return compiled


def _extract_scalar(call: Call) -> Typed:
    """Compile json_extract_scalar: a text of the type JSON or at most as long as the text that it comes from."""
    found = _with_path("trino_json_extract_scalar", VARCHAR)(call)
    call.require_type(0)
    source = call.argument(0).type
    return Typed(found.sql, source if source.is_text else VARCHAR)


def _alone(function: str, result: Type) -> Function:
    def compiled(call: Call) -> Typed:
        if len(call.nodes) != 1:
            raise call.mistaken()
        return Typed(f"{function}({_source(call)})", result)

    return compiled


def _format(call: Call) -> Typed:
    if len(call.nodes) != 1 or call.argument(0).type != JSON:
        raise call.mistaken()
    return Typed(call.argument(0).sql, VARCHAR)


def _array_get(call: Call) -> Typed:
    if len(call.nodes) != 2 or not call.argument(1).type.is_integer:
        raise call.mistaken()
    return Typed(f"trino_json_array_get({_source(call)}, CAST({call.argument(1).sql} AS BIGINT))", JSON)


def _array_contains(call: Call) -> Typed:
    if len(call.nodes) != 2:
        raise call.mistaken()
    kind = call.argument(1).type
    if not (kind.name in {"boolean", "varchar", "unknown"} or kind.is_integer or kind.is_numeric):
        raise call.mistaken()
    name = "number" if kind.is_numeric else "boolean" if kind.name == "boolean" else "varchar"
    wanted = f"CAST({call.argument(1).sql} AS VARCHAR)"
    return Typed(f"trino_json_contains({_source(call)}, {wanted}, '{name}')", BOOLEAN)


def _array(call: Call) -> Typed:
    return json_array(call.arguments(), list(call.nodes))


JSON_VALUES: dict[str, Function] = {
    "json_extract": _with_path("trino_json_extract", JSON), "json_extract_scalar": _extract_scalar,
    "json_size": _with_path("trino_json_size", BIGINT), "json_parse": _alone("trino_json_parse", JSON), "json_format": _format,
    "json_array_length": _alone("trino_json_array_length", BIGINT), "is_json_scalar": _alone("trino_is_json_scalar", BOOLEAN), "json_array_get": _array_get,
    "json_exists": _with_path("trino_json_exists", BOOLEAN), "json_array_contains": _array_contains, "json_array": _array,
}  # fmt: skip

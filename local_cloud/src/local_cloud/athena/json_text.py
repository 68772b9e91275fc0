"""Hold JSON as text: numbers as they were written, objects with repeated keys.

Source of the structure: https://duckdb.org/docs/stable/data/json/json_functions.html
"""

from __future__ import annotations

import json
from typing import Any

from local_cloud.athena.types import Type


class Number(str):
    """A JSON number by its text."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys in order, repeated ones kept."""


def compact(value: Any) -> str:
    """Return JSON text without spaces, every number as it was written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{compact(part)}" for key, part in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def encodable(text: str) -> str:
    """Return the text with ``?`` for half a surrogate, which a JSON line can hold and UTF-8 cannot.

    The SerDes are Java's, whose ``String.getBytes`` puts that character.
    Source: https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/lang/String.html#getBytes(java.nio.charset.Charset)
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def structure(kind: Type) -> str:
    """Return the JSON structure that is passed to ``from_json``: every leaf is text."""
    return json.dumps(_structured(kind))


def _structured(kind: Type) -> Any:
    if kind.name == "array":
        return [_structured(kind.element)]
    if kind.name == "map":
        return f"MAP({_text_type(kind.parts[0])}, {_text_type(kind.parts[1])})"
    if kind.name == "row":
        return {f"f{i}": _structured(part) for i, part in enumerate(kind.parts)}
    return "VARCHAR"


def _text_type(kind: Type) -> str:
    """Return the DuckDB type of a value whose leaves are still text."""
    if kind.name == "array":
        return f"{_text_type(kind.element)}[]"
    if kind.name == "map":
        return f"MAP({_text_type(kind.parts[0])}, {_text_type(kind.parts[1])})"
    if kind.name == "row":
        return f"STRUCT({', '.join(f'f{i} {_text_type(part)}' for i, part in enumerate(kind.parts))})"
    return "VARCHAR"

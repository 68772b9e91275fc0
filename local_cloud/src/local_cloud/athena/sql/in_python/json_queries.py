"""Query JSON with SQL/JSON paths: json_value, json_query and json_exists.

Source: https://trino.io/docs/current/functions/json.html#json-path-language. Of the language: members, elements and wildcards.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from local_cloud.athena.json_text import Number, Pairs
from local_cloud.athena.sql.in_python.json_paths import MISSING, as_doubles, is_fraction, parsed, written
from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values.display import floating_text

_ACCESSOR = re.compile(
    r'\s*(?:\.\s*([A-Za-z_]\w*)(?!\s*\()|\.\s*"((?:[^"\\]|\\.)*)"|(\.\s*\*)|\[\s*(\*|last|\d+(?:\s+to\s+(?:\d+|last))?)\s*\])\s*'
)
Step = tuple[str, str]  # "member" and a key, or "element" and a subscript; "*" is every one


class _StructureError(Exception):
    """A strict path does not fit the document."""


@lru_cache(maxsize=256)
def _path(text: str) -> tuple[bool, tuple[Step, ...]]:
    """Return whether the path is lax, and its steps."""
    match = re.match(r"\s*(lax|strict)\s+\$", text)
    if match is None:
        raise QueryError("INVALID_PATH", f"Invalid JSON path: {text}")
    steps: list[Step] = []
    position = match.end()
    while text[position:].strip():
        found = _ACCESSOR.match(text, position)
        if found is None:
            raise QueryError("NOT_SUPPORTED", f"The JSON path '{text}' is not supported by the local cloud's Athena.")
        steps.append(
            ("element", found[4]) if found[4] else ("member", found[1] or found[2] or ("*" if found[3] else ""))
        )
        position = found.end()
    return match[1] == "lax", tuple(steps)


def _items(text: str, path: str) -> list[Any] | None:
    """Return what the path finds; None when the text is no JSON or does not fit a strict path."""
    lax, steps = _path(path)
    document = parsed(text)
    if document is MISSING:
        return None
    items = [document]
    try:
        for kind, key in steps:
            find = _members if kind == "member" else _elements
            items = [part for item in items for part in find(item, key, lax=lax)]
    except _StructureError:
        return None
    return items


def _is_list(item: Any) -> bool:
    return isinstance(item, list) and not isinstance(item, Pairs)


def _members(item: Any, key: str, *, lax: bool) -> list[Any]:
    if _is_list(item) and lax:
        return [part for element in item for part in ([] if _is_list(element) else _members(element, key, lax=True))]
    if not isinstance(item, Pairs):
        return _nothing(lax=lax)
    if key == "*":
        return [part for _, part in item]
    found = [part for name, part in item if name == key]
    return found[:1] or _nothing(lax=lax)


def _elements(item: Any, subscript: str, *, lax: bool) -> list[Any]:
    if not _is_list(item):
        if not lax:
            raise _StructureError
        item = [item]
    if subscript == "*":
        return list(item)
    first, _, last = subscript.partition(" to ")
    start, end = (len(item) - 1 if part.strip() == "last" else int(part) for part in (first, last or first))
    if not lax and not (0 <= start <= end < len(item)):
        raise _StructureError
    return list(item[max(start, 0) : end + 1])


def _nothing(*, lax: bool) -> list[Any]:
    if not lax:
        raise _StructureError
    return []


def exists(text: str, path: str) -> bool:
    return bool(_items(text, path))


def value(text: str, path: str, outcome: str) -> str | None:
    """Return one scalar as text; for nothing, and for what is no scalar, a marked text or an error as ``outcome`` says.

    ``outcome`` has the words for nothing and for an error: ``null``, ``error`` or ``default``, and perhaps ``number``.
    """
    on_empty, on_error, form = outcome.split()
    items = _items(text, path)
    if items is None or len(items) > 1 or (items and isinstance(items[0], list)):
        return _instead(on_error, "no single scalar", "\x00error")
    if not items:
        return _instead(on_empty, "nothing", "\x00empty")
    return None if items[0] is None else _scalar(items[0], form)


def _instead(word: str, found: str, mark: str) -> str | None:
    if word == "error":
        raise QueryError("JSON_VALUE_RESULT_ERROR", f"cannot extract a scalar from JSON: the path found {found}")
    return mark if word == "default" else None


def _scalar(item: Any, form: str) -> str:
    if isinstance(item, bool):
        return str(item).lower()
    if not isinstance(item, Number):
        return str(item)
    if not is_fraction(item):
        return str(int(item))
    return repr(float(item)) if form == "number" else floating_text(repr(float(item)))


def query(text: str, path: str, outcome: str) -> str | None:
    """Return what the path finds as JSON. ``outcome``: the wrapper, what to do with quotes, and the words for nothing and errors."""
    wrapper, quotes, on_empty, on_error = outcome.split()
    items = _items(text, path)
    if items is None:
        return _stand_in(on_error)
    if not items:
        return _stand_in(on_empty)
    if wrapper == "unconditional" or (wrapper == "conditional" and (len(items) > 1 or not isinstance(items[0], list))):
        return written(as_doubles(items))
    if len(items) > 1:
        return _stand_in(on_error)
    if quotes == "omit" and isinstance(items[0], str) and not isinstance(items[0], Number):
        return str(items[0])
    return written(as_doubles(items[0]))


def _stand_in(word: str) -> str | None:
    if word == "error":
        raise QueryError("JSON_QUERY_RESULT_ERROR", "cannot extract a single item from JSON")
    return {"array": "[]", "object": "{}"}.get(word)


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_json_exists", exists, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("trino_json_value", value, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_json_query", query, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
]

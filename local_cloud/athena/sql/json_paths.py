"""JSON: parsing, paths and casts, with every number kept as it was written.

Source: Trino documentation, *JSON functions and operators*.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from local_cloud.athena.normal_form import Number, Pairs, compact
from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.types import Type, parse_type

_STEP = re.compile(r"""\.([A-Za-z_][\w-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\]""")
_MISSING = object()


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[str | int, ...]:
    if not path.startswith("$"):
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'")
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            known = re.search(r"\.\.|\*|\?|@", path)
            raise QueryError("NOT_SUPPORTED" if known else "INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'")
        key = next(group for group in match.groups() if group is not None)
        steps.append(int(key) if match[2] is not None else key)
        position = match.end()
    return tuple(steps)


def _parsed(text: str) -> Any:
    """The document; ``_MISSING`` when the text is no JSON."""
    try:
        return json.loads(text, parse_float=Number, parse_int=Number, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return _MISSING


def _found(text: str, path: str) -> Any:
    value = _parsed(text)
    for step in _steps(path):
        if isinstance(value, Pairs):
            value = next((part for key, part in value if key == str(step)), _MISSING)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else _MISSING
        else:
            return _MISSING
    return value


def extract(text: str, path: str) -> str | None:
    value = _found(text, path)
    return None if value is _MISSING else compact(value)


def extract_scalar(text: str, path: str) -> str | None:
    """NULL when there is nothing, a JSON null, an object or an array."""
    value = _found(text, path)
    if value is _MISSING or value is None or isinstance(value, list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def size(text: str, path: str) -> int | None:
    value = _found(text, path)
    if value is _MISSING:
        return None
    return len(value) if isinstance(value, list) else 0


def parse(text: str) -> str:
    value = _parsed(text)
    if value is _MISSING:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Cannot convert value to JSON: '{text}'")
    return compact(_sorted(value))


def _sorted(value: Any) -> Any:
    """Trino keeps the keys of an object in order and the last of repeated ones."""
    if isinstance(value, Pairs):
        return Pairs((key, _sorted(part)) for key, part in sorted(dict(value).items()))
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def array_length(text: str) -> int | None:
    value = _parsed(text)
    return len(value) if isinstance(value, list) and not isinstance(value, Pairs) else None


def array_get(text: str, index: int) -> str | None:
    value = _parsed(text)
    if not isinstance(value, list) or isinstance(value, Pairs) or not -len(value) <= index < len(value):
        return None
    return compact(value[index])


def is_scalar(text: str) -> bool:
    return not isinstance(_parsed(text), list)


def to_json(text: str, kind: str) -> str:
    """``CAST(value AS JSON)``; ``text`` is the value with its leaves as text."""
    parsed = parse_type(kind)
    value = json.loads(text) if parsed.parts else text
    return compact(_built(value, parsed))


def _built(value: Any, kind: Type) -> Any:
    if value is None:
        return None
    if kind.name == "array":
        return [_built(item, kind.element) for item in value]
    if kind.name == "map":
        entries = [tuple(entry.values()) if isinstance(entry, dict) else tuple(entry) for entry in value]
        return Pairs(sorted((str(key), _built(item, kind.parts[1])) for key, item in entries))
    if kind.name == "row":
        return Pairs(
            (name or "", _built(value[f"f{index}"], part))
            for index, (name, part) in enumerate(zip(kind.names, kind.parts, strict=True))
        )
    if kind.name == "json":
        return json.loads(value, parse_float=Number, parse_int=Number, object_pairs_hook=Pairs)
    if kind.name == "boolean":
        return str(value).lower() == "true"
    if kind.name in {"double", "real"}:
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(value)) or Number(
            _json_double(str(value))
        )
    return Number(value) if kind.is_exact else str(value)


def _json_double(text: str) -> str:
    return text.replace("e+", "E").replace("e", "E")


def cast(text: str, kind: str) -> str | None:
    """``CAST(json AS type)``: for nested types, JSON with every leaf as the text of its type."""
    value = _parsed(text)
    shaped = _shaped(value, parse_type(kind))
    if shaped is None:
        return None
    return compact(shaped) if isinstance(shaped, list) else str(shaped)


def _shaped(value: Any, kind: Type) -> Any:
    if value is None:
        return None
    if kind.name == "array" and isinstance(value, list) and not isinstance(value, Pairs):
        return [_shaped(item, kind.element) for item in value]
    if kind.name == "map" and isinstance(value, Pairs):
        return Pairs((str(_shaped(key, kind.parts[0])), _shaped(item, kind.parts[1])) for key, item in value)
    if kind.name == "row" and isinstance(value, Pairs):
        found = {key.lower(): item for key, item in value}
        return Pairs(
            (f"f{index}", _shaped(found.get(name or ""), part))
            for index, (name, part) in enumerate(zip(kind.names, kind.parts, strict=True))
        )
    if kind.name == "row" and isinstance(value, list) and len(value) == len(kind.parts):
        return Pairs((f"f{index}", _shaped(item, kind.parts[index])) for index, item in enumerate(value))
    if kind.name == "json":
        return compact(value)
    if isinstance(value, list) or kind.parts:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast to {kind}. Unexpected JSON value: {compact(value)}")
    return _leaf(value, kind)


def _leaf(value: Any, kind: Type) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    try:
        if kind.is_integer:
            number = Decimal("1" if value is True else "0" if value is False else text)
            return str(int(number.quantize(Decimal(1), ROUND_HALF_UP)))
        if kind.name == "decimal":
            return format(Decimal("1" if value is True else "0" if value is False else text), "f")
        if kind.name in {"double", "real"}:
            return repr(float("1" if value is True else "0" if value is False else text))
        if kind.name == "boolean":
            return _boolean(value, text)
    except (ValueError, ArithmeticError) as error:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast '{text}' to {kind.name.upper()}") from error
    return text


def _boolean(value: Any, text: str) -> str:
    if isinstance(value, Number):
        return "true" if Decimal(text) else "false"
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower()


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_json_extract", extract, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_json_extract_scalar", extract_scalar, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_json_size", size, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("trino_json_parse", parse, ["VARCHAR"], "VARCHAR"),
    ("trino_json_array_length", array_length, ["VARCHAR"], "BIGINT"),
    ("trino_json_array_get", array_get, ["VARCHAR", "BIGINT"], "VARCHAR"),
    ("trino_is_json_scalar", is_scalar, ["VARCHAR"], "BOOLEAN"),
    ("trino_to_json", to_json, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_json_cast", cast, ["VARCHAR", "VARCHAR"], "VARCHAR"),
]

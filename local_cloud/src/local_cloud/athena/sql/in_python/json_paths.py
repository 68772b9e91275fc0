"""Parse JSON, follow paths in it, and cast it.

A scalar taken out as text keeps its digits; values of the type JSON hold numbers with a point or an exponent as doubles.
Source: https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from local_cloud.athena.json_text import Number, Pairs, compact, encodable
from local_cloud.athena.sql.in_python.json_streams import refused, steps, value_before_the_fault
from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values.display import NOT_FINITE, floating, floating_text
from local_cloud.athena.types import Type, parse_type

_EXPONENT_OR_POINT = re.compile("[.eE]")
_INTEGER, _DOUBLE = (
    re.compile("[-+]?[0-9]+"),
    re.compile(r"\s*[-+]?(NaN|Infinity|([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?)[dDfF]?\s*"),
)
_DECIMAL = re.compile("[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?")
_TRUTHS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
MISSING = object()


def parsed(text: str) -> Any:
    """Parse the document; ``MISSING`` when the text is no JSON."""
    try:
        value = json.loads(text, parse_float=Number, parse_int=Number, parse_constant=refused, object_pairs_hook=Pairs)
        return _encodable(value) if "\\ud" in text or "\\uD" in text else value
    except (ValueError, RecursionError):
        return MISSING


def _encodable(value: Any) -> Any:
    """Return the value with ``?`` for halves of surrogates, in keys too."""
    if isinstance(value, Pairs):
        return Pairs((encodable(key), _encodable(part)) for key, part in value)
    if isinstance(value, list):
        return [_encodable(part) for part in value]
    return encodable(value) if isinstance(value, str) and not isinstance(value, Number) else value


def as_doubles(value: Any) -> Any:
    """Return the value as Trino keeps it. A number with a point or an exponent is a double, written as Java writes it."""
    if isinstance(value, Pairs):
        return Pairs((key, as_doubles(part)) for key, part in value)
    if isinstance(value, list):
        return [as_doubles(part) for part in value]
    if not isinstance(value, Number):
        return value
    if not _EXPONENT_OR_POINT.search(value):
        return Number(int(value))
    text = floating(repr(float(value)))
    return text if text.endswith("Infinity") else Number(text)


def _found(text: str, path: str) -> Any:
    value, found = parsed(text), steps(path)
    if value is MISSING:
        try:
            return _encodable(value_before_the_fault(text, found))
        except (ValueError, RecursionError):
            return MISSING
    for step in found:
        if isinstance(value, Pairs):
            value = next((part for key, part in value if key == str(step)), MISSING)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else MISSING
        else:
            return MISSING
    return value


def is_fraction(number: str) -> bool:
    """Say whether a number is written with a point or an exponent, so that Trino keeps it as a double."""
    return _EXPONENT_OR_POINT.search(number) is not None


def written(value: Any) -> str:
    """Return JSON as Trino writes it, in which characters beyond the basic plane are escaped."""
    return _BEYOND.sub(lambda match: "".join(f"\\u{half:04X}" for half in _halves(ord(match[0]))), compact(value))


def _halves(code: int) -> tuple[int, int]:
    return 0xD800 + (code - 0x10000 >> 10), 0xDC00 + (code - 0x10000 & 0x3FF)


def extract(text: str, path: str) -> str | None:
    value = _found(text, path)
    return None if value is MISSING else written(as_doubles(value))


def extract_scalar(text: str, path: str) -> str | None:
    """Return a scalar as text; NULL for nothing, a JSON null, an object or an array."""
    value = _found(text, path)
    if value is MISSING or value is None or isinstance(value, list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def size(text: str, path: str) -> int | None:
    value = _found(text, path)
    if value is MISSING:
        return None
    return len(value) if isinstance(value, list) else 0


def parse(text: str) -> str:
    value = parsed(text)
    if value is MISSING:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Cannot convert value to JSON: '{text}'")
    return written(as_doubles(_sorted(value)))


def _sorted(value: Any) -> Any:
    """Sort the keys of an object and keep the last of repeated ones, as Trino does."""
    if isinstance(value, Pairs):
        return Pairs((key, _sorted(part)) for key, part in sorted(dict(value).items()))
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def array_length(text: str) -> int | None:
    value = parsed(text)
    return len(value) if isinstance(value, list) and not isinstance(value, Pairs) else None


def array_get(text: str, index: int) -> str | None:
    value = parsed(text)
    if not isinstance(value, list) or isinstance(value, Pairs) or not -len(value) <= index < len(value):
        return None
    item = value[index]
    if item is None or (isinstance(item, str) and not isinstance(item, Number)):
        return item  # Trino leaves out the quotes of a text
    return written(as_doubles(item))


def is_scalar(text: str) -> bool:
    value = parsed(text)
    if value is MISSING:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON value: {text}")
    return not isinstance(value, list)


def to_json(text: str, kind: str) -> str:
    """Compute ``CAST(value AS JSON)``; ``text`` is the value with its leaves as text."""
    parsed = parse_type(kind)
    value = json.loads(text) if parsed.parts else text
    return written(_built(value, parsed))


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
        text = floating(str(value))
        return text if text in NOT_FINITE.values() else Number(text)
    if kind.name == "decimal":
        return Number(Decimal(value))
    return Number(value) if kind.is_integer else str(value)


def cast(text: str, kind: str) -> str | None:
    """Compute ``CAST(json AS type)``: for nested types, JSON with every leaf as the text of its type."""
    value = parsed(text)
    if value is MISSING:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast to {kind}. {text}")
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
        shaped = Pairs((str(_shaped(key, kind.parts[0])), _shaped(item, kind.parts[1])) for key, item in value)
        if len(dict(shaped)) < len(shaped):
            raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast to {kind}. Duplicate map keys are not allowed")
        return shaped
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
    """Return a scalar as the text of its type; a text has to be one that ``CAST`` of a text accepts."""
    if isinstance(value, bool):
        return _of_boolean(value, kind)
    text = str(value)
    quoted = not isinstance(value, Number)
    fraction = not quoted and _EXPONENT_OR_POINT.search(text) is not None
    if kind.is_text:
        return floating_text(repr(float(text))) if fraction else text
    if kind.name == "boolean":
        return _boolean(text, quoted=quoted)
    form = _INTEGER if kind.is_integer else _DECIMAL if kind.name == "decimal" else _DOUBLE
    if quoted and form.fullmatch(text) is None:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast '{text}' to {kind.name.upper()}")
    if kind.is_integer and fraction:
        return str(int(Decimal(float(text)).quantize(Decimal(1), ROUND_HALF_UP)))
    if kind.is_integer:
        return str(int(text))
    if kind.name == "decimal":
        return format(Decimal(text), "f")
    return repr(float(text.strip().rstrip("dDfF"))) if kind.name in {"double", "real"} else text


def _of_boolean(value: bool, kind: Type) -> str:
    if kind.is_text or kind.name == "boolean":
        return str(value).lower()
    return str(float(value)) if kind.name in {"double", "real"} else str(int(value))


def _boolean(text: str, *, quoted: bool) -> str:
    truth = _TRUTHS.get(text.lower()) if quoted else bool(Decimal(text))
    if truth is None:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast '{text}' to BOOLEAN")
    return str(truth).lower()


def contains(text: str, wanted: str, kind: str) -> bool | None:
    """Say whether an array has a value, which is given as text and its kind."""
    value = parsed(text)
    if not isinstance(value, list) or isinstance(value, Pairs):
        return None
    for item in value:
        if kind == "boolean" and isinstance(item, bool) and str(item).lower() == wanted:
            return True
        if kind == "varchar" and isinstance(item, str) and not isinstance(item, Number) and item == wanted:
            return True
        if kind == "number" and isinstance(item, Number) and float(item) == float(wanted):
            return True
    return False


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_json_extract", extract, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_json_extract_scalar", extract_scalar, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_json_size", size, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("trino_json_parse", parse, ["VARCHAR"], "VARCHAR"),
    ("trino_json_array_length", array_length, ["VARCHAR"], "BIGINT"),
    ("trino_json_array_get", array_get, ["VARCHAR", "BIGINT"], "VARCHAR"),
    ("trino_json_contains", contains, ["VARCHAR", "VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("trino_is_json_scalar", is_scalar, ["VARCHAR"], "BOOLEAN"),
    ("trino_to_json", to_json, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_json_cast", cast, ["VARCHAR", "VARCHAR"], "VARCHAR"),
]

"""Objects whose JSON lines DuckDB's own reader takes without changing anything: a proof, cheap enough for a first query.

The whole text has to match one regular expression made of the keys that its first and last lines hold: every line is one flat
object, each key at most once and in one order, each value a text, true, false, null, or a number that is printed as it
was written. A key whose sampled values are all numbers is first tried as one that has nothing else: such numbers need not
be read as texts. Any other object is looked at more closely, or parsed line by line (``normal_form``).
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

LONGEST_LINE_BYTES = 8 * 1024 * 1024
MOST_KEYS = 100
SAMPLE_BYTES = 8 * 1024
_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_ESCAPED = r'\\["\\/bfnrt]'
_ASCII_TEXT = rf'"(?:[ !#-\[\]-\x7f]|{_ESCAPED})*"'
_TEXT = rf'"(?:[^"\\\x00-\x1f]|{_ESCAPED})*"'
# Fifteen digits survive a double; DuckDB prints 0.00001 with an exponent.
_FRACTION = r"-?[1-9][0-9]{0,8}\.[0-9]{0,5}[1-9]|-?0\.[0-9]{0,3}[1-9]"
_WHOLE = r"0|-?[1-9][0-9]{0,14}"
_VALUES = {
    "BIGINT": f"{_WHOLE}|null",
    "DOUBLE": f"{_WHOLE}|{_FRACTION}|null",
    "VARCHAR": f"0|-?[1-9][0-9]{{0,17}}|{_FRACTION}|true|false|null",
}


def plain_keys(path: Path) -> dict[str, str] | None:
    """The keys of an object's plain lines, in their order; None when its lines are not known to be plain.

    Each has the DuckDB type that all its values can be read as: BIGINT and DOUBLE lose nothing of at most fifteen digits.
    """
    if not path.stat().st_size:
        return None
    with pa.memory_map(str(path)) as file:
        content = file.read_buffer()
        if content[-1:].to_pybytes() != b"\n":
            content = pa.py_buffer(content.to_pybytes() + b"\n")
        keys = _keys(content)
        if keys is None or not _lines_fit(content):
            return None
        if _matches(content, _pattern(keys, _ASCII_TEXT)):
            return keys
        if not _is_utf8(content):
            return None
        return next((types for types in _tries(keys) if _matches(content, _pattern(types, _TEXT))), None)


def common_type(types: set[str]) -> str:
    """The type that values of all these types can be read as."""
    if types == {"BIGINT"}:
        return "BIGINT"
    return "DOUBLE" if types and types <= {"BIGINT", "DOUBLE"} else "VARCHAR"


def _tries(types: dict[str, str]) -> Iterator[dict[str, str]]:
    yield types
    if set(types.values()) != {"VARCHAR"}:
        yield dict.fromkeys(types, "VARCHAR")


def _keys(content: pa.Buffer) -> dict[str, str] | None:
    """Every key of the first and the last lines and its sampled type; None when one is no object, or has keys that need care."""
    found: list[str] = []
    types: dict[str, set[str]] = {}
    try:
        for line in _sample(content):
            pairs = json.loads(line, object_pairs_hook=_pairs)
            _merge(found, [key for key, _ in pairs])
            for key, value in pairs:
                types.setdefault(key, set()).update(_type(value))
    except (ValueError, TypeError, RecursionError):
        return None
    one_spelling = len({key.lower() for key in found}) == len(found)
    if not found or len(found) > MOST_KEYS or not one_spelling or not all(map(_KEY.fullmatch, found)):
        return None
    return {key: common_type(types[key]) for key in found}


def _type(value: Any) -> set[str]:
    if value is None:
        return set()
    if type(value) is int and abs(value) < 10**15:
        return {"BIGINT"}
    return {"DOUBLE" if type(value) is float else "VARCHAR"}


def _sample(content: pa.Buffer) -> Iterator[bytes]:
    yield from content[:SAMPLE_BYTES].to_pybytes().split(b"\n")[:-1]
    if content.size > SAMPLE_BYTES:
        yield from content[-SAMPLE_BYTES:].to_pybytes().split(b"\n")[1:-1]


def _pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return pairs


def _merge(order: list[str], keys: list[str]) -> None:
    """Put new keys behind the one that they follow; whether all lines keep to the order is for the pattern to say."""
    place = 0
    for key in keys:
        if key not in order:
            order.insert(place, key)
        place = order.index(key) + 1


def _pattern(types: dict[str, str], text: str) -> str:
    values = {**_VALUES, "VARCHAR": f"{text}|{_VALUES['VARCHAR']}"}
    first, *others = (f'"{re.escape(key)}": ?(?:{values[kind]})' for key, kind in types.items())
    members = first + "".join(f"(?:, ?{member})?" for member in others)
    return rf"\A(?:\{{(?:{members})?\}}\n)*\z"


def _is_utf8(content: pa.Buffer) -> bool:
    try:
        _as_one(pa.large_string(), content).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _lines_fit(content: pa.Buffer) -> bool:
    """Whether no line is too long for the reader."""
    start = 0
    while content.size - start > LONGEST_LINE_BYTES:
        end = content[start : start + LONGEST_LINE_BYTES + 1].to_pybytes().rfind(b"\n")
        if end < 0:
            return False
        start += end + 1
    return True


def _matches(content: pa.Buffer, pattern: str) -> bool:
    """Whether the pattern matches the bytes; Arrow's regular expressions need no copy, no backtracking and no interpreter lock."""
    return bool(pc.match_substring_regex(_as_one(pa.large_binary(), content), pattern)[0].as_py())


def _as_one(kind: pa.DataType, content: pa.Buffer) -> pa.Array:
    """An array whose one value is the whole content."""
    offsets = pa.py_buffer(struct.pack("<qq", 0, content.size))
    return pa.Array.from_buffers(kind, 1, [None, offsets, content])

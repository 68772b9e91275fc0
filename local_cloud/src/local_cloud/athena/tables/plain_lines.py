"""Prove objects of JSON lines plain, so that DuckDB can read them where they are without a change of any value.

A line is one flat object: the same first key in each, each key at most once and in one order, each value a text, a number, true,
false or null, at most one space behind a colon or a comma. One regular expression for the keys that the object's first and last
lines hold says so of every byte. Any other object is looked at more closely, or parsed line by line (``normal_form``).

DuckDB reads a number as a double or a 64-bit integer, and prints it again: one of few digits keeps its value, and if it has no zeros at its
end, its text.
Sources: https://www.rfc-editor.org/rfc/rfc8259, https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import json
import mmap
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MAX_KEYS = 100
SAMPLE_BYTES = 4 * 1024
BLOCK_BYTES = 64 * 1024 * 1024  # matched at once
MAX_LINE_BYTES = 4 * 1024 * 1024
_KEY = re.compile(r"[A-Za-z0-9_.-]+")

_TEXT = r'"(?:[^"\\\x00-\x1f\x{D800}-\x{DFFF}]|\\["\\/bfnrt])*"'
_INTEGER = r"0|-?[1-9][0-9]{0,16}"
_KEEPS_TEXT = r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,3}[1-9]"
_KEEPS_VALUE = r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,6}|-?[1-9][0-9]{9,11}\.[0-9]{1,3}"


@dataclass(frozen=True, slots=True)
class PlainLines:
    """What is in an object of plain lines.

    Attributes:
        keys: the key of each column, in the order of the keys.
        exact: the columns whose values DuckDB gives as they were written. It may print numbers of the others with fewer zeros.
    """

    keys: dict[str, str]
    exact: frozenset[str]

    def has(self, texts: frozenset[str] | None) -> bool:
        """Say whether these columns (None: all) are as they were written, where the object has them."""
        return self.exact >= _among(self.keys, texts)


def find(path: Path, texts: frozenset[str] | None, *, column_of: Callable[[str], str]) -> PlainLines | None:
    """Return what is in an object's text; None when its lines are not known to be plain.

    Args:
        path: the object's text.
        texts: the columns whose values are to be as they were written; None: all.
        column_of: the column of a key.
    """
    if not path.stat().st_size:
        return None
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    keys = {column_of(key): key for key in _keys(content)}
    if not keys:
        return None
    exact = _among(keys, texts)
    pattern = _pattern([(key, column in exact) for column, key in keys.items()])
    return PlainLines(keys, exact) if all(_matches(block, pattern) for block in _blocks(content)) else None


def _among(columns: Iterable[str], chosen: frozenset[str] | None) -> frozenset[str]:
    return frozenset(columns) if chosen is None else chosen.intersection(columns)


def _pattern(keys: list[tuple[str, bool]]) -> str:
    """Return a regular expression of lines with these keys, and whether the text of a key's numbers has to stay."""
    items = [f'"{re.escape(key)}": ?(?:{_value(is_exact=is_exact)})' for key, is_exact in keys]
    rest = "".join(f"(?:, ?{item})?" for item in items[1:])
    return rf"\A(?:\{{{items[0]}{rest}\}}\n)*\z"


def _value(*, is_exact: bool) -> str:
    return f"{_TEXT}|true|false|null|{_INTEGER}|{_KEEPS_TEXT if is_exact else _KEEPS_VALUE}"


def _matches(block: bytes | memoryview, pattern: str) -> bool:
    """Say whether the whole block matches, without a copy of it."""
    offsets = pa.py_buffer(struct.pack("<qq", 0, len(block)))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(block)])
    return bool(block) and bool(pc.match_substring_regex(text, pattern=pattern)[0].as_py())


def _blocks(content: mmap.mmap) -> Iterator[bytes | memoryview]:
    """Yield whole lines, about ``BLOCK_BYTES`` at once, the very last one with a newline; nothing for lines that are too long."""
    starts = range(0, len(content) - MAX_LINE_BYTES, MAX_LINE_BYTES)
    if any(content.find(b"\n", start, start + MAX_LINE_BYTES) < 0 for start in starts):
        yield b""
        return
    start, end = 0, content.rfind(b"\n") + 1
    while start < end:
        stop = content.rfind(b"\n", start, start + BLOCK_BYTES) + 1
        yield memoryview(content)[start:stop]
        start = stop
    if start < len(content):
        yield content[start:] + b"\n"


def _keys(content: mmap.mmap) -> list[str]:
    """Return every key of the first and the last lines. None when one is no object, or has keys that need care."""
    found: list[str] = []
    try:
        for line in _sample(content):
            _merge(found, [key for key, _ in json.loads(line, object_pairs_hook=_pairs)])
    except (ValueError, TypeError, RecursionError):
        return []
    one_spelling = len({key.lower() for key in found}) == len(found)
    return found if one_spelling and len(found) <= MAX_KEYS and all(map(_KEY.fullmatch, found)) else []


def _pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return pairs


def _sample(content: mmap.mmap) -> Iterator[bytes]:
    """Yield the first and the last lines."""
    if len(content) <= SAMPLE_BYTES:
        yield from content[:].removesuffix(b"\n").split(b"\n")
        return
    yield from content[:SAMPLE_BYTES].split(b"\n")[:-1]
    yield from content[-SAMPLE_BYTES:].removesuffix(b"\n").split(b"\n")[1:]


def _merge(order: list[str], keys: list[str]) -> None:
    """Insert new keys after the one that they follow. The expression decides whether all lines keep to the order."""
    place = 0
    for key in keys:
        if key not in order:
            order.insert(place, key)
        place = order.index(key) + 1

"""Prove objects of JSON lines plain, so that DuckDB can read them where they are without a change of any value.

A line is one flat object: the same first key in each, each key at most once and in one order, each value a text, a number, true,
false or null, at most one space behind a colon or a comma. One regular expression for the keys that the object's first and last
lines hold says so of every byte. Any other object is looked at more closely, or parsed line by line (``normal_form``).

DuckDB reads a number as a double or a 64-bit integer, and prints it again: one of few digits keeps its value, and if it has no zeros at its
end, its text. Where a column of numbers holds nothing but numbers that its type has exactly, DuckDB reads them as that type and prints none.
Sources: https://www.rfc-editor.org/rfc/rfc8259, https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import json
import mmap
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from local_cloud.athena.types import Type

MAX_KEYS = 100
SAMPLE_BYTES = 4 * 1024
BLOCK_BYTES = 64 * 1024 * 1024  # matched at once
MAX_LINE_BYTES = 4 * 1024 * 1024
_KEY = re.compile(r"[A-Za-z0-9_.-]+")

_TEXT = r'"(?:[^"\\\x00-\x1f\x{D800}-\x{DFFF}]|\\["\\/bfnrt])*"'
_INTEGER = r"0|-?[1-9][0-9]{0,16}"
_KEEPS_TEXT = r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,3}[1-9]"
_KEEPS_VALUE = r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,6}|-?[1-9][0-9]{9,11}\.[0-9]{1,3}"
_DOUBLE = r"0|-?[1-9][0-9]{0,16}|-?(?:0|[1-9][0-9]{0,16})\.[0-9]{1,17}"
_INTEGER_DIGITS = {"tinyint": 2, "smallint": 4, "integer": 9, "bigint": 17}
_DECIMAL_DIGITS = 9, 6  # before and behind the point: a double keeps them through the multiplication by a power of ten


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query asks of columns in the normal form.

    Attributes:
        texts: those whose values are to be as they were written; None: all.
        numbers: those that are read as numbers of one type alone.
    """

    texts: frozenset[str] | None = None
    numbers: Mapping[str, Type] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlainLines:
    """What is in an object of plain lines.

    Attributes:
        keys: the key of each column, in the order of the keys.
        exact: the columns whose values DuckDB gives as they were written. It may print numbers of the others with fewer zeros.
        numbers: the columns whose every value is NULL or a number that DuckDB reads as this type.
    """

    keys: dict[str, str]
    exact: frozenset[str]
    numbers: Mapping[str, Type] = field(default_factory=dict)

    def has(self, wanted: Wanted) -> bool:
        """Say whether the texts that are wanted are as they were written, where the object has them."""
        return self.exact >= _among(self.keys, wanted.texts)


def find(path: Path, wanted: Wanted, *, column_of: Callable[[str], str]) -> PlainLines | None:
    """Return what is in an object's text; None when its lines are not known to be plain.

    Args:
        path: the object's text.
        wanted: what the query asks of the columns. Numbers of another form than their type's are looked for as texts.
        column_of: the column of a key.
    """
    if not path.stat().st_size:
        return None
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    keys = {column_of(key): key for key in _keys(content)}
    if not keys:
        return None
    exact = _among(keys, wanted.texts)
    numbers = {column: kind for column, kind in wanted.numbers.items() if column in keys}
    for tried in [numbers, {}] if numbers else [{}]:
        values = [(key, _value(tried.get(column), is_exact=column in exact)) for column, key in keys.items()]
        pattern = _pattern(values)
        if all(_matches(block, pattern) for block in _blocks(content)):
            return PlainLines(keys, exact, tried)
    return None


def can_be_numbers(kind: Type) -> bool:
    """Say whether DuckDB can read a column of this type as numbers, without a text between."""
    return kind.is_integer or kind.name == "double" or (kind.name == "decimal" and kind.scale <= _DECIMAL_DIGITS[1])


def _among(columns: Iterable[str], chosen: frozenset[str] | None) -> frozenset[str]:
    return frozenset(columns) if chosen is None else chosen.intersection(columns)


def _pattern(keys: list[tuple[str, str]]) -> str:
    """Return a regular expression of lines with these keys, each with that of its values."""
    items = [f'"{re.escape(key)}": ?(?:{value})' for key, value in keys]
    rest = "".join(f"(?:, ?{item})?" for item in items[1:])
    return rf"\A(?:\{{{items[0]}{rest}\}}\n)*\z"


def _value(number: Type | None, *, is_exact: bool) -> str:
    """Return a regular expression of values: of numbers of a type, or of any whose text or value stays."""
    if number is None:
        return f"{_TEXT}|true|false|null|{_INTEGER}|{_KEEPS_TEXT if is_exact else _KEEPS_VALUE}"
    if number.is_integer:
        return f"null|0|-?[1-9][0-9]{{0,{_INTEGER_DIGITS[number.name] - 1}}}"
    if number.name == "double":
        return f"null|{_DOUBLE}"
    before = min(number.precision - number.scale, _DECIMAL_DIGITS[0])
    whole = f"(?:0|[1-9][0-9]{{0,{before - 1}}})" if before else "0"
    return f"null|-?{whole}" + (rf"(?:\.[0-9]{{1,{number.scale}}})?" if number.scale else "")


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

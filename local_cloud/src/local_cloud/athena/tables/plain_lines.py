"""Read objects of plain JSON lines where they are, as columns of Arrow, by an index of the places of values.

The index is made in one pass that proves every line plain (``line_scanner``), block by block, by the keys that the object's
first and last lines hold. Values are exact: a number is the text that was written. Any other object is looked at more closely,
or parsed line by line (``normal_form``).
"""

from __future__ import annotations

import itertools
import json
import mmap
import re
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa

MAX_KEYS = 100
SAMPLE_BYTES = 4 * 1024
BLOCK_BYTES = 4 * 1024 * 1024  # a longer line is not plain
VIEW_BYTES = 16
_KEY = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class PlainLines:
    """What is in an object and in its index.

    Attributes:
        columns: a column for each key, in the order of the keys.
        indexed: those that the index has.
        escaped: those that hold characters with a backslash.
        blocks: bytes and lines of each block.
    """

    columns: list[str]
    indexed: frozenset[str]
    escaped: set[str]
    blocks: list[tuple[int, int]]

    def has(self, columns: frozenset[str] | None) -> bool:
        """Say whether the index has these columns (None: all) where the object has them."""
        return self.indexed >= _chosen(self.columns, columns)

    def document(self) -> dict[str, Any]:
        """Return what ``of`` makes an equal object from."""
        return {
            "columns": self.columns, "indexed": sorted(self.indexed), "escaped": sorted(self.escaped), "blocks": self.blocks
        }  # fmt: skip

    @classmethod
    def of(cls, document: dict[str, Any]) -> PlainLines:
        blocks = [(size, lines) for size, lines in document["blocks"]]
        return cls(document["columns"], frozenset(document["indexed"]), set(document["escaped"]), blocks)


@cache
def prepare() -> None:
    """Begin in the background to compile the scanner, or to load it if an earlier run compiled it."""
    threading.Thread(target=_prepare, name="athena-prepare", daemon=True).start()


def _prepare() -> None:
    if (scanner := _scanner()) is not None:
        line = b'{"a":1}\n'
        scanner.line_count(memoryview(line), 1)
        scanner.scan(memoryview(line + bytes(scanner.PADDING)), len(line), ["a"], [True], *_room(1, 1))


def write_index(
    path: Path, index: Path, chosen: frozenset[str] | None, *, column_of: Callable[[str], str]
) -> PlainLines | None:
    """Write the index of an object's lines; None, and no index, when they are not known to be plain.

    Args:
        path: the object's text.
        index: the file to be written: for each block views of its values, then bits that say which are there, by column.
        chosen: the columns that are to be in the index; None: all.
        column_of: the column of a key.
    """
    scanner = _scanner()
    if not path.stat().st_size:
        return None
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    keys = _keys(content) if scanner is not None else []
    if scanner is None or not keys:
        return None
    columns = [column_of(key) for key in keys]
    indexed = _chosen(columns, chosen)
    noted = [column in indexed for column in columns]
    lines = PlainLines(columns, indexed, set(), [])
    if _index_blocks(scanner, content, keys, noted, lines, index):
        return lines
    index.unlink()
    return None


def _index_blocks(
    scanner: ModuleType, content: mmap.mmap, keys: list[str], noted: list[bool], lines: PlainLines, index: Path
) -> bool:
    """Write the index block by block, and say whether all lines are plain."""
    with index.open("wb") as target:
        for text, end in _blocks(content, scanner.PADDING):
            views, valid = _room(len(lines.indexed), scanner.line_count(text, end))
            found = scanner.scan(text, end, keys, noted, views, valid) if end else None
            if found is None or (found.beyond_ascii and not _is_utf8(text, end)):
                return False
            lines.escaped.update(itertools.compress(lines.columns, found.escaped))
            lines.blocks.append((end, views.shape[1]))
            target.write(views.data)
            target.write(valid.data)
    return True


def rows(path: Path, index: Path, lines: PlainLines, more: Mapping[str, int]) -> pa.Table:
    """Return the values of the indexed columns as ``string_view``, and ``more`` columns of one number each.

    Characters of ``lines.escaped`` are still escaped (``unescaped``). Both files are mapped, and may be deleted while the table is used.
    """
    text, views = _mapped(path), _mapped(index)
    names = [column for column in lines.columns if column in lines.indexed]
    schema = pa.schema([*((name, pa.string_view()) for name in names), *((name, pa.int64()) for name in more)])
    batches = []
    text_start = view_start = 0
    for size, count in lines.blocks:
        block = text[text_start : text_start + size]  # the last newline may not be there
        valid_start = view_start + len(names) * count * VIEW_BYTES
        arrays = []
        for number in range(len(names)):
            view = views.slice(view_start + number * count * VIEW_BYTES, count * VIEW_BYTES)
            valid = views.slice(valid_start + number * _bits(count), _bits(count))
            arrays.append(pa.Array.from_buffers(pa.string_view(), count, [valid, view, block]))
        numbers = [pa.repeat(pa.scalar(number, pa.int64()), count) for number in more.values()]
        batches.append(pa.record_batch([*arrays, *numbers], schema))
        text_start, view_start = text_start + size, valid_start + len(names) * _bits(count)
    return pa.Table.from_batches(batches, schema)


def unescaped(value: str) -> str:
    """Return SQL of a value of ``rows`` whose characters are no longer escaped."""
    return (
        f"""CASE WHEN contains({value}, '\\') THEN json_extract_string('"' || {value} || '"', '$') ELSE {value} END"""
    )


def _chosen(columns: Iterable[str], chosen: frozenset[str] | None) -> frozenset[str]:
    return frozenset(columns) if chosen is None else chosen.intersection(columns)


def _scanner() -> ModuleType | None:
    """Return the compiled scanner. None: its compiler does not support this machine, and the exact parser reads all."""
    try:
        from local_cloud.athena.tables import line_scanner
    except ImportError:
        return None
    return line_scanner


def _room(columns: int, lines: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Make the arrays in which the scanner notes a block's values: a view for each, and a bit."""
    return np.empty((columns, lines, VIEW_BYTES // 4), np.int32), np.zeros((columns, _bits(lines)), np.uint8)


def _bits(lines: int) -> int:
    """Return the bytes that hold a bit for each line, in multiples of 64 as Arrow aligns them."""
    return -(-lines // 512) * 64


def _blocks(content: mmap.mmap, padding: int) -> Iterator[tuple[memoryview, int]]:
    """Yield whole lines, about ``BLOCK_BYTES`` at once, and the place after the last newline. 0 and the end: a line is longer.

    The very last line gets a newline if it has none. ``padding`` bytes more can be read.
    """
    start, size = 0, len(content)
    while size - start > BLOCK_BYTES + padding:
        end = content.rfind(b"\n", start, start + BLOCK_BYTES) + 1
        if not end:
            yield memoryview(b""), 0
        yield memoryview(content)[start : end + padding], end - start
        start = end
    last = content[start:].removesuffix(b"\n") + b"\n"
    yield memoryview(last + bytes(padding)), len(last)


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
    """Insert new keys after the one that they follow. The scanner decides whether all lines keep to the order."""
    place = 0
    for key in keys:
        if key not in order:
            order.insert(place, key)
        place = order.index(key) + 1


def _is_utf8(text: memoryview, end: int) -> bool:
    content = pa.py_buffer(text)[:end]
    offsets = pa.py_buffer(struct.pack("<qq", 0, end))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, content]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _mapped(path: Path) -> pa.Buffer:
    with pa.memory_map(str(path)) as file:
        return file.read_buffer()

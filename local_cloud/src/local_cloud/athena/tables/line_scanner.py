"""Scan every byte of plain JSON lines, compiled: prove that they are plain, and note where each value is.

A line is one flat object: each key at most once and in one order, each value a text, a number, true, false or null, at most
one space behind a colon or a comma. A value is noted as a view of Arrow's ``string_view``: its length in bytes, then up to
twelve bytes of it, or its first four, the buffer's number (0) and its place in the buffer.
Sources: https://www.rfc-editor.org/rfc/rfc8259,
https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit

PADDING = 16  # bytes behind a text that the loop may look at: eight at a time, one step past an escape
NOT_PLAIN: Final = -1
NULL: Final = -2  # instead of a value's size

_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_SPACE: Final = ord(" ")
_NEWLINE: Final = ord("\n")
_MINUS: Final = ord("-")
_ZERO: Final = ord("0")
_NINE: Final = ord("9")
_FIRST_BEYOND_ASCII: Final = 0x80
_NULL_WORD, _TRUE_WORD, _ALSE_WORD = (int.from_bytes(word, "little") for word in (b"null", b"true", b"alse"))
_ESCAPES = np.zeros(256, np.bool_)
_ESCAPES[list(rb'"\/bfnrt')] = True

_EACH_BYTE = np.uint64(0x0101010101010101)
_HIGH_BITS = np.uint64(0x80) * _EACH_BYTE
_QUOTES, _BACKSLASHES, _SPACES = (np.uint64(byte) * _EACH_BYTE for byte in (_QUOTE, _BACKSLASH, _SPACE))

# The bits of a value that its view shows, by its length: of a short one all, of a longer one the first four bytes.
_LONG: Final = 13
_SHOWN = np.zeros((_LONG + 1, 2), np.uint64)
_SHOWN[:_LONG] = [(2 ** (8 * min(size, 8)) - 1, 2 ** (8 * max(size - 8, 0)) - 1) for size in range(_LONG)]
_SHOWN[_LONG, 0] = 2**32 - 1

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Which keys hold escapes, and whether there is a character beyond ASCII."""

    escaped: list[bool]
    beyond_ascii: bool


def line_count(text: memoryview, end: int) -> int:
    """Count the newlines before ``end``."""
    return int(_compiled_count(np.frombuffer(text, np.uint8), end))


def scan(
    text: memoryview, end: int, keys: list[str], noted: list[bool], views: Numbers, valid: Numbers
) -> Found | None:
    """Note the values of the text's lines; None when they are not plain.

    Args:
        text: lines, the last one's newline right before ``end``, and ``PADDING`` bytes of anything; read only.
        end: bytes without the padding.
        keys: every key that may occur, in the order of their occurrence, in ASCII.
        noted: whether a key's values are noted.
        views: int32, (noted keys, lines, 4), to be filled.
        valid: uint8 zeros, (noted keys, at least an eighth of the lines): a bit for each value that is not null, the lowest first.
    """
    names = [f'"{key}":'.encode() for key in keys]
    sizes = np.array([len(name) for name in names])
    slots = np.where(noted, np.cumsum(noted) - 1, -1)
    flags = np.zeros(len(keys) + 1, np.bool_)
    content = np.frombuffer(text, np.uint8)
    words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
    halves = np.ndarray((len(text) - 3,), "<i4", text, strides=(1,))
    spelled, shown = _words(names), _words([b"\xff" * len(name) for name in names])
    lines = _compiled(content, words, halves, end, spelled, shown, sizes, slots, views, valid, flags)
    return Found(flags[:-1].tolist(), bool(flags[-1])) if lines == views.shape[1] else None


def _words(texts: list[bytes]) -> Numbers:
    """Return each text as a row of words of eight bytes, padded with zeros."""
    width = -(-max(map(len, texts)) // 8) * 8
    return np.frombuffer(b"".join(text.ljust(width, b"\0") for text in texts), "<u8").reshape(len(texts), -1)


@njit
def _special(word: Any) -> Any:
    """Return the high bit of the first of eight bytes that needs a look, or 0. Such are a quote, a backslash, a control character and any byte beyond ASCII; others may be marked too."""
    quotes, backslashes = word ^ _QUOTES, word ^ _BACKSLASHES
    found = (
        (quotes - _EACH_BYTE) & ~quotes | (backslashes - _EACH_BYTE) & ~backslashes | (word - _SPACES) & ~word | word
    )
    return found & _HIGH_BITS


@njit
def _bytes_before(high_bits: Any) -> Any:
    """Count the bytes before the first one whose high bit is set."""
    first = high_bits & (~high_bits + np.uint64(1))
    return np.int64(((first - np.uint64(1)) & _EACH_BYTE) * _EACH_BYTE >> np.uint64(56)) - 1


@njit
def _behind_text(content: Any, words: Any, place: Any, flags: Any, key: Any) -> Any:
    """Return the place after the closing quote of the text at ``place``. ``NOT_PLAIN`` when it has a forbidden character."""
    while True:
        found = _special(words[place])
        while not found:
            place += 8
            found = _special(words[place])
        place += _bytes_before(found)
        byte = content[place]
        if byte == _QUOTE:
            return place + 1
        if byte == _BACKSLASH and _ESCAPES[content[place + 1]]:
            flags[key] = True
            place += 2
        elif byte >= _FIRST_BEYOND_ASCII:
            flags[-1] = True
            place += 1
        else:
            return NOT_PLAIN


@njit
def _digits_end(content: Any, place: Any) -> Any:
    while _ZERO <= content[place] <= _NINE:
        place += 1
    return place


@njit
def _behind_literal(content: Any, halves: Any, place: Any) -> Any:
    """Return the place after the true, false or number at ``place``; ``NOT_PLAIN`` when there is none."""
    if halves[place] == _TRUE_WORD:
        return place + 4
    if content[place] == ord("f") and halves[place + 1] == _ALSE_WORD:
        return place + 5
    place += content[place] == _MINUS
    end = _digits_end(content, place)
    if end == place or (content[place] == _ZERO and end > place + 1):
        return NOT_PLAIN
    if content[end] == ord("."):
        place = end + 1
        end = _digits_end(content, place)
        if end == place:
            return NOT_PLAIN
    if content[end] == ord("e") or content[end] == ord("E"):
        place = end + 1
        place += content[place] == _MINUS or content[place] == ord("+")
        end = _digits_end(content, place)
        if end == place:
            return NOT_PLAIN
    return end


@njit
def _behind_name(content: Any, words: Any, place: Any, spelled: Any, shown: Any, size: Any, is_first: Any) -> Any:
    """Return where the value of the key ``spelled`` starts, if that key comes next; else ``NOT_PLAIN``."""
    if not is_first:
        if content[place] != ord(","):
            return NOT_PLAIN
        place += 1
        place += content[place] == _SPACE
    for part in range((size + 7) >> 3):
        if (words[place + 8 * part] ^ spelled[part]) & shown[part]:
            return NOT_PLAIN
    place += size
    return place + (content[place] == _SPACE)


@njit
def _note(views: Any, valid: Any, slot: Any, line: Any, words: Any, start: Any, size: Any) -> None:
    """Note a value of ``size`` bytes or ``NULL``. There is no branch by its size, which the processor would mispredict."""
    kind = min(max(size, 0), _LONG)
    first, last = words[start] & _SHOWN[kind, 0], words[start + 8] & _SHOWN[kind, 1]
    views[slot, line, 0] = max(size, 0)
    views[slot, line, 1] = np.int32(first)
    views[slot, line, 2] = np.int32(first >> np.uint64(32))
    views[slot, line, 3] = np.int32(last) | np.int32(start * (kind == _LONG))
    valid[slot, line >> 3] |= (size != NULL) << (line & 7)


def _scan(
    content: Any, words: Any, halves: Any, end: Any, spelled: Any, shown: Any, sizes: Any, slots: Any, views: Any, valid: Any, flags: Any
) -> Any:  # fmt: skip
    """Return the number of lines, or ``NOT_PLAIN``. The last of ``flags`` marks a character beyond ASCII, the others escapes."""
    place = line = 0
    while place < end:
        if content[place] != ord("{"):
            return NOT_PLAIN
        place += 1
        is_first = True
        for key in range(len(slots)):
            start, size = _behind_name(content, words, place, spelled[key], shown[key], sizes[key], is_first), NULL
            if start != NOT_PLAIN:
                is_first = False
                if content[start] == _QUOTE:
                    start += 1
                    place = _behind_text(content, words, start, flags, key)
                    size = place - start - 1
                elif halves[start] == _NULL_WORD:
                    place = start + 4
                else:
                    place = _behind_literal(content, halves, start)
                    size = place - start
                if place == NOT_PLAIN:
                    return NOT_PLAIN
            if slots[key] >= 0:
                _note(views, valid, slots[key], line, words, start, size)
        if content[place] != ord("}") or content[place + 1] != _NEWLINE:
            return NOT_PLAIN
        place += 2
        line += 1
    return line


def _count(content: Any, end: Any) -> Any:
    lines = 0
    for place in range(end):
        lines += content[place] == _NEWLINE
    return lines


try:
    _compiled, _compiled_count = njit(nogil=True, cache=True)(_scan), njit(nogil=True, cache=True)(_count)
except RuntimeError:  # there is no folder to keep them in: they are compiled in each process
    _compiled, _compiled_count = njit(nogil=True)(_scan), njit(nogil=True)(_count)

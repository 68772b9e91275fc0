"""What MiniStack does for every item and record of the chain, done once, or by a faster hand, with the same result.

* Numbers of items: each check of an item reads their texts anew, and a written item is checked more than once.
* JSON answers of tables and streams: hundreds of items each, so an encoder in C; what it does not take is left to MiniStack's.
* The size of a page of stream records: MiniStack encodes every record to measure it; far below the limit once is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

REMEMBERED = 8192
LONGEST_ESCAPE_FACTOR = 3  # a character of two bytes becomes six when MiniStack measures it in ASCII
Answer = tuple[int, dict[str, str], bytes]
_encode = msgspec.json.Encoder().encode


def quicken(dynamodb: Any, streams: Any, kinesis: Any) -> None:
    """Correct the emulator's modules in place.

    Raises:
        RuntimeError: MiniStack's functions have other names now.
    """
    numbers = ("_ddb_canonicalize_number", "_number_error", "_number_size_bytes")
    needed = {
        dynamodb: (*numbers, "json_response"),
        streams: ("_cap_page_bytes", "_GET_RECORDS_MAX_BYTES", "json_response"),
        kinesis: ("json_response",),
    }
    if missing := [name for module, names in needed.items() for name in names if not hasattr(module, name)]:
        raise RuntimeError(f"MiniStack moved {', '.join(missing)}: hot_paths.py was written for version 1.5.33.")
    for name in numbers:
        setattr(dynamodb, name, remembering_texts(getattr(dynamodb, name)))
    streams._cap_page_bytes = measuring_once(streams._cap_page_bytes, streams._GET_RECORDS_MAX_BYTES)
    for module in (dynamodb, streams, kinesis):
        module.json_response = encoding_fast(module.json_response)


def remembering_texts(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``read``, a pure function of one text, with a bounded memory; what is no text goes to it every time."""
    remembered = lru_cache(maxsize=REMEMBERED)(read)
    return lambda text: remembered(text) if type(text) is str else read(text)


def encoding_fast(respond: Callable[..., Answer]) -> Callable[..., Answer]:
    """``respond``, whose body is encoded here when that is possible."""

    def answer(document: dict[str, Any], *args: Any, **more: Any) -> Answer:
        if not document:
            return respond(document, *args, **more)
        try:
            body = _encode(document)
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
            return respond(document, *args, **more)
        status, headers, _ = respond({}, *args, **more)
        return status, headers, body

    return answer


def measuring_once(cap: Callable[[list[Any]], list[Any]], limit_bytes: int) -> Callable[[list[Any]], list[Any]]:
    """``cap``, which shortens a page to ``limit_bytes``, called only for a page that could be too large."""

    def capped(page: list[Any]) -> list[Any]:
        try:
            is_small = len(_encode(page)) * LONGEST_ESCAPE_FACTOR <= limit_bytes
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
            is_small = False
        return page if is_small else cap(page)

    return capped

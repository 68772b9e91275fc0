"""Faster versions of what MiniStack computes for every item and record, with the same results.

* Numbers in items: MiniStack parses a number's text at every check, several times for each write. Results are cached.
* JSON answers of tables and streams: an encoder in C writes them. What it refuses, MiniStack's own encoder writes.
* The size of a page of stream records: MiniStack encodes each record to measure it. A page far below the limit is measured as
  a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from local_cloud.emulator.seams import require
from local_cloud.wire import Answer

MAX_CACHED = 8192
MAX_ESCAPE_FACTOR = 3  # a character of two bytes becomes six when MiniStack measures it in ASCII
_encode = msgspec.json.Encoder().encode


def patch_hot_paths(dynamodb: Any, streams: Any, kinesis: Any) -> None:
    """Replace the slow functions of MiniStack's DynamoDB, DynamoDB Streams and Kinesis modules.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    numbers = ("_ddb_canonicalize_number", "_number_error", "_number_size_bytes")
    require(dynamodb, *numbers, "json_response")
    require(streams, "_cap_page_bytes", "_GET_RECORDS_MAX_BYTES", "json_response")
    require(kinesis, "json_response")
    for name in numbers:
        setattr(dynamodb, name, cache_texts(getattr(dynamodb, name)))
    streams._cap_page_bytes = measure_once(streams._cap_page_bytes, streams._GET_RECORDS_MAX_BYTES)
    for module in (dynamodb, streams, kinesis):
        module.json_response = encode_fast(module.json_response)


def cache_texts(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Cache ``read``, a pure function of one text; any other value is passed to it every time."""
    cached = lru_cache(maxsize=MAX_CACHED)(read)
    return lambda text: cached(text) if type(text) is str else read(text)


def encode_fast(respond: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return ``respond`` with a faster encoder of the body; a document that it refuses is left to ``respond``."""

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


def measure_once(cap: Callable[[list[Any]], list[Any]], limit_bytes: int) -> Callable[[list[Any]], list[Any]]:
    """Call ``cap``, which shortens a page to ``limit_bytes``, only for a page that could be too large."""

    def capped(page: list[Any]) -> list[Any]:
        try:
            is_small = len(_encode(page)) * MAX_ESCAPE_FACTOR <= limit_bytes
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
            is_small = False
        return page if is_small else cap(page)

    return capped

"""Kinesis records and iterators that are past their time are looked for once they can be there, not at every call.

MiniStack walks over every record of a stream and every iterator whenever one is read or written: calls would grow slower
with each record kept. Source: Kinesis Developer Guide, *Changing the data retention period*; an iterator lasts five minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

ITERATOR_CHECK_SECONDS = 5.0


def look_once_it_can_matter(kinesis: Any) -> None:
    """Put the two checks in place of MiniStack's; ``kinesis`` is its module.

    Raises:
        RuntimeError: MiniStack's functions have other names now.
    """
    if not hasattr(kinesis, "_expire_records") or not hasattr(kinesis, "_expire_iterators"):
        raise RuntimeError("MiniStack's Kinesis retention moved: kinesis_retention.py was written for version 1.5.33.")
    kinesis._expire_records = with_oldest_expired(kinesis._expire_records)
    kinesis._expire_iterators = at_most_every(ITERATOR_CHECK_SECONDS, kinesis._expire_iterators, time.monotonic)


def with_oldest_expired(expire: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """``expire``, called only when the first record of a shard, its oldest, is past the stream's retention."""

    def look(stream: dict[str, Any]) -> None:
        cutoff = time.time() - stream["RetentionPeriodHours"] * 3600
        oldest = (shard["records"][0] for shard in stream["shards"].values() if shard["records"])
        if any(record["ApproximateArrivalTimestamp"] < cutoff for record in oldest):
            expire(stream)

    return look


def at_most_every(seconds: float, act: Callable[[], None], clock: Callable[[], float]) -> Callable[[], None]:
    """``act``, left out while less than ``seconds`` have passed since it was last done."""
    due = clock()

    def maybe() -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + seconds
            act()

    return maybe

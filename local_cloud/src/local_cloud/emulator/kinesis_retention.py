"""Kinesis records and iterators that are past their time are looked for once they can be there, not at every call.

MiniStack walks over every record of a stream and every iterator whenever one is read or written: calls would grow slower
with each record kept. And its iterators count from a shard's oldest record: when that goes, they would stand too far ahead
and pass over as many new ones. Source: Kinesis Developer Guide, *Changing the data retention period*; an iterator lasts five
minutes. Time in which the cloud is down does not count (``uptime``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from local_cloud.uptime import Uptime

ITERATOR_CHECK_SECONDS = 5.0
Stream = dict[str, Any]


def look_once_it_can_matter(kinesis: Any, uptime: Uptime) -> None:
    """Put the two checks in place of MiniStack's; ``kinesis`` is its module.

    Raises:
        RuntimeError: MiniStack's functions have other names now.
    """
    if not all(hasattr(kinesis, name) for name in ("_expire_records", "_expire_iterators", "_shard_iterators")):
        raise RuntimeError("MiniStack's Kinesis retention moved: kinesis_retention.py was written for version 1.5.33.")
    iterators = kinesis._shard_iterators
    kinesis._expire_records = with_oldest_expired(
        uptime, lambda stream, horizon: expire(stream, horizon, (place for _, place in iterators.all_items()))
    )
    kinesis._expire_iterators = at_most_every(ITERATOR_CHECK_SECONDS, kinesis._expire_iterators, time.monotonic)


def with_oldest_expired(uptime: Uptime, act: Callable[[Stream, float], None]) -> Callable[[Stream], None]:
    """``act``, with the horizon, only when the first record of a shard, its oldest, is past the stream's retention."""

    def look(stream: Stream) -> None:
        horizon = uptime.horizon(time.time(), stream["RetentionPeriodHours"] * 3600)
        oldest = (shard["records"][0] for shard in stream["shards"].values() if shard["records"])
        if any(record["ApproximateArrivalTimestamp"] < horizon for record in oldest):
            act(stream, horizon)

    return look


def expire(stream: Stream, horizon: float, places: Iterable[dict[str, Any]]) -> None:
    """Remove what is older than the horizon; every iterator (its place) stands at the record at which it stood before."""
    gone: dict[str, int] = {}
    for shard_id, shard in stream["shards"].items():
        kept = [record for record in shard["records"] if record["ApproximateArrivalTimestamp"] >= horizon]
        gone[shard_id], shard["records"] = len(shard["records"]) - len(kept), kept
    for place in places:
        if place["stream_arn"] == stream["StreamARN"] and gone.get(place["shard_id"]):
            place["position"] = max(0, place["position"] - gone[place["shard_id"]])


def at_most_every(seconds: float, act: Callable[[], None], clock: Callable[[], float]) -> Callable[[], None]:
    """``act``, left out while less than ``seconds`` have passed since it was last done."""
    due = clock()

    def maybe() -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + seconds
            act()

    return maybe

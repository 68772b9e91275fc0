"""Search for expired Kinesis records and iterators only when there can be some.

MiniStack walks over every record and every iterator at each read and write, so calls get slower with each record kept. Its
iterators also count from a shard's oldest record: when that record expires, they would skip as many new ones. Time in which
the cloud is down does not count (``uptime.py``). An iterator lasts five minutes. Source:
https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from local_cloud.emulator.seams import require
from local_cloud.uptime import Uptime

ITERATOR_CHECK_SECONDS = 5.0
Stream = dict[str, Any]


def patch_retention_checks(kinesis: Any, uptime: Uptime) -> None:
    """Replace the two checks of ``ministack.services.kinesis``.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(kinesis, "_expire_records", "_expire_iterators", "_shard_iterators")
    iterators = kinesis._shard_iterators
    kinesis._expire_records = with_oldest_expired(
        uptime, lambda stream, horizon: expire(stream, horizon, (place for _, place in iterators.all_items()))
    )
    kinesis._expire_iterators = at_most_every(ITERATOR_CHECK_SECONDS, kinesis._expire_iterators, time.monotonic)


def with_oldest_expired(uptime: Uptime, act: Callable[[Stream, float], None]) -> Callable[[Stream], None]:
    """Call ``act`` with stream and horizon only when a shard's oldest record is past the retention.

    The horizon is the moment (epoch seconds) before which records have expired.
    """

    def look(stream: Stream) -> None:
        horizon = uptime.horizon(time.time(), stream["RetentionPeriodHours"] * 3600)
        oldest = (shard["records"][0] for shard in stream["shards"].values() if shard["records"])
        if any(record["ApproximateArrivalTimestamp"] < horizon for record in oldest):
            act(stream, horizon)

    return look


def expire(stream: Stream, horizon: float, places: Iterable[dict[str, Any]]) -> None:
    """Remove the records before the horizon; each iterator's place keeps its record."""
    gone: dict[str, int] = {}
    for shard_id, shard in stream["shards"].items():
        kept = [record for record in shard["records"] if record["ApproximateArrivalTimestamp"] >= horizon]
        gone[shard_id], shard["records"] = len(shard["records"]) - len(kept), kept
    for place in places:
        if place["stream_arn"] == stream["StreamARN"] and gone.get(place["shard_id"]):
            place["position"] = max(0, place["position"] - gone[place["shard_id"]])


def at_most_every(seconds: float, act: Callable[[], None], clock: Callable[[], float]) -> Callable[[], None]:
    """Return ``act`` limited to one call in ``seconds``; further calls do nothing."""
    due = clock()

    def maybe() -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + seconds
            act()

    return maybe

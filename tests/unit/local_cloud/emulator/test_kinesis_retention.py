"""Records and iterators past their time still go, though they are not looked for at every call."""

from __future__ import annotations

import time
from typing import Any

from local_cloud.emulator.kinesis_retention import at_most_every, look_once_it_can_matter, with_oldest_expired
from tests.unit.local_cloud.emulator.kinesis_module import Kinesis


def stream(*ages_hours: float) -> dict[str, Any]:
    records = [{"ApproximateArrivalTimestamp": time.time() - age * 3600} for age in ages_hours]
    return {"RetentionPeriodHours": 24, "shards": {"0": {"records": []}, "1": {"records": records}}}


def test_a_stream_whose_oldest_record_expired_is_cleaned() -> None:
    cleaned: list[dict[str, Any]] = []
    old = stream(25, 1)
    with_oldest_expired(cleaned.append)(old)
    assert cleaned == [old]


def test_a_stream_within_its_retention_is_left_alone() -> None:
    cleaned: list[dict[str, Any]] = []
    for kept in (stream(23, 1), stream()):
        with_oldest_expired(cleaned.append)(kept)
    assert cleaned == []


def test_an_action_is_done_again_once_its_time_has_passed() -> None:
    now, done = [0.0], []
    act = at_most_every(5, lambda: done.append(now[0]), lambda: now[0])
    for moment in (0.0, 1.0, 4.9, 5.0, 9.0, 11.0):
        now[0] = moment
        act()
    assert done == [0.0, 5.0, 11.0]


def test_a_reader_misses_nothing_when_records_before_its_place_expire() -> None:
    """MiniStack's iterators count from the oldest record: the new ones of a day later were passed over."""
    kinesis = Kinesis()
    look_once_it_can_matter(kinesis.module)
    kinesis.put("yesterday 1", "yesterday 2", "yesterday 3")
    (shard_id,) = kinesis.stream["shards"]
    read, page = kinesis.read(kinesis.iterator(shard_id))
    assert len(read) == 3
    for record in kinesis.stream["shards"][shard_id]["records"]:
        record["ApproximateArrivalTimestamp"] -= 25 * 3600
    kinesis.put("today 1")
    kinesis.put("today 2")
    assert kinesis.read(page["NextShardIterator"])[0] == ["today 1", "today 2"]

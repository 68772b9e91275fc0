"""Expired records and iterators are removed, though not every call searches for them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.unit.emulator.kinesis_module import Kinesis

from local_cloud.emulator.kinesis_retention import at_most_every, patch_retention_checks, with_oldest_expired
from local_cloud.uptime import Uptime


def stream(*ages_hours: float) -> dict[str, Any]:
    records = [{"ApproximateArrivalTimestamp": time.time() - age * 3600} for age in ages_hours]
    return {"RetentionPeriodHours": 24, "shards": {"0": {"records": []}, "1": {"records": records}}}


@pytest.mark.parametrize(
    ("ages_hours", "downtimes_hours", "is_cleaned"),
    [
        ((25, 1), (), True),
        ((23, 1), (), False),
        ((), (), False),
        ((60, 1), ((50, 2),), False),
        ((75, 1), ((50, 2),), True),
    ],
)
def test_a_stream_is_cleaned_once_its_oldest_record_is_past_the_retention(
    ages_hours: tuple[float, ...], downtimes_hours: tuple[tuple[float, float], ...], is_cleaned: bool
) -> None:
    """Hours in which the cloud was down do not count."""
    now = time.time()
    downtimes = [(now - down * 3600, now - up * 3600) for down, up in downtimes_hours]
    cleaned: list[dict[str, Any]] = []
    found = stream(*ages_hours)
    with_oldest_expired(Uptime(downtimes), lambda one, _: cleaned.append(one))(found)
    assert cleaned == [found] * is_cleaned


def test_an_action_is_done_again_once_its_time_has_passed() -> None:
    now, done = [0.0], []
    act = at_most_every(5, lambda: done.append(now[0]), lambda: now[0])
    for moment in (0.0, 1.0, 4.9, 5.0, 9.0, 11.0):
        now[0] = moment
        act()
    assert done == [0.0, 5.0, 11.0]


def test_a_reader_misses_nothing_when_records_before_its_place_expire() -> None:
    """MiniStack's iterators count from the oldest record, so they skipped the new records of a day later."""
    kinesis = Kinesis()
    patch_retention_checks(kinesis.module, Uptime())
    kinesis.put("yesterday 1", "yesterday 2", "yesterday 3")
    (shard_id,) = kinesis.stream["shards"]
    read, page = kinesis.read(kinesis.iterator(shard_id))
    assert len(read) == 3
    for record in kinesis.stream["shards"][shard_id]["records"]:
        record["ApproximateArrivalTimestamp"] -= 25 * 3600
    kinesis.put("today 1")
    kinesis.put("today 2")
    assert kinesis.read(page["NextShardIterator"])[0] == ["today 1", "today 2"]

"""The rebuild: tables from all raw objects beside the live ones, equal to the oracle after any history and any stop."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import curated_tables
import pytest
import rebuilding
from curated_tables import UNSORTED, Lake
from raw_objects import RawObject
from rebuilding import await_exchange, rebuild, rebuilt_lake, slices
from sales_cdc.contract import bucket_keys

from tests.unit.include.glue import histories
from tests.unit.include.glue.raw_zone import CONTRACT, RawZone, content, event
from tests.unit.include.glue.test_exactness import FURTHER, Killed, kill_before_commit

PARTS = ("changes", "current", "quarantine", "intake")


def listing(raw: RawZone) -> Callable[[], list[RawObject]]:
    return lambda: [RawObject(key, f"etag of {key}", len(raw[key])) for key in raw]


def rebuilt(lake: Lake, raw: RawZone) -> tuple[Lake, dict[str, Any]]:
    made = rebuilt_lake(lake, None)
    return made, rebuild(made, listing(raw), raw.connect())


def is_oracle(lake: Lake, changes: list[histories.Change]) -> None:
    assert content(lake, lake.changes, (*CONTRACT, *FURTHER)) == histories.expected_changes(changes, FURTHER)
    current = content(lake, lake.current, (*CONTRACT, *FURTHER, "is_deleted"))
    assert current == histories.expected_current(changes, FURTHER)


def test_any_history_and_any_stop_gives_the_oracles_tables_whatever_the_live_ones_hold(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(20261130)
    changes = histories.random_histories(rng, orders=40, changes=12)
    raw, kills = RawZone(), []
    for batch, lines in enumerate(histories.arrivals(rng, changes, batches=6)):
        raw.put(f"{batch}.json", *lines)
    raw.put("bad.json", "no change")
    raw.curate(lake)
    lake.spark.sql(f"DELETE FROM {lake.name(lake.changes)} WHERE event_type = 'MODIFY'")
    lake.spark.sql(f"UPDATE {lake.name(lake.current)} SET price = 0.01, is_deleted = false")
    live = {part: content(lake, f"orders_{part}") for part in PARTS}

    monkeypatch.setattr(rebuilding, "SLICE_OBJECTS", 3)
    for number in range(0, 24, 3):
        with pytest.MonkeyPatch.context() as patch:
            kill_before_commit(patch, number)
            try:
                rebuilt(lake, raw)
            except Killed:
                kills.append(number)
    made, counts = rebuilt(lake, raw)
    assert len(kills) >= 4, "a build has many commits, and was stopped before many of them"
    is_oracle(made, changes)
    assert content(made, made.quarantine, ("raw_line",)) == [("no change",)]
    assert counts["objects"] == 0, "the last build found nothing left to take"
    assert counts["attributes"] == list(FURTHER)
    assert {part: content(lake, f"orders_{part}") for part in PARTS} == live, "the live tables are as they were"


def test_two_builds_at_once_make_the_same_tables(lake: Lake) -> None:
    rng = random.Random(4)
    changes = histories.random_histories(rng, orders=20, changes=6)
    raw = RawZone()
    for batch, lines in enumerate(histories.arrivals(rng, changes, batches=2)):
        raw.put(f"{batch}.json", *lines)
    builds = [threading.Thread(target=rebuilt, args=(lake, raw)) for _ in range(2)]
    for build in builds:
        build.start()
    for build in builds:
        build.join()
    made, _ = rebuilt(lake, raw)
    is_oracle(made, changes)


def test_a_build_takes_what_arrives_while_it_runs(lake: Lake) -> None:
    raw = RawZone()
    raw.put("1.json", event("a", 1, "INSERT"))
    seen: list[int] = []

    def growing() -> list[RawObject]:
        if len(seen) == 1:
            raw.put("2.json", event("a", 2, "REMOVE"))
        seen.append(len(raw))
        return listing(raw)()

    made = rebuilt_lake(lake, None)
    counts = rebuild(made, growing, lambda: lambda key, _etag: raw[key])
    assert seen == [1, 2, 2]
    assert (counts["objects"], counts["changes"]) == (2, 2)
    assert content(made, made.current, ("orderid", "is_deleted")) == [("a", True)]


def test_slices_hold_every_object_once_in_the_order_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "SLICE_BYTES", 10)
    monkeypatch.setattr(rebuilding, "SLICE_OBJECTS", 2)
    objects = [RawObject(key, "e", size) for key, size in (("d", 1), ("a", 99), ("c", 1), ("b", 9), ("e", 1))]
    assert [[raw.object for raw in part] for part in slices(objects)] == [["a"], ["b", "c"], ["d", "e"]]
    assert list(slices([])) == []


class Bucket:
    """Stand for S3 with the rebuild's mark, which goes after some looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.keys = ["ledger/rebuild/exchange/one/mark"]

    def get_paginator(self, _operation: str) -> Bucket:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803 (boto3's names)
        assert (Bucket, Prefix) == ("lake", bucket_keys.EXCHANGES)
        self.looks -= 1
        return [{"Contents": [{"Key": key} for key in self.keys]} if self.looks >= 0 else {}]

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 (boto3's names)
        assert (Bucket, Body) == ("lake", b"waits")
        self.keys.append(Key)


def test_a_run_waits_while_the_tables_are_exchanged_and_says_so() -> None:
    waited: list[float] = []
    bucket = Bucket(looks=2)
    await_exchange(bucket, "lake", "jr_1", lambda: 0, waited.append)
    assert len(waited) == 2
    assert bucket.keys[1:] == ["ledger/rebuild/exchange/one/jr_1"]


def test_a_mark_that_stays_ends_the_run_with_what_to_do() -> None:
    waited: list[float] = []
    with pytest.raises(
        TimeoutError, match=r"s3://lake/ledger/rebuild/exchange/one/mark .*run it again.*Nothing was curated"
    ):
        await_exchange(Bucket(looks=99), "lake", "jr_1", lambda: 600.0 * len(waited), waited.append)


@pytest.mark.parametrize(
    ("of_changes", "of_folders", "is_sorted"),
    [((1, 2), (1, 2), False), ((1, 2, 3), (1,), True), ((1,), (1, 2, 3), True), ((), (1, 2, 3), True)],
)
def test_rows_of_many_days_are_sorted_before_they_are_written(
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    of_changes: tuple[int, ...],
    of_folders: tuple[int, ...],
    is_sorted: bool,
) -> None:
    """A task then has one file open, not one for each day of changes, or of the folders of objects whose lines may all be bad."""
    raw, noted = RawZone(), []
    set_property = Lake.set_property
    monkeypatch.setattr(Lake, "set_property", lambda *given: (noted.append(given[1:]), set_property(*given)))
    monkeypatch.setattr(curated_tables, "MAX_OPEN_DAYS", 2)
    changes = [event(f"of-{day}", 1, creation_time=f"2026-11-{day:02}T10:00:00.000Z") for day in of_changes]
    for folder in of_folders:
        raw.put(f"raw/orders/dt=2026-11-{folder:02}/hr=10/1.json", "no JSON", *(changes if folder == 1 else []))
    raw.curate(lake)
    made = ("orders_changes", "orders_quarantine", "orders_intake")
    written = [(table, UNSORTED, how) for how in ("false", "true") for table in made]
    assert [each for each in noted if each[1] == UNSORTED] == (written if is_sorted else [])
    assert len(content(lake, "orders_changes")) == len(of_changes)
    assert len(content(lake, "orders_quarantine")) == len(of_folders)

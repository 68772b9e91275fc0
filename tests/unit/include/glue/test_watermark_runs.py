"""Runs that list what the watermark leaves open take every object once, whatever becomes of the watermark and of the runs."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from curated_tables import Lake, prepare_tables
from curation import curate, not_taken
from raw_listing import Name, listed_objects, watermark_after
from watermark import Watermark

from tests.unit.include.glue import histories
from tests.unit.include.glue.raw_zone import CONTRACT, RawZone, content, event
from tests.unit.include.glue.test_exactness import FURTHER, Killed, kill_before_commit

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BEFORE_ANY = 0


class TimedZone(RawZone):
    """A raw zone whose objects have the time at which they were stored; ``listed`` counts the names that runs listed."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[str, datetime] = {}

    def store(self, hours_ago: float, name: str, *lines: Any, stored_hours_ago: float | None = None) -> str:
        """Put an object under the hour so long ago; it is stored then, or later."""
        hour = NOW - timedelta(hours=hours_ago)
        key = f"raw/orders/dt={hour:%Y-%m-%d}/hr={hour:%H}/{name}"
        self.put(key, *lines)
        self.stored[key] = NOW - timedelta(hours=hours_ago if stored_hours_ago is None else stored_hours_ago)
        return key

    def level(self) -> list[str]:
        return sorted({f"{'/'.join(key.split('/')[:3])}/" for key in self})

    def lister(self) -> Callable[[], Callable[[str], Iterable[Name]]]:
        rows = [(key, hashlib.md5(self[key]).hexdigest(), len(self[key]), at) for key, at in self.stored.items()]  # noqa: S324
        return lambda: lambda folder: [row for row in rows if row[0].startswith(folder)]

    def run(self, lake: Lake, watermark: Any, notes: list[Any], late: Any = ()) -> tuple[dict[str, Any], Any]:
        """What the script does, without S3: returns the counts and the watermark that a gate would keep."""
        prepare_tables(lake)
        read = Watermark.of(watermark, NOW)
        known = read is not None and read.lake == lake.identity
        folders = read.to_list(self.level(), late) if read and known else self.level()
        listed = listed_objects(lake.spark, folders, self.lister()).persist()
        objects = not_taken(lake, listed, folders=folders if known else None)
        counts = curate(lake, objects, self.connect(), note=notes.append, everything=not known)
        return counts, watermark_after(listed, self.level(), lake.identity)


@pytest.fixture
def raw() -> TimedZone:
    return TimedZone()


def test_a_run_lists_the_last_week_and_takes_what_is_new(lake: Lake, raw: TimedZone) -> None:
    raw.store(24 * 300, "old", event("a", 1, "INSERT"))
    raw.store(2, "new", event("b", 2, "INSERT"))
    counts, mark = raw.run(lake, None, [])
    assert counts["objects"] == 2
    assert (mark["hour"], mark["days"]) == (
        ["2026-11-30", "10"],
        [["2026-02-03", "2026-02-03"], ["2026-11-30", "2026-11-30"]],
    )
    raw.store(1, "newer", event("b", 3))
    raw.store(24 * 5, "late", event("a", 2), stored_hours_ago=0.5)
    raw.store(24 * 299, "of an unknown day", event("c", 9, "INSERT"), stored_hours_ago=0.5)
    hidden = raw.store(24 * 300, "under a known old day", event("d", 9, "INSERT"), stored_hours_ago=0.5)
    counts, mark = raw.run(lake, mark, notes := [])
    assert (counts["objects"], counts["duplicates"]) == (3, 0)
    assert notes[0]["hours"] == [["2026-02-04", "12"], ["2026-11-25", "12"], ["2026-11-30", "11"]]
    assert notes[0]["days"] == ["2026-11-22"]
    day, hour = hidden.split("/")[2:4]
    counts, _ = raw.run(lake, mark, [], late=[(day.removeprefix("dt="), hour.removeprefix("hr="))])
    assert counts["objects"] == 1
    assert raw.run(lake, None, [])[0]["objects"] == 0


def test_a_run_notes_what_it_may_commit_before_it_commits_anything(lake: Lake, raw: TimedZone) -> None:
    raw.store(3, "1", event("known", 1, "INSERT"))
    _, mark = raw.run(lake, None, [])
    raw.store(2, "2", event("known", 2), event("new", 3), event("whole", 5, "MODIFY"), event("whole", 4, "INSERT"))
    with pytest.MonkeyPatch.context() as patch:
        kill_before_commit(patch, BEFORE_ANY)
        patch.setattr("curated_tables.Lake.ensure", lambda *_, **__: None)
        with pytest.raises(Killed):
            raw.run(lake, mark, notes := [])
    (note,) = notes
    assert note["without_insert"] == ["new"]
    assert (note["hours"], note["days"]) == ([["2026-11-30", "10"]], ["2026-11-22"])


def test_the_watermark_of_another_change_log_is_not_used(lake: Lake, raw: TimedZone) -> None:
    raw.store(24 * 300, "old", event("a", 1, "INSERT"))
    _, mark = raw.run(lake, None, [])
    lake.spark.sql(f"DROP TABLE {lake.name('orders_changes')}")
    counts, mark_of_new = raw.run(lake, mark, [])
    assert (counts["objects"], counts["duplicates"]) == (1, 0)
    assert mark["lake"] != mark_of_new["lake"]


def test_any_state_of_the_watermark_gives_the_oracles_tables(lake: Lake, raw: TimedZone) -> None:
    """Lost, damaged, set back, of a run that was killed, or ahead of the clock: every object under a recent or new day is taken once."""
    rng = random.Random(20261130)
    changes = histories.random_histories(rng, 60, 12)
    marks: list[Any] = [None]
    states = ["kept", "lost", "kept", "set back", "killed", "kept", "damaged", "ahead", "killed", "kept"]
    for batch, (state, lines) in enumerate(zip(states, histories.arrivals(rng, changes, len(states)), strict=True)):
        end = len(states) - batch
        for part in range(3):
            late = rng.choice([0, 0, 24 * 6, 24 * 40 + batch * 48])
            raw.store(end + late, f"{batch}-{part}", *lines[part::3], stored_hours_ago=end)
        mark = {"lost": None, "set back": marks[0 if len(marks) < 2 else 1], "damaged": {"hour": "noon"}}.get(
            state, marks[-1]
        )
        if state == "ahead" and mark:
            mark = {**mark, "hour": ["2027-01-01", "00"]}
        run = partial(raw.run, lake, mark, [])
        if state == "killed":
            with pytest.MonkeyPatch.context() as patch:
                kill_before_commit(patch, 3)  # before the MERGE into orders_current
                with pytest.raises(Killed):
                    run()
            continue
        marks.append(run()[1])
    assert content(lake, "orders_changes", (*CONTRACT, *FURTHER)) == histories.expected_changes(changes, FURTHER)
    assert content(lake, "orders_current", (*CONTRACT, *FURTHER, "is_deleted")) == histories.expected_current(changes, FURTHER)  # fmt: skip
    taken = content(lake, "orders_intake", ("object",))
    assert taken == sorted((key,) for key in raw)

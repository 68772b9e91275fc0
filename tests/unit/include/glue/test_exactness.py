"""Random histories, duplicated, shuffled and split, with the job killed before each of its commits, twice: the tables are the oracle's."""

from __future__ import annotations

import random
from typing import Any

import pytest
from curated_tables import Lake

from tests.unit.include.glue import histories
from tests.unit.include.glue.raw_zone import CONTRACT, RawZone, content

ORDERS, CHANGES_PER_ORDER, BATCHES = 200, 50, 12
COMMITS = 5  # of a run whose tables are there: attributes twice, the two MERGEs, the objects
FURTHER = ("colour", "gift", "weight")


class Killed(BaseException):
    """The job ends here, as by kill -9."""


def kill_before_commit(patch: pytest.MonkeyPatch, number: int) -> None:
    commit, commits = Lake.commit, iter(range(10**6))

    def commit_or_die(self: Any, attempt: Any) -> None:
        if next(commits) == number:
            raise Killed
        commit(self, attempt)

    patch.setattr(Lake, "commit", commit_or_die)


def test_any_duplication_order_split_and_crash_gives_the_oracles_tables(lake: Lake) -> None:
    rng = random.Random(20261122)
    changes = histories.random_histories(rng, ORDERS, CHANGES_PER_ORDER)
    raw, kills = RawZone(), []
    for batch, lines in enumerate(histories.arrivals(rng, changes, BATCHES)):
        raw.put(f"{batch}.json", *lines)
        with pytest.MonkeyPatch.context() as patch:
            kill_before_commit(patch, number=batch % (COMMITS + 1))
            try:
                raw.curate(lake)
            except Killed:
                kills.append(batch)
    whole = [batch for batch in range(BATCHES) if batch % (COMMITS + 1) == COMMITS]
    assert kills == sorted({*range(BATCHES)} - {*whole}), "each run was stopped before another of its commits"
    assert whole[-1] == BATCHES - 1, "the last run is whole"
    assert content(lake, "orders_changes", (*CONTRACT, *FURTHER)) == histories.expected_changes(changes, FURTHER)
    assert content(lake, "orders_current", (*CONTRACT, *FURTHER, "is_deleted")) == histories.expected_current(
        changes, FURTHER
    )
    assert content(lake, "orders_quarantine") == []

"""Test how a change's lateness is divided into stages: they add up, whenever the change came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.freshness import STAGES, TASKS_BEFORE, BatchTimes, figures, page, stages_of

BEGAN = datetime(2026, 11, 30, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


BATCH = BatchTimes(
    "one", after(10), after(30), {task: after(32 + at) for at, task in enumerate(TASKS_BEFORE)}, after(50), after(80)
)


@pytest.mark.parametrize(
    ("committed", "stored", "stages"),
    [
        (0, 2, [2, 8, 20, 2, 1, 1, 1, 15]),  # before the batch before it had ended
        (20, 22, [2, 0, 8, 2, 1, 1, 1, 15]),
        (33.5, 36, [2.5, 0, 0, 0, 0, 0, 0, 14]),  # while the run went on, before its job listed the objects
    ],
)  # fmt: skip
def test_stages_add_up_to_the_time_from_commit_to_view(committed: float, stored: float, stages: list[float]) -> None:
    found = stages_of(after(committed).timestamp(), after(stored).timestamp(), BATCH)
    assert found == pytest.approx(stages)
    assert sum(found) == pytest.approx(50 - committed)
    assert len(found) == len(STAGES)


def test_the_page_says_p50_p99_and_every_stage() -> None:
    shown = page(
        "2026-11-30",
        50,
        15,
        [[float(n), *[0.0] * (len(STAGES) - 1)] for n in range(1, 101)],
        [BATCH],
        {"check_curated": 3.0},
    )
    assert "p50 50 s, p99 99 s" in shown
    assert all(stage in shown for stage in STAGES)
    assert "| `check_curated` | 3.0 |" in shown
    assert figures([3, 1, 2])["max"] == 3

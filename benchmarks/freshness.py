"""Work out how late changes are seen, and where the time goes: stages whose means add up to the mean. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sales_cdc.batch.change_matching import quantile

TASKS_BEFORE = ("find_account", "take_notices", "wait_for_delivery", "start_curation")
STAGES = (
    "DynamoDB to S3, the buffer interval included",
    "the batch before it ends",
    "notice, trigger and scheduler start the run",
    *(f"`{task}`, Airflow's start of it included" for task in TASKS_BEFORE),
    "the Spark job, from its start to its commit",
)


@dataclass(frozen=True)
class BatchTimes:
    """When a batch did what; ``before_ended_at`` is when the one before it had ended, ``committed_at`` the job's commit."""

    run_id: str
    before_ended_at: datetime
    started_at: datetime
    tasks_ended_at: Mapping[str, datetime]
    committed_at: datetime
    ended_at: datetime


def stages_of(committed_at: float, stored_at: float, batch: BatchTimes) -> list[float]:
    """Return the seconds that one change spent in each of ``STAGES``; a stage that was over before it came takes none of its time.

    Args:
        committed_at, stored_at: when the change was written, and when it was in S3, in seconds since 1970.
    """
    ends = [
        stored_at,
        *(at.timestamp() for at in (batch.before_ended_at, batch.started_at, *(batch.tasks_ended_at[task] for task in TASKS_BEFORE), batch.committed_at)),
    ]  # fmt: skip
    seconds, at = [], committed_at
    for end in ends:
        seconds.append(max(0.0, end - at))
        at = max(at, end)
    return seconds


def figures(lateness: Iterable[float]) -> dict[str, float]:
    """Return p50, p99 and the most of seconds."""
    ordered = sorted(lateness)
    return {"p50": quantile(ordered, 0.5) or 0.0, "p99": quantile(ordered, 0.99) or 0.0, "max": ordered[-1]}


def page(
    day: str,
    rate: int,
    minutes: int,
    stages: Sequence[Sequence[float]],
    batches: Sequence[BatchTimes],
    after: Mapping[str, float],
) -> str:
    """Return the results as Markdown.

    Args:
        stages: of each change, the seconds in each of ``STAGES``.
        after: the mean seconds of each task between the commit and the end of a run, in their order.
    """
    late = figures(map(sum, stages))
    means = [statistics.fmean(each) for each in zip(*stages, strict=True)]
    run_seconds = statistics.fmean((batch.ended_at - batch.started_at).total_seconds() for batch in batches)
    lines = [
        "# From commit to the view orders, with batches that arrivals start",
        "",
        (f"Made by `make bench ARGS=fresh` on {day}: {rate} changes a second for {minutes} minutes, {len(stages):,} changes, {len(batches)} batches, "
        "Airflow, the local cloud and the writer on one machine."),
        "",
        (f"**p50 {late['p50']:.0f} s, p99 {late['p99']:.0f} s**, at most {late['max']:.0f} s. A change is in the view from the job's commit on, because the view "
        "reads `orders_current`. Means of the stages add up to the mean:"),
        "",
        "| where the time goes | mean seconds |",
        "| --- | ---: |",
        *(f"| {stage} | {mean:.1f} |" for stage, mean in zip(STAGES, means, strict=True)),
        f"| **all** | **{sum(means):.1f}** |",
        "",
        f"A batch takes {run_seconds:.0f} s in the mean. What follows the commit delays only the next batch:",
        "",
        "| task after the commit, or beside the job | mean seconds |",
        "| --- | ---: |",
        *(f"| `{task}` | {seconds:.1f} |" for task, seconds in after.items()),
        "",
    ]  # fmt: skip
    return "\n".join(lines)

"""Write the past of a deployment: raw objects of years, and what the DAG runs of those years left in the ledger.

A day of the past has 1,250 changes in objects of 100, under one hour. An order has four changes, a quarter of the past apart. Each day
also left a confirmed generate run, a batch's report, account and counts, a comparison, a repair and an object of failed records.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sales_cdc.contract import bucket_keys

from benchmarks.order_history import CHANGES_PER_ORDER, DAY, line

A_DAY, LINES, WRITERS = 1_250, 100, 8
PART = 500_000
"""As many as a job run takes with the two gigabytes that the local cloud gives it."""
Dated = tuple[datetime, str]


class Past:
    """The past of one deployment, before ``now``; its ``changes`` are numbered, and the days that are added go on from there."""

    def __init__(self, s3: Any, bucket: str, delivery: str, now: datetime, changes: int) -> None:
        self._s3, self._bucket, self._delivery = s3, bucket, delivery
        self.now, self.changes = now, changes

    def write(self) -> None:
        """Write raw objects and ledger of the days until the day before yesterday."""
        for _ in self.parts():
            pass

    def parts(self) -> Iterator[int]:
        """Write raw objects and ledger of the days until the day before yesterday; yield the changes that there are after each part."""
        orders = self.changes // CHANGES_PER_ORDER
        days = self.changes // A_DAY
        moments = {day: self.now - timedelta(days=1 + days - day) for day in range(days)}
        for first in range(0, self.changes, PART):
            numbers = range(first, min(first + PART, self.changes))
            lines = (
                (moments[number // A_DAY], line_at(number, number % orders, number // orders, moments[number // A_DAY]))
                for number in numbers
            )
            self._put(self._raw_objects(lines, f"past-{first}"))
            yield numbers.stop
        self._put(self._ledger(moments.values()))

    def add_day(self, changes: int, at: datetime) -> None:
        """Add raw objects of one more day: a quarter of its changes are new orders, the rest are changes of older ones."""
        orders = self.changes // CHANGES_PER_ORDER
        numbers = range(self.changes, self.changes + changes)
        lines = ((at, _line_of_day(number, orders, at)) for number in numbers)
        self._put(self._raw_objects(lines, f"day-{numbers[0]}"))
        self.changes += changes
        self._put(self._generate_run(f"manual__{at:%Y-%m-%dT%H-%M-%S}", at))

    def _raw_objects(self, lines: Iterator[Dated], name: str) -> Iterator[tuple[str, str]]:
        chunks = iter(lambda: list(islice(lines, LINES)), [])
        for number, chunk in enumerate(chunks):
            at = chunk[0][0]
            folder = f"{bucket_keys.RAW_PREFIX}dt={at:%Y-%m-%d}/hr={at:%H}/"
            yield f"{folder}{self._delivery}-1-{name}-{number:07}.json", "".join(text for _, text in chunk)

    def _ledger(self, moments: Iterable[datetime]) -> Iterator[tuple[str, str]]:
        confirmed = {}
        for at in moments:
            run = f"scheduled__{at:%Y-%m-%dT%H-%M-%S}"
            folder = bucket_keys.folder_of(bucket_keys.BATCH_RUNS, run)
            yield from self._generate_run(run, at, **{"confirmed.json": "{}"})
            yield from ((f"{folder}{name}", "{}") for name in ("report.json", "report.md", "account.json"))
            for runs in (bucket_keys.CURATE_RUNS, bucket_keys.RECONCILE_RUNS, bucket_keys.REPAIR_RUNS):
                yield bucket_keys.document_of(runs, run), "{}"
            yield f"{bucket_keys.PROCESSING_FAILED_PREFIX}dt={at:%Y-%m-%d}/{self._delivery}-1-failed", ""
            confirmed[run] = dict.fromkeys(("INSERT", "MODIFY", "REMOVE"), 0)
        yield bucket_keys.CONFIRMED_RUNS, json.dumps(confirmed)

    def _generate_run(self, run: str, at: datetime, **documents: str) -> Iterator[tuple[str, str]]:
        """Yield the ledger of a run that wrote nothing: the sensor looks for it, and waits for no change."""
        written = dict.fromkeys(("INSERT", "MODIFY", "REMOVE"), 0)
        summary = {"run_id": run, "started_at": at.isoformat(), "finished_at": at.isoformat(), "written": written}
        kept = {"run.json": "{}", "plan.jsonl": "", "written.jsonl": "", "summary.json": json.dumps(summary)}
        folder = bucket_keys.folder_of(bucket_keys.GENERATE_RUNS, run)
        yield from ((f"{folder}{name}", text) for name, text in {**kept, **documents}.items())

    def _put(self, objects: Iterator[tuple[str, str]]) -> None:
        def put(one: tuple[str, str]) -> None:
            self._s3.put_object(Bucket=self._bucket, Key=one[0], Body=one[1].encode())

        with ThreadPoolExecutor(WRITERS) as pool:
            for some in iter(lambda: list(islice(objects, 1000)), []):
                list(pool.map(put, some))


def line_at(number: int, order: int, step: int, moment: datetime) -> str:
    """Return the line of a change with a time of its own."""
    return line(number, order, step, moment - timedelta(seconds=number * 86_400 // DAY))


def _line_of_day(number: int, orders: int, at: datetime) -> str:
    is_new = number % CHANGES_PER_ORDER == 0
    return line_at(number, number if is_new else number * 7919 % orders, 0 if is_new else 1 + number % 3, at)


def parsed_time(text: str) -> datetime:
    """Read the time that all deployments of a run share."""
    return datetime.fromisoformat(text).astimezone(UTC)

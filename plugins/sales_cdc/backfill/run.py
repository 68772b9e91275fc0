"""Forecast, touch and record one backfill run.

Every step can be repeated, half-way or whole, without touching an order a second time.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import SystemRandom
from threading import Event
from typing import Any

from sales_cdc.aws.ledger_folder import ForeignPlanError
from sales_cdc.backfill.ledger import NAMED, BackfillHeader, BackfillLedger, Progress
from sales_cdc.backfill.touches import TouchableTable, Touched
from sales_cdc.cost.confirmation import allowed_dollars, require_confirmed
from sales_cdc.cost.forecast import ORDER_BYTES, PLAIN_WRITE, Usage, forecast, summary_line
from sales_cdc.generate.change_writer import BACKOFF_SECONDS, MAX_ATTEMPTS, MAX_BACKOFF_SECONDS, Pace, StalledError
from sales_cdc.generate.run import ProgressLog, Say

CONCURRENT_TOUCHES = 16
COUNTED_BELOW_BYTES = 10**9  # a smaller table is counted by a scan: its description may be six hours old
MARK_BYTES = 80  # the attribute's name and a run's id


class BackfillRefusedError(ValueError):
    """Raised when the backfill cannot be done as asked for; nothing was touched."""


class BackfillIncompleteError(Exception):
    """Raised when not every order in the table was touched."""


class BackfillRun:
    """Plan, touch and record a run, with its table and its ledger.

    ``say`` takes lines for the log; ``stop`` ends touching early once it is set.

    Example::

        run = BackfillRun(TouchableTable(dynamodb, "sales-cdc-orders"), BackfillLedger(s3, bucket, "run-1", now), print)
        for segment in run.plan(4, "5", "us-east-1"):
            run.touch(segment, rate_per_second=500)
        run.record()
    """

    def __init__(self, table: TouchableTable, ledger: BackfillLedger, say: Say, stop: Event | None = None) -> None:
        self._table = table
        self._ledger = ledger
        self._say = say
        self._stop = stop or Event()
        self._random = SystemRandom()

    def plan(self, segments: int, most_dollars: str, region: str) -> list[int]:
        """Forecast the cost; if it is not above ``most_dollars``, store the run and return its segments.

        Raises:
            BackfillRefusedError: the table has no stream.
            CostNotConfirmedError: the backfill costs more than ``most_dollars``.
            ForeignPlanError: the run was planned with other segments before.
            CallRefusedError: the table or the bucket is missing, denied, or does not answer.
        """
        allowed_dollars(most_dollars)
        header = self._ledger.header() or self._forecast_and_begin(segments, most_dollars, region)
        if header.segments != segments:
            raise ForeignPlanError(
                f"The run '{header.run_id}' began with {header.segments} segments and now gets {segments}: "
                "start a new run for that. Nothing was touched."
            )
        return list(range(segments))

    def _forecast_and_begin(self, segments: int, most_dollars: str, region: str) -> BackfillHeader:
        size = self._table.size()
        if not size.has_stream:
            raise BackfillRefusedError(
                f"The table {self._table.name} has no stream that would carry a touch. Run sales_cdc_setup "
                "first. Nothing was touched."
            )
        items = self._table.count() if size.size_bytes < COUNTED_BELOW_BYTES else size.items
        item_bytes = (-(-size.size_bytes // size.items) if size.items else ORDER_BYTES) + MARK_BYTES
        usage = Usage(items, item_bytes=item_bytes, units_per_write=PLAIN_WRITE, read_bytes=items * item_bytes)
        found = forecast(usage, region)
        self._say(f"{self._table.name} holds {items:,} orders. {summary_line(found)}")
        require_confirmed(found, most_dollars, f"Touching {items:,} orders")
        return self._ledger.begin(segments, items, found.dollars)

    def touch(self, segment: int, rate_per_second: float | None) -> dict[str, int]:
        """Touch a segment's orders, page after page; keep each page's end before the next begins.

        ``rate_per_second`` is the whole run's. Returns the segment's counts, including earlier attempts.

        Raises:
            StalledError: the table stayed busy; a retry continues after the last page.
            CallRefusedError: the table or the bucket is missing, denied, or does not answer.
        """
        header = self._header()
        pace = Pace(None if rate_per_second is None else float(rate_per_second) / header.segments)
        progress = self._ledger.progress(segment)
        observe = ProgressLog(self._say)
        with ThreadPoolExecutor(CONCURRENT_TOUCHES) as pool:
            while not progress.done and not self._stop.is_set():
                observe("MODIFY", progress.touched, max(header.items // header.segments, progress.touched + 1))
                page = self._table.page(segment, header.segments, progress.following, header.mark)
                outcomes = pool.map(partial(self._settle, mark=header.mark, pace=pace), page.unmarked)
                self._count(zip(page.unmarked, outcomes, strict=True), progress)
                if self._stop.is_set():
                    break
                progress.touched += len(page.marked)
                progress.following, progress.done = page.following, page.following is None
                self._ledger.keep(progress)
        return {"touched": progress.touched, "gone": progress.gone, "too_large": progress.too_large}

    def _settle(self, order_id: str, *, mark: str, pace: Pace) -> Touched:
        """Touch one order until it is settled; return BUSY only when stopped meanwhile."""
        if self._stop.wait(pace.reserve(1)):
            return Touched.BUSY
        for attempt in range(1, MAX_ATTEMPTS + 1):
            outcome = self._table.touch(order_id, mark)
            if outcome is not Touched.BUSY:
                return outcome
            if self._stop.wait(self._random.uniform(0, min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2**attempt))):
                return outcome
        raise StalledError(
            f"The DynamoDB table {self._table.name} did not take a touch in {MAX_ATTEMPTS} attempts. Give it more write "
            "capacity, or a lower rate_per_second; a retry continues after the last page."
        )

    def _count(self, outcomes: Iterable[tuple[str, Touched]], progress: Progress) -> None:
        for order_id, outcome in outcomes:
            if outcome is Touched.MADE:
                progress.touched += 1
            elif outcome is Touched.GONE:
                progress.gone += 1
            elif outcome is Touched.TOO_LARGE:
                progress.too_large += 1
                progress.named = [*progress.named, order_id][:NAMED]

    def record(self) -> dict[str, Any]:
        """Close the ledger; return its summary.

        Raises:
            BackfillIncompleteError: a segment is not done, or an order is too large to be touched.
        """
        header = self._header()
        segments = [self._ledger.progress(segment) for segment in range(header.segments)]
        if unfinished := [str(one.segment) for one in segments if not one.done]:
            raise BackfillIncompleteError(
                f"Segments {', '.join(unfinished)} of {header.segments} are not done: clear their touch_orders tasks, "
                "which continue where they stopped."
            )
        if too_large := sum(one.too_large for one in segments):
            named = ", ".join([order_id for one in segments for order_id in one.named][:5])
            raise BackfillIncompleteError(
                f"{too_large:,} orders are too large for one more attribute (DynamoDB takes 400 KB) and were not touched, such "
                f"as {named}. All others were touched. Change any attribute of these by hand, so that the stream carries them."
            )
        summary = self._ledger.close(header, segments)
        self._say(
            f"Touched {summary['touched']:,} orders; {summary['gone']:,} were deleted meanwhile. {self._ledger.uri}"
        )
        return summary

    def _header(self) -> BackfillHeader:
        header = self._ledger.header()
        if header is None:
            raise ForeignPlanError(f"{self._ledger.uri} holds no run: run the task plan_backfill first.")
        return header

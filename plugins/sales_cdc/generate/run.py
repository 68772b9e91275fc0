"""Plan, write and record one generate run.

Every step can be repeated, half-way or whole, without duplicating or losing a change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event
from typing import Any

from sales_cdc.aws.ledger_folder import ForeignPlanError
from sales_cdc.contract.change_contract import EVENT_TYPES, EventType
from sales_cdc.contract.declared import refusal_without_orders
from sales_cdc.cost.confirmation import FREE_DOLLARS, require_confirmed
from sales_cdc.cost.forecast import ORDER_BYTES, Usage, forecast, forecast_line
from sales_cdc.cost.prices import REGION
from sales_cdc.generate.change_writer import ChangeWriter, Pace, StalledError
from sales_cdc.generate.ledger import Outcome, RunHeader, RunLedger
from sales_cdc.generate.transactional_table import OrdersTable
from sales_cdc.generate.workload import Change, Workload, WorkloadError, plan_changes, require_rate

PART_CHANGES = 2_000
SHOWN = 5
LOG_SECONDS = 5.0

Say = Callable[[str], None]
Progress = Callable[[EventType, int, int], None]


def require_own_table(table: str, *, adopted: bool) -> None:
    """Refuse to write mock orders into a table that the deployment only reads.

    Raises:
        WorkloadError: the table is adopted.
    """
    if adopted:
        raise WorkloadError(
            f"Cannot write mock orders to the DynamoDB table '{table}': it is adopted (SALES_CDC_TABLE), so its items are not the "
            "pipeline's. Nothing was written. Use a deployment with a table of its own: unset SALES_CDC_TABLE and SALES_CDC_CONTRACT, and "
            "set another SALES_CDC_PREFIX."
        )


class ProgressLog:
    """Log every few seconds how many changes are settled, the rate, and the time left.

    The first call sets where the count begins and logs nothing.
    """

    def __init__(self, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._began = self._said = 0.0
        self._first: int | None = None

    def __call__(self, event_type: EventType, done: int, total: int) -> None:
        now = self._clock()
        if self._first is None:
            self._first, self._began, self._said = done, now, now
            return
        if done < total and now - self._said < LOG_SECONDS:
            return
        self._said = now
        rate = (done - self._first) / max(now - self._began, 0.001)
        rest = f", about {(total - done) / rate:.0f} s to go" if rate > 0 and done < total else ""
        self._say(f"{event_type}: {done:,} of {total:,} changes ({rate:,.0f}/s{rest})")


class GenerateRun:
    """Plan, write and record a run, with its table and its ledger.

    ``say`` takes lines for the log; ``stop`` ends writing early once it is set.

    Example::

        run = GenerateRun(OrdersTable(dynamodb, "sales-cdc-orders"), RunLedger(s3, bucket, "run-1", now), print)
        run.plan(Workload(seed=1, inserts=500))
        run.write("INSERT")
        run.record()
    """

    def __init__(self, table: OrdersTable, ledger: RunLedger, say: Say, stop: Event | None = None) -> None:
        self._table = table
        self._ledger = ledger
        self._say = say
        self._stop = stop or Event()

    @property
    def ledger_uri(self) -> str:
        return self._ledger.uri

    def plan(
        self, workload: Workload, rate_per_second: float | None = None, *, own_orders_only: bool = False,
        confirmed_dollars: str = FREE_DOLLARS, region: str = REGION,
    ) -> RunHeader:  # fmt: skip
        """Plan the run against the table as it is now, and keep the plan; a run that has a plan keeps that one.

        ``own_orders_only``: change and delete only orders that the run itself inserts. ``confirmed_dollars``: what the changes may cost on
        AWS, in ``region``.

        Raises:
            CostNotConfirmedError: they are forecast to cost more; nothing was read or written.
            WorkloadError: the contract is not that of orders, the table holds too few orders, or the rate is no number above 0;
                nothing was written.
            ForeignPlanError: the run was planned with other parameters before.
            CallRefusedError: the table or the bucket is missing, denied, or does not answer.
        """
        if refusal := refusal_without_orders("A generate run or drill writes"):
            raise WorkloadError(refusal)
        require_rate(rate_per_second)
        changes = sum(workload.counts.values())
        require_confirmed(forecast(Usage(changes), region), confirmed_dollars, f"Writing {changes:,} changes")
        params = {name: getattr(workload, name) for name in ("inserts", "updates", "deletes", "seed")}
        header = self._ledger.header()
        if header is not None:
            self._require_same(header, params)
            self._say(f"This run has its plan already, made at {header.started_at}, and continues with it.")
            return header
        scanned = self._table.scan()
        self._say(f"{self._table.name} holds {len(scanned.live):,} orders that this run may change.")
        if scanned.unusable:
            some = "; ".join(f"{order_id}: {why}" for order_id, why in list(scanned.unusable.items())[:SHOWN])
            self._say(f"{len(scanned.unusable):,} orders that others edited are not changed, such as {some}")
        live = {} if own_orders_only else scanned.live
        planned = plan_changes(workload, live, {*scanned.unusable, *scanned.live} - live.keys())
        header = self._ledger.keep_plan({**params, "rate_per_second": rate_per_second}, planned)
        self._say(f"Planned {counted(header.planned)}, in {self._ledger.uri}plan.jsonl")
        read_bytes = (len(scanned.live) + len(scanned.unusable)) * ORDER_BYTES
        self._say(forecast_line(sum(header.planned.values()), region=region, read_bytes=read_bytes))
        return header

    def write(self, event_type: EventType, progress: Progress | None = None) -> dict[str, int]:
        """Write the plan's changes of one type, part after part.

        The ledger keeps each part's outcomes before the next part begins. Returns how many changes were ``settled_before`` this call,
        and how many it has ``written`` and ``skipped``.

        Raises:
            StalledError: the table stayed busy; the message says how many changes are settled.
            CallRefusedError: the table or the bucket is missing, denied, or does not answer.
        """
        header = self._planned_header()
        first, end = header.span(event_type)
        tried_before = self._ledger.begin(event_type)
        start, lines = self._ledger.settled(event_type) if tried_before else (None, {})
        start = first if start is None else start
        tally = {"settled_before": start - first + len(lines), "written": 0, "skipped": 0}
        observe = progress or ProgressLog(self._say)
        writer = self._writer(header)
        observe(event_type, tally["settled_before"], end - first)
        for part in parts(self._ledger.planned(start, end)):
            if self._stop.is_set():
                break
            pending = [change for change in part if change.n not in lines]
            try:
                for outcomes in writer.write(pending, tried_before=tried_before):
                    lines |= {outcome.change.n: outcome.line() for outcome in outcomes}
                    self._count(outcomes, tally)
                    observe(event_type, sum(tally.values()), end - first)
            except StalledError as error:
                done = sum(tally.values())
                raise StalledError(
                    f"{error} {done:,} of {end - first:,} {event_type} changes are settled; a retry continues from there."
                ) from error
            finally:
                self._ledger.settle(event_type, part[0].n, lines)
            tried_before, lines = False, {}
        return tally

    def record(self, *, interrupted: bool = False) -> dict[str, Any]:
        """Close the ledger; return its summary."""
        summary = self._ledger.close(self._planned_header(), interrupted=interrupted)
        self._say(
            f"Written: {counted(summary['written'])}; skipped: {len(summary['skipped']):,}. {self._ledger.uri}summary.json"
        )
        return summary

    def _writer(self, header: RunHeader) -> ChangeWriter:
        rate = header.params["rate_per_second"]
        pace = Pace(None if rate is None else float(rate))
        return ChangeWriter(self._table, f"{header.run_id} {header.started_at}", pace, self._stop)

    def _count(self, outcomes: Iterable[Outcome], tally: dict[str, int]) -> None:
        for outcome in outcomes:
            tally["skipped" if outcome.reason else "written"] += 1
            if outcome.reason and tally["skipped"] <= SHOWN:
                change = outcome.change
                self._say(f"Skipped {change.event_type} of {change.order_id}: {outcome.reason}.")

    def _planned_header(self) -> RunHeader:
        header = self._ledger.header()
        if header is None:
            raise ForeignPlanError(f"{self._ledger.uri} holds no complete plan: run the task plan_changes first.")
        return header

    def _require_same(self, header: RunHeader, params: Mapping[str, int]) -> None:
        planned = {name: header.params[name] for name in params}
        if planned != params:
            raise ForeignPlanError(
                f"The run '{header.run_id}' was planned with {planned} and was started with {dict(params)} now. A run's plan never "
                "changes: start a new run for other parameters. Nothing was written."
            )


def parts(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Cut changes into parts of bounded size without two changes of one order.

    The changes of a part can therefore be written in any order.
    """
    part: list[Change] = []
    orders: set[str] = set()
    for change in changes:
        if len(part) == PART_CHANGES or change.order_id in orders:
            yield part
            part, orders = [], set()
        part.append(change)
        orders.add(change.order_id)
    if part:
        yield part


def counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in EVENT_TYPES)

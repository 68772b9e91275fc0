"""Read the same figures each time: of a busy, an empty, a stopped, a missing or an unreachable pipeline."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import EndpointConnectionError
from sales_cdc.batch.statements import INSIGHTS
from sales_cdc.deployment.topology import ALARMS
from sales_cdc.page.reads.airflow_runs import DagRuns, Run, Task
from sales_cdc.page.reads.lake_query import Rows
from sales_cdc.page.reads.row_counts import Extent
from sales_cdc.page.views.span import Span
from sales_cdc.verdict.evidence import BatchRuns
from sales_cdc.verdict.lake_reader import Report, Stored, Tail
from sales_cdc.verdict.matters import Acknowledgement
from sales_cdc.verdict.observation import Answer, Observation, Series

from tests.browser import canned_orders
from tests.browser.canned_history import history, ledger_lags
from tests.browser.canned_orders import EVENTS, HOSTILE, NOW, ORDER

PRODUCTS = ("laptop", "headphones", "monitor", "keyboard", "phone", "tablet", "camera", "printer")
CURATED = ["orders", "orders_changes", "orders_current", "orders_history", "orders_intake", "orders_quarantine", "pipeline_ledger", "raw_orders"]  # fmt: skip


class CannedReader:
    """``mood`` is "busy", "empty" (set up, nothing ran), "stopped", "missing" (not set up) or "down"."""

    def __init__(self, mood: str = "busy") -> None:
        self.mood = mood
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.recalled: list[tuple[str, str]] = []

    @property
    def has_changes(self) -> bool:
        return self.mood in ("busy", "stopped")

    def warm(self) -> None: ...

    def now(self) -> datetime:
        return NOW

    def observe(self) -> Observation:
        if self.mood == "down":
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")
        if self.mood == "missing":
            names = (
                "table",
                "pipe",
                "dead_letters",
                "stream",
                "delivery",
                "crawler",
                "job",
                "tables",
                "athena",
                "rule",
                "alarms",
            )
            return Observation(NOW, {name: Answer(refusal="missing", message="not found") for name in names}, {})
        return Observation(NOW, answers(self.mood), series(self.mood) if self.has_changes else {})

    def tables(self) -> list[str]:
        self._require_up()
        return CURATED if self.has_changes else []

    def ask(self, file: str, params: Mapping[str, str], values: Sequence[str] = ()) -> Rows:
        self._require_up()
        self.asked.append((file, tuple(values)))
        return replace(ROWS[file](params, values), asked_at=NOW)

    def count(self, table: str) -> int | None:
        found = self.extent(table)
        return found and found.rows

    def extent(self, table: str) -> Extent | None:
        self._require_up()
        return canned_orders.EXTENTS.get(table) if self.has_changes else None

    def answered(self, execution: str, file: str, choices: Iterable[Mapping[str, str]]) -> Rows | None:
        """Return what the batch asked before it wrote its report."""
        self._require_up()
        self.recalled.append((execution, file))
        return replace(ROWS[file](next(iter(choices)), ()), asked_at=NOW - timedelta(minutes=13))

    def newest_report(self, prefix: str, suffix: str = ".json") -> Report | None:
        self._require_up()
        document = REPORTS.get(prefix) if self.has_changes else None
        if suffix == "/account.json":
            document = document and {"run_id": RUN, "unaccounted": 0, "orders": [], "since": None}
        at = NOW - timedelta(minutes=12)
        return document and Report(f"{prefix}scheduled__2026-11-25T14:00:00+00:00{suffix}", at, document)

    def newest_changes(self) -> Tail:
        self._require_up()
        return tail(self.mood) if self.has_changes else Tail([], [], True)

    def failed_records(self, skip: int = 0) -> Tail:
        self._require_up()
        return failures() if self.mood == "stopped" else Tail([], [], True)

    def item(self, order_id: str) -> Mapping[str, Any] | None:
        self._require_up()
        return canned_orders.item(order_id) if self.has_changes else None

    def history(self, span: Span) -> dict[str, Series]:
        self._require_up()
        return (
            history(span)
            if self.has_changes
            else {key: [] for key in ("piped", "delivered", "freshness", "iterator_age")}
        )

    def acknowledgements(self) -> list[Acknowledgement]:
        self._require_up()
        return []

    def acknowledge(self, found: Acknowledgement) -> None:
        self._require_up()

    def dag_runs(self) -> list[DagRuns]:
        return runs_of(self.mood)

    def batch_runs(self) -> BatchRuns | None:
        return BatchRuns(is_paused=False, follows_arrivals=True)

    def _require_up(self) -> None:
        if self.mood == "down":
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")


def runs_of(mood: str) -> list[DagRuns]:
    """Return the DAGs; where the pipeline has stopped, the last batch failed and is paused."""
    dags = []
    for name in ("batch", "generate", "reconcile", "repair", "redrive", "backfill", "drill", "setup"):
        dag_id, is_batch = f"sales_cdc_{name}", name == "batch"
        failed = is_batch and mood == "stopped"
        runs = [
            Run(
                f"manual__{name}-{ago}", "failed" if failed and ago == 0 else "success", "manual", NOW - timedelta(hours=ago, minutes=9),
                NOW - timedelta(hours=ago, minutes=7), "vera", f"/dags/{dag_id}/runs/manual__{name}-{ago}",
                [Task("check_curated", f"/dags/{dag_id}/runs/manual__{name}-0/tasks/check_curated")] if failed and ago == 0 else (),
            )
            for ago in range(3 if mood in ("busy", "stopped") and name in ("batch", "generate", "redrive", "setup") else 0)
        ]  # fmt: skip
        next_at = NOW.replace(hour=0, minute=0, second=0) + timedelta(days=1) if is_batch and not failed else None
        dags.append(DagRuns(dag_id, failed, next_at, runs))
    return dags


def answers(mood: str) -> dict[str, Answer]:
    stopped, empty = mood == "stopped", mood == "empty"
    started = NOW - timedelta(minutes=14)
    pipe = {"CurrentState": "RUNNING", "DesiredState": "RUNNING"}
    if stopped:
        reason = (
            "The role sales-cdc-pipe-us-east-1 may not kinesis:PutRecords on stream/sales-cdc-changes (AccessDenied)."
        )
        pipe = {"CurrentState": "STOPPED", "DesiredState": "RUNNING", "StateReason": reason}
    run = {"JobRunState": "SUCCEEDED", "ExecutionTime": 41, "StartedOn": started + timedelta(minutes=1)}
    return {
        "table": Answer(
            {
                "TableStatus": "ACTIVE", "ItemCount": 0 if empty else 412_906,
                "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            }
        ),
        "pipe": Answer(pipe),
        "dead_letters": Answer({"ApproximateNumberOfMessages": "3" if stopped else "0"}),
        "stream": Answer(
            {"StreamStatus": "ACTIVE", "OpenShardCount": 4, "StreamCreationTimestamp": NOW - timedelta(days=9)}
        ),
        "delivery": Answer({"DeliveryStreamStatus": "ACTIVE"}),
        "crawler": Answer(
            {"State": "READY"} if empty else {"State": "READY", "LastCrawl": {"Status": "SUCCEEDED", "StartTime": started}}
        ),
        "job": Answer({"runs": [] if empty else [run]}),
        "tables": Answer({"names": [] if empty else CURATED}),
        "athena": Answer({"State": "ENABLED"}),
        "rule": Answer({"State": "ENABLED"}),
        "alarms": Answer({"alarms": [alarm(name, fired=stopped and name == "pipe-failures") for name in ALARMS]}),
    }  # fmt: skip


def alarm(name: str, *, fired: bool) -> dict[str, Any]:
    return {
        "AlarmName": f"sales-cdc-{name}", "StateValue": "ALARM" if fired else "OK", "StateUpdatedTimestamp": NOW - timedelta(minutes=11),
        "AlarmDescription": "The pipe's executions fail again and again: changes wait in the table's stream.",
        "StateReason": "Threshold Crossed: 1 of 1 datapoints [6] were GreaterThanOrEqualToThreshold 3.",
    }  # fmt: skip


def series(mood: str) -> dict[str, Series]:
    drawn = random.Random(7)
    ends = 12 if mood == "stopped" else 0
    minutes = [
        (NOW - timedelta(minutes=ago), 0.0 if ago < ends else float(round(180 + 70 * drawn.random() + 2 * (60 - ago))))
        for ago in range(59, -1, -1)
    ]
    return {
        **dict.fromkeys(("piped", "streamed", "delivered"), minutes),
        "iterator_age": [(at, 40.0) for at, _ in minutes],
        "freshness": [(at, 1.8) for at, _ in minutes],
        "transformer_errors": [(NOW - timedelta(minutes=20), 2.0)] if mood == "stopped" else [],
    }


def tail(mood: str) -> Tail:
    drawn = random.Random(11)
    ago = timedelta(minutes=12) if mood == "stopped" else timedelta(seconds=4)
    stored = Stored("raw/orders/dt=2026-11-25/hr=14/sales-cdc-delivery-1.json", NOW - ago, 3000)
    lines = []
    for at in range(25):
        kind = EVENTS[at % len(EVENTS)]
        event: dict[str, Any] = {
            "orderID": ORDER if at == 1 else f"{drawn.getrandbits(128):032x}",
            "product_name": None if kind == "REMOVE" else HOSTILE if at == 2 else drawn.choice(PRODUCTS),
            "quantity": None if kind == "REMOVE" else drawn.randint(1, 9),
            "price": None if kind == "REMOVE" else Decimal(drawn.randint(999, 249_999)) / 100,
            "event_type": kind,
            "creation_time": f"{NOW - ago - timedelta(seconds=at):%Y-%m-%dT%H:%M:%S}.000Z",
        }
        lines.append((event, stored))
    return Tail(lines, [stored], True)


def failures() -> Tail:
    stored = Stored(
        "errors/processing-failed/dt=2026-11-25/sales-cdc-delivery-1.json", NOW - timedelta(minutes=21), 900
    )
    why = ("quantity is 12.5: it has to be a whole number", "price is 'ten': it has to be a number", "price is 'ten': it has to be a number")  # fmt: skip
    lines = []
    for at, reason in enumerate(why):
        event = {
            "eventName": "MODIFY",
            "dynamodb": {"Keys": {"orderid": {"S": f"{at}c1d9e7a-44f0-4d6c-8a51-b0cf5a2f7e10"}}},
        }
        raw = base64.b64encode(json.dumps(event).encode()).decode()
        lines.append(({"errorCode": "Lambda.ProcessingFailedStatus", "errorMessage": reason, "rawData": raw}, stored))
    return Tail(lines, [stored], True)


def over_time(params: Mapping[str, str], _: Sequence[str]) -> Rows:
    drawn = random.Random(3)
    step = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}[params["unit"]]
    begin = datetime.fromisoformat(params["from_time"]).replace(second=0)
    rows, scale = [], step.total_seconds() / 60
    while begin < NOW.replace(tzinfo=None):
        each = [round(scale * share * (0.6 + drawn.random())) for share in (80, 130, 24)]
        rows.append([f"{begin:%Y-%m-%d %H:%M:%S}.000", *map(str, each)])
        begin += step
    return Rows(["change_time", "inserts", "updates", "deletes"], ["timestamp", "bigint", "bigint", "bigint"], rows)


def ledger(_: Mapping[str, str], __: Sequence[str]) -> Rows:
    drawn = random.Random(9)
    columns = ["run_id", "run_at", "written", "captured", "delivered", "failed", "dropped", "curated", "lag_raw_p50_seconds", "lag_raw_p99_seconds", "lag_raw_max_seconds"]  # fmt: skip
    rows: list[list[str | None]] = []
    for ago in range(14):
        count = str(drawn.randint(60_000, 128_000))
        rows.append([f"scheduled-{ago}", f"{NOW - timedelta(days=ago):%Y-%m-%d} 00:05:00.000", count, count, count, "0", "0", count, "1.9", f"{3 + drawn.random():.2f}", "6.4"])  # fmt: skip
    return Rows(columns, ["varchar", "timestamp", *["bigint"] * 6, *["double"] * 3], rows)


def days() -> list[date]:
    return [NOW.date() - timedelta(days=ago) for ago in range(13, -1, -1)]


def revenue(params: Mapping[str, str], _: Sequence[str]) -> Rows:
    drawn = random.Random(1)
    rows: list[list[str | None]] = [
        [
            str(day),
            product,
            str(n := drawn.randint(60, 400)),
            str(3 * n),
            f"{n * (40 + 35 * at)}.{drawn.randint(10, 99)}",
        ]
        for day in days()
        for at, product in enumerate(sorted(PRODUCTS))
    ]
    rows[3][1] = HOSTILE
    types = ["date", "varchar", "bigint", "bigint", "decimal(38,2)"]
    return Rows(["order_day", "product_name", "orders", "units", "revenue"], types, rows, "SELECT …", 41_000_000)


def demand(params: Mapping[str, str], _: Sequence[str]) -> Rows:
    drawn = random.Random(2)
    columns = ["change_day", "product_name", "orders_placed", "units_placed", "price_rises", "price_cuts", "lowest_price", "highest_price"]  # fmt: skip
    rows: list[list[str | None]] = [
        [str(day), product, str(n := drawn.randint(60, 400)), str(3 * n), str(n // 5), str(n // 4), "199.00", "2489.90"]
        for day in days()
        for product in sorted(PRODUCTS)
    ]
    types = ["date", "varchar", *["bigint"] * 4, "decimal(12,2)", "decimal(12,2)"]
    return Rows(columns, types, rows, "SELECT …", 62_000_000)


def cancelled(params: Mapping[str, str], _: Sequence[str]) -> Rows:
    drawn = random.Random(4)
    columns = ["order_day", "orders_placed", "orders_cancelled", "orders_expired", "cancelled_percent"]
    rows: list[list[str | None]] = []
    for day in days():
        placed, gone = drawn.randint(24_000, 31_000), drawn.randint(1_400, 2_600)
        rows.append([str(day), str(placed), str(gone), str(gone // 9), f"{Decimal(100 * gone) / placed:.2f}"])
    return Rows(columns, ["date", *["bigint"] * 3, "decimal(5,2)"], rows, "SELECT …", 55_000_000)


def mix(params: Mapping[str, str], _: Sequence[str]) -> Rows:
    drawn = random.Random(6)
    columns = ["change_hour", "changes", "inserts", "modifies", "removes_by_users", "removes_by_expiry", "orders"]
    rows: list[list[str | None]] = []
    for ago in range(47, -1, -1):
        parts = [round(share * (0.7 + 0.6 * drawn.random())) for share in (1200, 1900, 260, 90)]
        at = f"{NOW - timedelta(hours=ago):%Y-%m-%d %H}:00:00.000"
        rows.append([at, str(sum(parts)), *map(str, parts), str(sum(parts) - 300)])
    return Rows(columns, ["timestamp", *["bigint"] * 6], rows, "SELECT …", 38_000_000)


def most_changed(params: Mapping[str, str], _: Sequence[str]) -> Rows:
    drawn = random.Random(8)
    columns = ["orderid", "changes", "first_change", "last_change", "last_event_type", "last_product_name"]
    rows: list[list[str | None]] = [
        [f"{drawn.getrandbits(128):032x}", str(41 - 2 * at), "2026-11-17 08:00:00.000", "2026-11-25 14:00:00.000", "MODIFY", HOSTILE if at == 0 else drawn.choice(PRODUCTS)]
        for at in range(20)
    ]  # fmt: skip
    return Rows(
        columns, ["varchar", "bigint", "timestamp", "timestamp", "varchar", "varchar"], rows, "SELECT …", 47_000_000
    )


ROWS = {
    "page/changes_over_time.sql": over_time,
    **canned_orders.ROWS,
    "page/ledger_lags.sql": ledger_lags,
    "page/ledger_runs.sql": ledger,
    "insights/revenue_by_product_and_day.sql": revenue,
    "insights/demand_and_prices_by_day.sql": demand,
    "insights/cancellation_rate.sql": cancelled,
    "insights/change_mix_by_hour.sql": mix,
    "insights/most_changed_orders.sql": most_changed,
}
RUN = "scheduled__2026-11-25T14:00:00+00:00"
REPORTS: dict[str, dict[str, Any]] = {
    "ledger/batch/": {
        "run_id": RUN, "at": "2026-11-25T14:18:04Z",
        "written": {"INSERT": 4_120, "MODIFY": 6_873, "REMOVE": 1_204},
        "delivered": {"INSERT": 4_120, "MODIFY": 6_873, "REMOVE": 1_204},
        "failed": 0, "lost": 0, "duplicates_in_raw": 17,
        "lag_seconds": {"p50": Decimal("1.84"), "p99": Decimal("3.12"), "max": Decimal("6.40")},
        "curated": {"objects": 212, "changes": 12_197, "duplicates": 17, "quarantined": 0},
        "checks": [
            {"name": "change_events_are_whole", "rows": 0}, {"name": "counts_by_event_type", "rows": 0},
            {"name": "deletes_are_rows", "rows": 0}, {"name": "changes_follow_an_insert", "rows": 0},
        ],
        "insights": [{"name": name, "query": f"query of {name}"} for name in INSIGHTS],
        "changed_orders": [
            {"orderid": ORDER, "before": {"product_name": "laptop", "quantity": 3, "price": Decimal("1189.00")}, "after": None},
            {"orderid": HOSTILE, "before": None, "after": {"product_name": HOSTILE, "quantity": 1, "price": Decimal("9.90")}},
        ],
    },
    "ledger/reconcile/": {
        "run_id": RUN, "at": "2026-11-25T14:20:41Z", "cutoff": "2026-11-25T14:00:00Z",
        "source_items": 412_906, "curated_items": 412_905, "matching": 412_847, "in_flight": 57,
        "missing": ["9d0c7b52-52b8-4f0e-93c8-7a0d36f2f1b4"], "extra": [],
        "stale": [{"orderid": "e2a95c1a-3f6d-4f9b-8d27-a1c5d6f0b7e3", "fields": {"price": {"source": "899.00", "curated": "929.00"}}}],
        "counts": {"missing": 1, "extra": 0, "stale": 1}, "truncated": False,
    },
    "ledger/drill/": {
        "run_id": "manual__2026-11-24", "at": "2026-11-24T16:02:10Z", "verdict": "exact",
        "claims": [
            {"claim": claim, "expected": expected, "found": expected, "holds": True}
            for claim, expected in (
                ("changes written, by the ledger", 5_000), ("changes lost", 0), ("changes duplicated", 0),
                ("orders whose changes are out of order", 0), ("deleted orders resurrected", 0),
                ("content of the live orders (SHA-256)", "9f2c41d07be8a35c77e1"), ("poison records in the tables", 0),
            )
        ],
        "orders": {"all": 1_650, "live": 1_208},
        "struck": {"duplicate": 1_480, "reorder": 960, "throttle": 212, "lambda_error": 37, "s3_error": 61, "crashes": 3},
        "extras": {"copies": 120, "poison": 12},
    },
    "ledger/redrive/": {
        "run_id": "manual__2026-11-23", "at": "2026-11-23T10:11:00Z", "dry_run": False, "reason": "",
        "sources": 2, "found": 14, "redelivered": 12, "dropped": 0, "failed_again": 2, "left": 2,
        "found_by_reason": {"Lambda.FunctionError": 12, "price is 'ten': it has to be a number": 2},
        "by_reason": {"price is 'ten': it has to be a number": 2}, "passed_over_by_reason": {},
    },
    "ledger/repair/": {"run_id": "manual__2026-11-22", "at": "2026-11-22T09:00:00Z", "repaired": 3, "failed": 0},
}  # fmt: skip

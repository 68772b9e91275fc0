"""A lake that gets a long history: years of days, runs, changes and quarantined lines; and what each request of the page asks of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.page.curated import ask_insight
from sales_cdc.page.tabs import changes, flow, history, insights, older, orders, trust, verdict
from sales_cdc.page.views.order_filter import OrderFilter
from sales_cdc.page.views.span import RANGES, span_of

from tests.conftest import Cloud
from tests.integration.page.lake import CHANGES, HOUR, Lake, curated_row, raw_line
from tests.request_counts import counted_requests

LEDGER = ("written", "captured", "delivered", "failed", "dropped", "curated")
AGED = [  # of the order "aged", and of others that are long gone: days ago, and the change
    (500, ("aged", "laptop", 1, "1.00", "INSERT", 1)),
    *[(days, (f"old-{days}", "sofa", 1, "1.00", "INSERT", 1)) for days in (100, 400)],
]


@dataclass(frozen=True)
class Asked:
    """What one answer cost: requests to S3, and the bytes that each of its queries scanned. What AWS says of its resources is shared."""

    requests: int
    scanned_bytes: Sequence[int]


class AgingLake(Lake):
    """A lake with some changes of today, and of an order that changed a hundred days ago; ``age_…`` give it years before that."""

    def __init__(self, cloud: Cloud, prefix: str) -> None:
        super().__init__(cloud, prefix)
        self._scanned: list[int] = []
        ask = self.reader.ask

        def counted(file: str, params: Mapping[str, Any], values: Sequence[str] = ()) -> Any:
            rows = ask(file, params, values)
            self._scanned.append(rows.scanned_bytes)
            return rows

        self.reader.ask = counted  # type: ignore[method-assign]
        self.reader.item = lambda order_id: None  # type: ignore[method-assign]
        self.fill_curated()
        self.run("CREATE VIEW orders AS SELECT * FROM orders_current WHERE NOT is_deleted")
        columns = "reason string, raw_line string, source_object string, line_number bigint"
        self._make("orders_quarantine", columns, "PARTITIONED BY (truncate(24, source_object)) ")
        numbers = ", ".join(f"{name} bigint" for name in LEDGER)
        lags = ", ".join(f"lag_raw_{part}_seconds double" for part in ("p50", "p99", "max"))
        self._make("pipeline_ledger", f"run_id string, run_at timestamp, event_type string, {numbers}, {lags}")
        now = datetime.now(UTC)
        last = ("aged", "laptop", 2, "1.00", "MODIFY", 2)
        self._change(100, last)
        self.run(f"INSERT INTO orders_current VALUES {self._row(100, last, is_current=True)}")
        self._record(now)
        self._quarantine(now)
        for days in range(10):  # failed records are looked for in the last seven days that have some
            self._bucket_day(now - timedelta(days=days))

    @property
    def queries(self) -> dict[str, Callable[[], Any]]:
        """The answers that ask Athena."""
        reader, chosen = self.reader, OrderFilter(text="laptop", product="laptop", state="deleted")
        spans = {name: span_of(name, {}, datetime.now(UTC)) for name in RANGES}
        return {
            "orders": lambda: orders.found_orders(reader, OrderFilter()),
            "orders of a month": lambda: orders.found_orders(reader, OrderFilter(range="month")),
            "search": lambda: orders.found_orders(reader, chosen),
            "order": lambda: orders.order(reader, "it's"),
            "order of a hundred days ago": lambda: orders.order(reader, "aged"),
            "order now": lambda: orders.now(reader, "b"),
            "quarantined": lambda: orders.quarantined(reader, 1),
            "older changes": lambda: older.older_changes(reader, self.settings),
            "older lines": lambda: older.older_lines(reader, self.settings),
            "runs": lambda: trust.ledger_runs(reader),
            **{f"changes {name}": lambda name=name: changes.changes(reader, name, refresh=True) for name in RANGES},
            **{f"lags {name}": lambda span=span: history.lags(reader, span) for name, span in spans.items()},
            **{each["name"]: lambda name=each["name"]: ask_insight(reader, name) for each in insights.insight_names()},
        }

    def asked(self) -> dict[str, Asked]:
        """Return what each request of the page asks of AWS."""
        reader, settings = self.reader, self.settings
        found = {}
        for name, answer in {
            "verdict": lambda: verdict.current(reader, settings),
            "flow": lambda: flow.flow(reader, settings),
            "live": lambda: changes.live(reader),
            "failed": lambda: orders.failed(reader, 1),
            "failures": lambda: trust.failures(reader),
            **{each: lambda each=each: trust.report(reader, each) for each in ("batch", "reconciliation")},
            **self.queries,
        }.items():
            self._scanned.clear()
            with counted_requests() as requests:
                answer()
            found[name] = Asked(requests["s3"], tuple(self._scanned))
        return found

    def age_bucket(self) -> None:
        """Give it years of days in the raw zone and under errors/, and many runs."""
        now = datetime.now(UTC)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._run_of, (now - timedelta(days=3, minutes=30 * n) for n in range(600))))
            list(pool.map(self._bucket_day, (now - timedelta(days=n) for n in range(100, 1_250))))

    def age_tables(self) -> None:
        """Give it changes, orders, ledger rows and quarantined lines of long ago."""
        now = datetime.now(UTC)
        for days, change in AGED:
            self._change(days, change)
        current = ", ".join(self._row(days, change, is_current=True) for days, change in AGED[1:])
        self.run(f"INSERT INTO orders_current VALUES {current}")
        self._quarantine(now - timedelta(days=300))
        self._ledger_row(now - timedelta(days=400))

    def _record(self, at: datetime) -> None:
        self._run_of(at)
        self._ledger_row(at)

    def _run_of(self, at: datetime) -> None:
        run = f"scheduled__{at:%Y-%m-%dT%H:%M:%S}+00:00"
        self.put(f"ledger/batch/{run}/account.json", {"run_id": run, "unaccounted": 0})
        self.put(f"ledger/batch/{run}/report.json", {"run_id": run})
        self.put(f"ledger/reconcile/{run}.json", {"run_id": run, "counts": {"missing": 0}})

    def _ledger_row(self, at: datetime) -> None:
        row = f"('{at:%Y%m%d}', TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}', 'INSERT', 5, 5, 5, 0, 0, 5, 1e0, 2e0, 3e0)"
        self.run(f"INSERT INTO pipeline_ledger VALUES {row}")

    def _bucket_day(self, at: datetime) -> None:
        self.put(f"{bucket_keys.RAW_PREFIX}dt={at:%Y-%m-%d}/hr=00/sales-1.json", raw_line(*CHANGES[0]))
        self.put(f"errors/processing-failed/dt={at:%Y-%m-%d}/f.json", {"errorMessage": "broken"})

    def _quarantine(self, at: datetime) -> None:
        name = f"{bucket_keys.RAW_PREFIX}dt={at:%Y-%m-%d}/hr=00/foreign.json"
        self.run(f"INSERT INTO orders_quarantine VALUES ('no JSON', 'a line', '{name}', 1)")

    def _make(self, table: str, columns: str, partitioned: str = "") -> None:
        where = self.topology.s3_uri(f"curated/{table}/")
        self.run(
            f"CREATE TABLE {table} ({columns}) {partitioned}LOCATION '{where}' TBLPROPERTIES ('table_type' = 'ICEBERG')"
        )

    def _change(self, days: int, change: tuple[Any, ...]) -> None:
        self.run(f"INSERT INTO orders_changes VALUES {self._row(days, change)}")

    def _row(self, days: int, change: tuple[Any, ...], *, is_current: bool = False) -> str:
        at = HOUR - timedelta(days=days)
        return curated_row(*change, is_current=is_current).replace(f"{HOUR:%Y-%m-%d}", f"{at:%Y-%m-%d}")

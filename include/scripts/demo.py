"""Run the whole pipeline on the local cloud, and show the same Athena selects before and after: ``make demo``.

The script runs the DAGs setup, generate, batch, generate (with changes) and batch, and writes its measurements to
``.local/demo/report.json``.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import airflow_database
from airflow_session import AirflowSession
from athena_table import AthenaTerminal, QueryError, Rows
from command_log import StepFailedError, interrupt_on_sigterm, run_logged, step_failed
from demo_report import latest_insights, measure
from demo_screen import Screen
from interruption import Interruption
from rich.console import Console
from sales_cdc.contract.change_contract import PROBE_PATTERN
from sales_cdc.contract.declared import refusal_without_orders
from sales_cdc.deployment.settings import Settings, SettingsError

LOCAL = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local"))
LOGS = LOCAL / "logs"
REPORT = LOCAL / "demo" / "report.json"
PICTURE = LOCAL / "demo" / "screen.svg"
INSERTS = {"inserts": 500, "updates": 0, "deletes": 0}
CHANGES = {"inserts": 0, "updates": 300, "deletes": 100}
SELECTS = (
    f"SELECT event_type, count(*) AS changes FROM raw_orders WHERE NOT regexp_like(orderid, '{PROBE_PATTERN}') GROUP BY event_type ORDER BY event_type",  # noqa: S608 (a pattern of ours)
    "SELECT * FROM raw_orders WHERE product_name='laptop'",
    "SELECT * FROM raw_orders WHERE product_name='laptop' AND quantity=5",
)
SNAPSHOT = 'SELECT snapshot_id FROM "orders_current$snapshots" ORDER BY committed_at DESC LIMIT 1'
VERSION = " FOR VERSION AS OF {}"
TOTALS = (
    "SELECT count(*) AS orders, sum(quantity) AS units, sum(quantity * price) AS revenue "
    "FROM orders_current{version} WHERE NOT is_deleted"
)
DELETED = (
    "SELECT orderid FROM orders_changes GROUP BY orderid HAVING max(event_type) = 'REMOVE' AND min(event_type) = 'INSERT' "
    "ORDER BY count(*) DESC, orderid LIMIT 1"
)
console = Console(highlight=False, record=True)


def main() -> int:
    began = time.time()
    interrupt_on_sigterm()
    interruption = Interruption("the demo", "Again, from its beginning: make demo")
    try:
        settings = Settings.from_environment()
        with AirflowSession() as airflow:
            return Demo(settings, airflow, installed_at=began).run()
    except (StepFailedError, QueryError, SettingsError) as error:
        console.print(f"\n[bold red]The demo stopped.[/] {error}", markup=True)
        return 1
    except KeyboardInterrupt:
        console.print(interruption.end(), markup=False, soft_wrap=True)
        return 130


class Demo:
    """One run of the whole pipeline and its measurements."""

    def __init__(self, settings: Settings, airflow: AirflowSession, *, installed_at: float) -> None:
        self.settings = settings
        self.airflow = airflow
        self.began_at = datetime.now(UTC)
        asked_at = float(os.environ.get("DEMO_ASKED_AT") or installed_at)
        self.seconds: dict[str, float] = {"install": max(0.0, installed_at - asked_at)}
        self.athena = AthenaTerminal(settings)

    def run(self) -> int:
        if refusal := refusal_without_orders("The demo writes"):
            raise StepFailedError(refusal)
        self._cloud()
        self._dag("setup", "provision every hop, and test it with a probe order", "sales_cdc_setup")
        self._dag("generate", "write 500 orders", "sales_cdc_generate", INSERTS)
        self._dag("batch", "wait, crawl, check, curate, reconcile", "sales_cdc_batch")
        before = [self.athena.query(sql) for sql in SELECTS]
        snapshot = self.athena.query(SNAPSHOT).rows[0][0]
        self._dag("generate", "change 300 orders and delete 100", "sales_cdc_generate", CHANGES)
        self._dag("batch", "all of that again", "sales_cdc_batch")
        after = [self.athena.query(sql) for sql in SELECTS]
        queries = [
            {"sql": s, "before": b.as_dicts(), "after": a.as_dicts()}
            for s, b, a in zip(SELECTS, before, after, strict=True)
        ]
        report = measure(self.settings, self.athena, self.began_at, self.seconds, queries)
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(report, indent=2) + "\n")
        screen = Screen(console, report)
        screen.selects(SELECTS, before, after)
        screen.life(*self._life())
        screen.time_travel(*[self.athena.query(TOTALS.format(version=v)) for v in (VERSION.format(snapshot), "")])
        screen.insights(latest_insights(self.settings))
        screen.ledger(Path(os.path.relpath(REPORT)))
        _save_picture()
        return 0 if screen.exact else 1

    def _cloud(self) -> None:
        self._step(
            "cloud", "start the local cloud", partial(run_logged, [sys.executable, "-m", "local_cloud", "start"])
        )
        if airflow_database.is_missing():
            with airflow_database.being_made():
                self._airflow("airflow-db", "make Airflow's database", airflow_database.COMMAND[1:])

    def _dag(self, name: str, title: str, dag_id: str, conf: dict[str, int] | None = None) -> None:
        options = ["-c", json.dumps(conf)] if conf else []
        self._airflow(name, f"{dag_id}: {title}", ["dags", "test", dag_id, *options])

    def _airflow(self, name: str, title: str, arguments: list[str]) -> None:
        self._step(name, title, partial(self.airflow.run, arguments))

    def _step(self, name: str, title: str, work: Callable[[Path], int]) -> None:
        """Do one step of the demo and add its time; ``work`` writes to the log that it gets, and returns an exit code."""
        LOGS.mkdir(parents=True, exist_ok=True)
        path = LOGS / f"demo-{name}.log"
        began = time.monotonic()
        with console.status(f"{title} …"):
            code = work(path)
        took = time.monotonic() - began
        self.seconds[name] = self.seconds.get(name, 0.0) + took
        if code:
            raise step_failed(title, code, path)
        console.print(f"[green]✓[/] {title} [dim]{took:.1f} s[/]")

    def _life(self) -> tuple[str, Rows, Rows]:
        """Return an order that was inserted, changed and deleted: its key, versions, and deletion time."""
        (order_id,) = self.athena.query(DELETED).rows[0]
        where = f"FROM {{}} WHERE orderid = '{order_id}'"
        versions = self.athena.query(
            "SELECT event_type, product_name, quantity, price, order_status, valid_from, valid_to, is_current "
            f"{where.format('orders_history')} ORDER BY sequence_number"
        )
        removal = f"SELECT creation_time {where.format('orders_changes')} AND event_type = 'REMOVE'"
        return str(order_id), versions, self.athena.query(removal)


def _save_picture() -> None:
    """Save what was printed as a picture that loads no fonts from elsewhere."""
    picture = console.export_svg(title="make demo", clear=False)
    PICTURE.write_text(re.sub(r"@font-face\s*\{[^}]*\}", "", picture))


if __name__ == "__main__":
    sys.exit(main())

"""``make demo``: the main job, end to end, on the local cloud.

Runs the DAGs (setup, generate, batch, generate with changes, batch), asks Athena the same questions before and after,
and writes what was measured to ``.local/demo/report.json``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from airflow_session import AirflowSession
from athena_table import Athena, QueryError, Rows
from demo_screen import Screen
from rich.console import Console
from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.deployment.settings import Settings, SettingsError
from sales_cdc.deployment.topology import Topology

LOCAL = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local"))
LOGS = LOCAL / "logs"
REPORT = LOCAL / "demo" / "report.json"
PICTURE = LOCAL / "demo" / "screen.svg"
INSERTS = {"inserts": 500, "updates": 0, "deletes": 0}
CHANGES = {"inserts": 0, "updates": 300, "deletes": 100}
SELECTS = (
    "SELECT event_type, count(*) AS changes FROM raw_orders WHERE orderid NOT LIKE '%probe%' GROUP BY event_type ORDER BY event_type",
    "SELECT * FROM raw_orders WHERE product_name='laptop'",
    "SELECT * FROM raw_orders WHERE product_name='laptop' AND quantity=5",
)
SNAPSHOT = 'SELECT snapshot_id FROM "orders_current$snapshots" ORDER BY committed_at DESC LIMIT 1'
VERSION = " FOR VERSION AS OF {}"
STANDING = (
    "SELECT count(*) AS orders, sum(quantity) AS units, sum(quantity * price) AS revenue "
    "FROM orders_current{version} WHERE NOT is_deleted"
)
DELETED = (
    "SELECT orderid FROM orders_changes GROUP BY orderid HAVING max(event_type) = 'REMOVE' AND min(event_type) = 'INSERT' "
    "ORDER BY count(*) DESC, orderid LIMIT 1"
)
DUPLICATES = "SELECT count(*) - count(DISTINCT concat(orderid, '/', sequence_number)) FROM {table}"
console = Console(highlight=False, record=True)


class StepFailedError(Exception):
    """A step of the demo failed; the message shows the end of its log and where the whole of it is."""


def main() -> int:
    began = time.time()
    try:
        settings = Settings.from_environment()
        with AirflowSession() as airflow:
            return Demo(settings, airflow, installed_at=began).run()
    except (StepFailedError, QueryError, SettingsError) as error:
        console.print(f"\n[bold red]The demo stopped.[/] {error}", markup=True)
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted. The local cloud is still running; stop it with: make down")
        return 130


class Demo:
    """One run of the main job and what it measured."""

    def __init__(self, settings: Settings, airflow: AirflowSession, *, installed_at: float) -> None:
        self.settings = settings
        self.airflow = airflow
        self.began_at = datetime.now(UTC)
        asked_at = float(os.environ.get("DEMO_ASKED_AT") or installed_at)
        self.seconds: dict[str, float] = {"install": max(0.0, installed_at - asked_at)}
        self.athena = Athena(settings)

    def run(self) -> int:
        self._cloud()
        self._dag("setup", "provision every hop, and prove it with a probe order", "sales_cdc_setup")
        self._dag("generate", "write 500 orders", "sales_cdc_generate", INSERTS)
        self._dag("batch", "wait, crawl, check, curate, reconcile", "sales_cdc_batch")
        before = [self.athena.query(sql) for sql in SELECTS]
        snapshot = self.athena.query(SNAPSHOT).rows[0][0]
        self._dag("generate", "change 300 orders and delete 100", "sales_cdc_generate", CHANGES)
        self._dag("batch", "all of that again", "sales_cdc_batch")
        after = [self.athena.query(sql) for sql in SELECTS]
        report = self._measure(before, after)
        screen = Screen(console, report)
        screen.selects(SELECTS, before, after)
        screen.life(*self._life())
        screen.time_travel(*[self.athena.query(STANDING.format(version=v)) for v in (VERSION.format(snapshot), "")])
        screen.insights(self._insights())
        screen.ledger(Path(os.path.relpath(REPORT)))
        _save_picture()
        return 0 if screen.exact else 1

    def _cloud(self) -> None:
        self._step("cloud", "start the local cloud", _start_cloud)
        database = Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"
        if not database.exists():
            self._airflow("airflow-db", "make Airflow's database", ["db", "migrate"])

    def _dag(self, name: str, title: str, dag_id: str, conf: dict[str, int] | None = None) -> None:
        options = ["-c", json.dumps(conf)] if conf else []
        self._airflow(name, f"{dag_id}: {title}", ["dags", "test", dag_id, *options])

    def _airflow(self, name: str, title: str, arguments: list[str]) -> None:
        self._step(name, title, partial(self.airflow.run, arguments))

    def _step(self, name: str, title: str, work: Callable[[Path], int]) -> None:
        """Do the work, which writes to the log that it is given and returns an exit code."""
        LOGS.mkdir(parents=True, exist_ok=True)
        path = LOGS / f"demo-{name}.log"
        began = time.monotonic()
        with console.status(f"{title} …"):
            code = work(path)
        took = time.monotonic() - began
        self.seconds[name] = self.seconds.get(name, 0.0) + took
        if code:
            raise StepFailedError(f"{title}: exit code {code}.\n{_last_lines(path)}\nThe whole log: {path}")
        console.print(f"[green]✓[/] {title} [dim]{took:.1f} s[/]")

    def _measure(self, before: list[Rows], after: list[Rows]) -> dict[str, Any]:
        """The report, every number from the ledger, the bucket or Athena."""
        os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"  # its lines are not the demo's
        from airflow.providers.amazon.aws.hooks.sts import StsHook
        from sales_cdc.aws.landing_zone import LandingZoneHook
        from sales_cdc.batch.change_matching import compare

        connection = self.settings.aws_conn_id
        self.bucket = Topology(self.settings, StsHook(aws_conn_id=connection).get_account_number()).bucket.name
        lake = LandingZoneHook(bucket=self.bucket, aws_conn_id=connection)
        runs = {run: s for run, s in lake.runs().items() if datetime.fromisoformat(s["started_at"]) >= self.began_at}
        changes = [change for run, summary in runs.items() for change in lake.written(run, summary["started_at"])]
        written = Counter(change.event_type for change in changes)
        delivery = compare(changes, lake.arrivals(self.began_at))
        self.seconds["deliver"] = delivery.summary()["lag_seconds"]["max"] or 0.0
        self.seconds["total"] = time.time() - self.began_at.timestamp() + self.seconds["install"]
        report = {
            "written": {kind: written[kind] for kind in EVENT_TYPES},
            "delivered": {kind: delivery.delivered[kind] for kind in EVENT_TYPES},
            "failed": lake.failed_records(self.began_at),
            "lost": len(delivery.missing),
            "duplicates_in_raw": int(self.athena.query(DUPLICATES.format(table="raw_orders")).rows[0][0] or 0),
            "duplicates_in_curated": int(self.athena.query(DUPLICATES.format(table="orders_changes")).rows[0][0] or 0),
            "lag_seconds": delivery.summary()["lag_seconds"],
            "queries": [
                {"sql": sql, "before": b.as_dicts(), "after": a.as_dicts()}
                for sql, b, a in zip(SELECTS, before, after, strict=True)
            ],
            "seconds": {
                name: round(self.seconds[name], 2)
                for name in ("install", "setup", "generate", "deliver", "batch", "total")
            },
        }
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(report, indent=2) + "\n")
        return report

    def _life(self) -> tuple[str, Rows, Rows]:
        """An order that was inserted, changed and deleted: its key, its versions, and when it was deleted."""
        (order_id,) = self.athena.query(DELETED).rows[0]
        where = f"FROM {{}} WHERE orderid = '{order_id}'"
        versions = self.athena.query(
            "SELECT event_type, product_name, quantity, price, order_status, valid_from, valid_to, is_current "
            f"{where.format('orders_history')} ORDER BY sequence_number"
        )
        removal = f"SELECT creation_time {where.format('orders_changes')} AND event_type = 'REMOVE'"
        return str(order_id), versions, self.athena.query(removal)

    def _insights(self) -> list[dict[str, Any]]:
        """What the last batch's report says, from its object in the bucket."""
        s3 = boto3.client("s3", region_name=self.settings.region, endpoint_url=self.settings.local_endpoint)
        listed = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="ledger/batch/")
        reports = [each for page in listed for each in page["Contents"] if each["Key"].endswith("/report.json")]
        latest = max(reports, key=lambda each: each["LastModified"])["Key"]
        insights: list[dict[str, Any]] = json.load(s3.get_object(Bucket=self.bucket, Key=latest)["Body"])["insights"]
        return insights


def _start_cloud(log: Path) -> int:
    command = [sys.executable, "-m", "local_cloud", "start"]
    with log.open("w") as output:
        return subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode


def _save_picture() -> None:
    """What was printed, as a picture that asks nobody for fonts."""
    picture = console.export_svg(title="make demo", clear=False)
    PICTURE.write_text(re.sub(r"@font-face\s*\{[^}]*\}", "", picture))


def _last_lines(path: Path, lines: int = 12) -> str:
    """The end of a log, less the frames of tracebacks: the reason stands there."""
    kept = [
        line for line in path.read_text(errors="replace").splitlines() if line.strip() and not line.startswith("  ")
    ]
    return "\n".join(kept[-lines:])


if __name__ == "__main__":
    sys.exit(main())

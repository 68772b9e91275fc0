"""``make drill``: see that nothing is lost, doubled or resurrected, with Airflow itself killed three times on the way.

Runs the DAG sales_cdc_drill on the local cloud and kills the command half-way through its writes and its redrive; each time it is
started again under the same name. Then the oracle, which shares no code with the project, reads DynamoDB and Athena.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.settings import Settings, SettingsError

LOCAL = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local"))
LOGS = LOCAL / "logs"
CHANGES = int(os.environ.get("DRILL_CHANGES") or 200_000)
VALUES = ("product_name", "quantity", "price", "order_status", "customer")
LOOK_SECONDS = 0.2
RUNNING = {"QUEUED", "RUNNING"}
console = Console(highlight=False)


@dataclass(frozen=True)
class Kill:
    """Where the command is killed: ``delay_seconds`` after its log first shows ``sign``, unless it ends before."""

    what: str
    sign: str
    delay_seconds: float = 0.0


KILLS = (
    Kill("while it inserted orders", r"INSERT: [1-9][\d,]* of", 0.5),
    Kill("while it changed orders", r"MODIFY: [1-9][\d,]* of", 0.5),
    Kill("while it redrove what had failed", r"starting task_id=redrive_errors", 2.0),
)


class DrillStoppedError(Exception):
    """A step failed; the message shows the end of its log."""


def main() -> int:
    try:
        return Drill(Settings.from_environment()).run()
    except (DrillStoppedError, SettingsError) as error:
        console.print(f"\n[bold red]The drill stopped.[/] {error}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted. The local cloud is still running; stop it with: make down")
        return 130


class Drill:
    """One drill at the terminal."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = f"drill-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        self.began = time.monotonic()

    def run(self) -> int:
        if self.settings.target != "local":
            raise DrillStoppedError(
                "make drill kills what it runs, on the local cloud alone. On AWS, trigger the DAG sales_cdc_drill."
            )
        LOGS.mkdir(parents=True, exist_ok=True)
        self._step("start the local cloud", [sys.executable, "-m", "local_cloud", "start"], "cloud")
        if not (Path(os.environ["AIRFLOW_HOME"]) / "airflow.db").exists():
            self._step("make Airflow's database", ["airflow", "db", "migrate"], "airflow-db")
        self._step("sales_cdc_setup", ["airflow", "dags", "test", "sales_cdc_setup"], "drill-setup")
        conf = json.dumps({"name": self.name, "changes": CHANGES})
        command = ["airflow", "dags", "test", "sales_cdc_drill", "-c", conf]
        console.print(f"sales_cdc_drill: {CHANGES:,} changes under the name {self.name}")
        for number, kill in enumerate(KILLS, start=1):
            self._run_and_kill(command, kill, number)
        code = self._follow(command, LOGS / "drill.log")
        return self._show(code)

    def _run_and_kill(self, command: list[str], kill: Kill, number: int) -> None:
        log = LOGS / f"drill-killed-{number}.log"
        with log.open("w") as output:
            running = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                while running.poll() is None and not re.search(kill.sign, log.read_text(errors="replace")):
                    time.sleep(LOOK_SECONDS)
                time.sleep(kill.delay_seconds)
            finally:
                ended = running.poll() is not None
                if not ended:
                    os.killpg(running.pid, signal.SIGKILL)
                running.wait()
        if ended:
            raise DrillStoppedError(
                f"It ended before it could be killed {kill.what}.\n{_last_lines(log)}\nIts log: {log}"
            )
        console.print(f"[yellow]✗[/] Airflow killed {kill.what} [dim]{self._seconds():.0f} s[/]")

    def _follow(self, command: list[str], log: Path) -> int:
        with log.open("w") as output, console.status("started again, to its end …"):
            code = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
        console.print(
            f"{'[green]✓[/]' if code == 0 else '[red]✗[/]'} started again, to its end [dim]{self._seconds():.0f} s[/]"
        )
        return code

    def _step(self, title: str, command: list[str], log_name: str) -> None:
        log = LOGS / f"{log_name}.log"
        with log.open("w") as output, console.status(f"{title} …"):
            code = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
        if code:
            raise DrillStoppedError(f"{title}: exit code {code}.\n{_last_lines(log)}\nIts log: {log}")
        console.print(f"[green]✓[/] {title} [dim]{self._seconds():.0f} s[/]")

    def _show(self, code: int) -> int:
        oracle = Oracle(self.settings, self.name)
        report = oracle.document(f"ledger/drill/{self.name}/report.json")
        if report is None:
            raise DrillStoppedError(f"There is no verdict.\n{_last_lines(LOGS / 'drill.log')}")
        source, curated = oracle.hashes()
        table = Table(title=f"{report['params']['changes']:,} changes, {report['verdict']}", header_style="bold cyan")
        for name, justify in (("", "left"), ("claim", "left"), ("expected", "right"), ("found", "right")):
            table.add_column(name, justify=justify)  # type: ignore[arg-type]
        own = {"claim": "DynamoDB and Athena, by an oracle of its own", "expected": source, "found": curated}
        for claim in [*report["claims"], {**own, "holds": source == curated}]:
            mark = "[green]✓[/]" if claim["holds"] else "[red]✗[/]"
            table.add_row(mark, claim["claim"], _short(claim["expected"]), _short(claim["found"]))
        console.print(table)
        console.print(_told(report), soft_wrap=True)
        console.print(
            f"The evidence: s3://{oracle.bucket}/ledger/drill/{self.name}/report.md; {self._seconds():.0f} s in all."
        )
        exact = code == 0 and source == curated
        console.print(
            "[bold green]Nothing lost, nothing doubled, nothing resurrected.[/]" if exact else "[bold red]Not exact.[/]"
        )
        return 0 if exact else 1

    def _seconds(self) -> float:
        return time.monotonic() - self.began


class Oracle:
    """Reads the drill's orders from DynamoDB and from Athena, and nothing through the project's code."""

    def __init__(self, settings: Settings, name: str) -> None:
        endpoint_guard.install(settings)
        where = {"region_name": settings.region, "endpoint_url": settings.local_endpoint}
        self._prefix, self._table = settings.prefix, f"{settings.prefix}-orders"
        self._s3, self._dynamodb = boto3.client("s3", **where), boto3.client("dynamodb", **where)
        self._athena = boto3.client("athena", **where)
        account = boto3.client("sts", **where).get_caller_identity()["Account"]
        self.bucket = f"{settings.prefix}-{account}-{settings.region}"
        self._name = name

    def document(self, key: str) -> dict[str, Any] | None:
        try:
            return dict(json.loads(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()))
        except self._s3.exceptions.NoSuchKey:
            return None

    def hashes(self) -> tuple[str, str]:
        """SHA-256 of the drill's live orders as DynamoDB holds them, and as Athena shows them."""
        body = self._s3.get_object(Bucket=self.bucket, Key=f"ledger/generate/{self._name}/written.jsonl")["Body"]
        own = {json.loads(line)["orderID"] for line in body.iter_lines()}
        return _hash(self._items(own)), _hash(row for row in self._shown() if row[0] in own)

    def _shown(self) -> Iterator[list[str]]:
        """The live orders in Athena, from the query's CSV: in pages they take a call a thousand."""
        columns = ", ".join(("orderid", *VALUES))
        asked = {"WorkGroup": self._prefix, "QueryExecutionContext": {"Database": self._prefix.replace("-", "_")}}
        query = self._athena.start_query_execution(
            QueryString=f"SELECT {columns} FROM orders_current WHERE NOT is_deleted", **asked  # noqa: S608 (names of ours)
        )["QueryExecutionId"]  # fmt: skip
        while (run := self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"])["Status"][
            "State"
        ] in RUNNING:
            time.sleep(LOOK_SECONDS)
        if run["Status"]["State"] != "SUCCEEDED":
            raise DrillStoppedError(f"Athena did not answer: {run['Status'].get('StateChangeReason')}")
        bucket, _, key = run["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
        text = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        yield from list(csv.reader(io.StringIO(text)))[1:]

    def _items(self, own: set[str]) -> Iterator[list[str]]:
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True):
            for item in page["Items"]:
                if item["orderid"]["S"] in own:
                    yield [next(iter(item[name].values())) if name in item else "" for name in ("orderid", *VALUES)]


def _hash(rows: Iterable[list[str]]) -> str:
    lines = sorted(json.dumps([*row[:2], str(int(row[2])), f"{Decimal(row[3]):.2f}", *row[4:]]) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _told(report: dict[str, Any]) -> str:
    redriven, struck = report["redrive"] or {}, dict(report["struck"])
    crashes = struck.pop("crashes", 0)
    faults = ", ".join(f"{count:,} {name}" for name, count in struck.items() if count)
    return (
        f"Faults that struck: {faults or 'none'}; workers killed {crashes} times; {report['extras']['copies']:,} late copies and "
        f"{report['extras']['poison']:,} poison records put. Redrive: {redriven.get('found', 0):,} records found under errors/, "
        f"{redriven.get('redelivered', 0):,} delivered, {redriven.get('left', 0):,} refused again with their reason."
    )


def _short(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)[:16]


def _last_lines(path: Path, lines: int = 25) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


if __name__ == "__main__":
    sys.exit(main())

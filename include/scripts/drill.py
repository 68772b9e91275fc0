"""Run a drill whose Airflow is killed three times, and show its verdict: ``make drill``.

The script runs the DAG sales_cdc_drill on the local cloud, kills the command during its inserts, its updates and its redrive, and
starts it again under the same name. Then an oracle without the project's code compares DynamoDB with Athena.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import airflow_database
from command_log import StepFailedError, interrupt_on_sigterm, last_lines, run_logged, step_failed
from drill_oracle import Oracle
from ended_runs import end_runs
from interruption import Interruption
from rich.console import Console
from rich.table import Table
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import refusal_without_orders
from sales_cdc.deployment.settings import Settings, SettingsError

LOCAL = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local"))
LOGS = LOCAL / "logs"
LEAST_CHANGES, MOST_CHANGES, DEFAULT_CHANGES = 10, 1_000_000, 200_000
CHANGES_A_SECOND = 900  # on two quiet cores
SETUP_SECONDS = 90
LOOK_SECONDS = 0.2
NEXT = """Where to look next
  make status                            whether the tables can be trusted, and what is open
  make query SQL="SELECT event_type, count(*) AS changes FROM orders_changes GROUP BY event_type"
  make ui                                the page Sales CDC in Airflow: Trust has the drill's claims
  make down                              stop the local cloud"""
console = Console(highlight=False)


@dataclass(frozen=True)
class Kill:
    """When to kill the command: ``delay_seconds`` after its log first matches the pattern ``sign``."""

    what: str
    sign: str
    delay_seconds: float = 0.0


KILLS = (
    Kill("while it inserted orders", r"INSERT: [1-9][\d,]* of", 0.5),
    Kill("while it changed orders", r"MODIFY: [1-9][\d,]* of", 0.5),
    Kill("while it redrove what had failed", r"starting task_id=redrive_errors", 2.0),
)


def main() -> int:
    interrupt_on_sigterm()
    interruption = Interruption("the drill", "Again, with orders of its own: make drill")
    try:
        return Drill(Settings.from_environment(), changes_wanted(os.environ.get("DRILL_CHANGES"))).run()
    except (StepFailedError, SettingsError) as error:
        console.print(f"\n[bold red]The drill stopped.[/] {error}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print(interruption.end(), markup=False, soft_wrap=True)
        return 130


def changes_wanted(text: str | None) -> int:
    """Return the number of changes in DRILL_CHANGES.

    Raises:
        StepFailedError: it is no whole number that a drill can write.
    """
    if not text:
        return DEFAULT_CHANGES
    if text.isascii() and text.isdigit() and len(text) < 10 and LEAST_CHANGES <= int(text) <= MOST_CHANGES:
        return int(text)
    raise StepFailedError(
        f"DRILL_CHANGES is {text!r}: it has to be a whole number from {LEAST_CHANGES:,} to {MOST_CHANGES:,}, such as 20000."
    )


class Drill:
    """One drill at the terminal."""

    def __init__(self, settings: Settings, changes: int) -> None:
        self.settings = settings
        self.changes = changes
        self.name = f"drill-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        self.began = time.monotonic()

    def run(self) -> int:
        if refusal := refusal_without_orders("The drill writes"):
            raise StepFailedError(refusal)
        if self.settings.target != "local":
            raise StepFailedError(
                "make drill kills its own Airflow and runs on the local cloud only. On AWS, trigger the DAG sales_cdc_drill."
            )
        LOGS.mkdir(parents=True, exist_ok=True)
        self._step("start the local cloud", [sys.executable, "-m", "local_cloud", "start"], "cloud")
        if airflow_database.is_missing():
            with airflow_database.being_made():
                self._step("make Airflow's database", airflow_database.COMMAND, "airflow-db")
        self._step("sales_cdc_setup", ["airflow", "dags", "test", "sales_cdc_setup"], "drill-setup")
        conf = json.dumps({"name": self.name, "changes": self.changes})
        command = ["airflow", "dags", "test", "sales_cdc_drill", "-c", conf]
        minutes = round((SETUP_SECONDS + self.changes / CHANGES_A_SECOND) / 60) or 1
        console.print(
            f"sales_cdc_drill: {self.changes:,} changes under the name {self.name}; about {minutes} minute{'' if minutes == 1 else 's'} "
            "on two quiet cores. Airflow will be killed three times, as planned.",
            soft_wrap=True,
        )
        for number, kill in enumerate(KILLS, start=1):
            self._run_and_kill(command, kill, number)
        code = self._follow(command, LOGS / "drill.log")
        return self._show(code)

    def _run_and_kill(self, command: list[str], kill: Kill, number: int) -> None:
        log, began = LOGS / f"drill-killed-{number}.log", datetime.now(UTC)
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
                end_runs(began)
        if ended:
            raise StepFailedError(
                f"The command ended before it could be killed {kill.what}.\n{last_lines(log)}\nIts log: {log}"
            )
        console.print(f"[green]✓[/] Airflow killed {kill.what}, as planned [dim]{self._seconds():.0f} s[/]")

    def _follow(self, command: list[str], log: Path) -> int:
        with console.status("started again, to its end …"):
            code = run_logged(command, log)
        console.print(
            f"{'[green]✓[/]' if code == 0 else '[red]✗[/]'} started again, to its end [dim]{self._seconds():.0f} s[/]"
        )
        return code

    def _step(self, title: str, command: list[str], log_name: str) -> None:
        log = LOGS / f"{log_name}.log"
        with console.status(f"{title} …"):
            code = run_logged(command, log)
        if code:
            raise step_failed(title, code, log)
        console.print(f"[green]✓[/] {title} [dim]{self._seconds():.0f} s[/]")

    def _show(self, code: int) -> int:
        oracle = Oracle(self.settings, self.name)
        evidence = bucket_keys.folder_of(bucket_keys.DRILL_RUNS, self.name)
        report = oracle.document(f"{evidence}report.json")
        if report is None:
            raise StepFailedError(f"The drill wrote no verdict.\n{last_lines(LOGS / 'drill.log')}")
        source, curated = oracle.hashes()
        own = {"claim": "DynamoDB and Athena, by an independent oracle", "expected": source, "found": curated}
        console.print(_table(report, [*report["claims"], {**own, "holds": source == curated}]))
        console.print(_summary(report), soft_wrap=True)
        console.print(
            f"The evidence: s3://{oracle.bucket}/{evidence}report.md; {self._seconds():.0f} s in all.", soft_wrap=True
        )
        exact = code == 0 and source == curated
        good = "[bold green]Nothing lost, nothing duplicated, nothing resurrected.[/]"
        console.print(good if exact else "[bold red]Not exact.[/]")
        console.print(NEXT, markup=False, soft_wrap=True)
        return 0 if exact else 1

    def _seconds(self) -> float:
        return time.monotonic() - self.began


def _table(report: dict[str, Any], claims: list[dict[str, Any]]) -> Table:
    """Return the claims, each with what was expected and what was found."""
    table = Table(title=f"{report['params']['changes']:,} changes, {report['verdict']}", header_style="bold cyan")
    for name, justify in (("", "left"), ("claim", "left"), ("expected", "right"), ("found", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for claim in claims:
        mark = "[green]✓[/]" if claim["holds"] else "[red]✗[/]"
        table.add_row(mark, claim["claim"], _short(claim["expected"]), _short(claim["found"]))
    return table


def _summary(report: dict[str, Any]) -> str:
    """Return in words which faults struck, and what the redrive did."""
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


if __name__ == "__main__":
    sys.exit(main())

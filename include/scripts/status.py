"""Say whether the tables can be trusted, since when, why, and what to do: ``make status``. It only reads.

The exit code is 1 when they cannot be trusted, or when that cannot be said.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from command_line import guarded_settings, silence_hooks
from rich.console import Console
from sales_cdc.deployment.settings import Settings
from sales_cdc.verdict.evidence import BatchRuns
from sales_cdc.verdict.matters import Matter
from sales_cdc.verdict.reading import read_evidence, unreadable
from sales_cdc.verdict.sources import DeploymentSources
from sales_cdc.verdict.verdict import Verdict, verdict_on
from sales_cdc.verdict.words import moment

COMMANDS = {"sales_cdc_setup": "make setup", "sales_cdc_generate": "make generate", "sales_cdc_batch": "make batch"}
SIGNS = {
    "trustworthy": "[bold green]✓[/]", "outdated": "[bold yellow]![/]", "untrustworthy": "[bold red]✗[/]",
    "unknown": "[bold yellow]?[/]", "empty": "[bold]–[/]", "missing": "[bold]–[/]",
}  # fmt: skip
FAILING = ("untrustworthy", "unknown")


def main() -> int:
    settings = guarded_settings()
    verdict = current(settings)
    show(Console(highlight=False, soft_wrap=True), verdict)
    return 1 if verdict.state in FAILING else 0


def current(settings: Settings) -> Verdict:
    """Return the verdict on the deployment of the settings, and on its DAGs if Airflow's database is here."""
    runs = known_runs()
    try:
        return verdict_on(read_evidence(DeploymentSources(settings), settings, runs))
    except (ClientError, BotoCoreError) as error:
        return verdict_on(unreadable(error, datetime.now(UTC), runs))


def known_runs() -> BatchRuns | None:
    """Return what Airflow's database says of the batch; None when this checkout has not made the database yet."""
    named = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ
    if not named and not (Path(os.environ["AIRFLOW_HOME"]) / "airflow.db").exists():
        return None
    from sales_cdc.page.reads.airflow_runs import batch_runs

    return batch_runs()


def show(console: Console, verdict: Verdict) -> None:
    """Print the verdict, what to do, and every other open matter."""
    console.print(SIGNS[verdict.state], end=" ")
    console.print(verdict.sentence, markup=False, style="bold")
    if verdict.reason:
        console.print(f"  Why: {verdict.reason}", markup=False)
    if verdict.remedy:
        console.print(f"  What to do: {verdict.remedy}{command_of(verdict.dag)}", markup=False)
    if verdict.compared:
        console.print(f"  {verdict.compared}", markup=False)
    shown = [matter for matter in verdict.matters if matter.title.lower() not in verdict.sentence.lower()]
    for matter in shown:
        console.print(f"  Also: {_told(matter)}", markup=False)


def _told(matter: Matter) -> str:
    if matter.acknowledged:
        return f"{matter.title} (acknowledged by {matter.acknowledged.by} at {moment(matter.acknowledged.at)})"
    return f"{matter.title}. {matter.remedy}{command_of(matter.dag)}"


def command_of(dag: str) -> str:
    """Return how the terminal runs a DAG, in parentheses; "" for none."""
    if not dag:
        return ""
    command = COMMANDS.get(dag) or f'make airflow ARGS="dags test {dag}"'
    return f" ({command})"


if __name__ == "__main__":
    silence_hooks()
    sys.exit(main())

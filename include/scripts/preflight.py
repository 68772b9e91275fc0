"""Say before setup what stands in its way, what it would do and what that costs: ``make preflight``. It changes nothing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from command_line import guarded_settings, silence_hooks
from rich.console import Console
from sales_cdc.cost.forecast import monthly_cost
from sales_cdc.deployment.process import include_folder
from sales_cdc.deployment.settings import Settings
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Finding, Level, is_go, verdict
from sales_cdc.provisioning.preflight.run import preflight

STYLES = {Level.OK: "green", Level.STOP: "bold red", Level.HEED: "yellow", Level.UNKNOWN: "yellow"}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make preflight",
        usage='make preflight ARGS="[options]"',
        description="What stands in setup's way, what it would do, and what that costs. Reads only.",
    )
    parser.add_argument(
        "--provisioning", metavar="ARN", help="the user or role of setup and teardown (default: the caller)"
    )
    parser.add_argument(
        "--operating", metavar="ARN", help="the user or role of the other DAGs (default: that of setup)"
    )
    parser.add_argument(
        "--changes", type=int, default=1_000_000, metavar="N", help="a month, for the cost (default: %(default)s)"
    )
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    settings = guarded_settings()
    console = Console(highlight=False, soft_wrap=True)
    principals = {name: arn for name in ("provisioning", "operating") if (arn := getattr(asked, name))}
    with ReadOnlyClients(settings, connection(settings)) as clients:
        found = preflight(clients, include_folder(), principals, lambda finding: show(console, finding))
    show(console, Finding("cost", Level.OK, monthly_cost(settings, asked.changes)))
    for line in verdict(found):
        console.print(line, style="bold", markup=False)
    return 0 if is_go(found) else 1


def connection(settings: Settings) -> str | None:
    """Return the connection, if the environment holds it; a terminal's own credentials serve otherwise."""
    known = f"AIRFLOW_CONN_{settings.aws_conn_id.upper()}" in os.environ
    return settings.aws_conn_id if known else None


def show(console: Console, finding: Finding) -> None:
    console.print(f"{finding.level:<9}", style=STYLES.get(finding.level, "cyan"), end="")
    console.print(f"{finding.topic}: {finding.text}", markup=False)


if __name__ == "__main__":
    silence_hooks()
    sys.exit(main())

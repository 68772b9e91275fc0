"""Insert, update and delete mock orders in the DynamoDB table, from the terminal.

The script writes the same workload in the same way as the DAG sales_cdc_generate, and records it in the same ledger. On the local
cloud it uses the endpoint of the settings, on AWS boto3's own credentials. Ctrl-C ends it after the current writes with a complete
ledger; a second Ctrl-C ends it at once.
"""

from __future__ import annotations

import argparse
import signal
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
    from sales_cdc.aws.errors import CallRefusedError, explained
    from sales_cdc.contract.change_contract import EVENT_TYPES, EventType
    from sales_cdc.cost.confirmation import FREE_DOLLARS, CostNotConfirmedError
    from sales_cdc.deployment import endpoint_guard
    from sales_cdc.deployment.settings import Settings, SettingsError
    from sales_cdc.deployment.topology import Topology
    from sales_cdc.generate.change_writer import StalledError
    from sales_cdc.generate.ledger import RunLedger
    from sales_cdc.generate.run import GenerateRun, require_own_table
    from sales_cdc.generate.transactional_table import CLIENT_CONFIG, OrdersTable
    from sales_cdc.generate.workload import Workload, WorkloadError
except ModuleNotFoundError as error:
    sys.exit(
        f"The module '{error.name}' is missing. Run this by 'make generate-orders ARGS=\"--inserts 500\"', which installs "
        "what it needs, or in the project's environment: "
        "PYTHONPATH=plugins .venv/bin/python include/scripts/dynamodb_mock_data_gen.py"
    )

EXIT_INTERRUPTED = 130
COMMAND = "make generate-orders"
BATCH = 'make airflow ARGS="dags test sales_cdc_batch"'
EXPECTED_ERRORS = (
    SettingsError, WorkloadError, CostNotConfirmedError, CallRefusedError, StalledError, BotoCoreError, ClientError,
)  # fmt: skip
console = Console(stderr=True, highlight=False)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        usage=f'{COMMAND} ARGS="[options]"',
        description=(__doc__ or "").split("\n\n", 1)[0],
        epilog="Without make, in the project's environment: PYTHONPATH=plugins .venv/bin/python include/scripts/dynamodb_mock_data_gen.py",
    )
    parser.add_argument("--inserts", type=_count, default=500, metavar="N", help="new orders (default: %(default)s)")
    parser.add_argument("--updates", type=_count, default=0, metavar="N", help="changes of live orders (default: 0)")
    parser.add_argument("--deletes", type=_count, default=0, metavar="N", help="live orders to delete (default: 0)")
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="same seed, same orders in the table: same changes (default: 1)",
    )
    parser.add_argument(
        "--rate-per-second", type=_rate, metavar="R", help="changes a second (default: as fast as possible)"
    )
    parser.add_argument(
        "--confirm-cost-up-to-dollars", default=FREE_DOLLARS, metavar="D",
        help="write nothing that is forecast to cost more on AWS (default: %(default)s)",
    )  # fmt: skip
    return parser.parse_args(given)


def _count(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if 0 < rate < float("inf"):
        return rate
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    try:
        workload = Workload(asked.seed, asked.inserts, asked.updates, asked.deletes)
        settings = Settings.from_environment()
        endpoint_guard.install(settings)
        return generate(settings, workload, asked.rate_per_second, asked.confirm_cost_up_to_dollars)
    except EXPECTED_ERRORS as error:
        console.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print(
            "Stopped at once: the ledger may lack the last writes. Nothing has to be undone: the pipeline carries every change that "
            f"reached the table, and no batch waits for this run. To see it in Athena: {BATCH}",
            style="red", markup=False, soft_wrap=True,
        )  # fmt: skip
        return EXIT_INTERRUPTED


def generate(settings: Settings, workload: Workload, rate_per_second: float | None, confirmed_dollars: str) -> int:
    """Plan, write and record one run, and return the exit code."""
    stop = Event()
    run = connect(settings, stop)
    with stopping_on_interrupt(stop):
        run.plan(workload, rate_per_second, confirmed_dollars=confirmed_dollars, region=settings.region)
        try:
            with progress_bars(workload) as progress:
                for event_type in EVENT_TYPES:
                    if not stop.is_set():
                        run.write(event_type, progress)
        except (StalledError, CallRefusedError):
            record_what_was_written(run)
            raise
        summary = run.record(interrupted=stop.is_set())
    if stop.is_set():
        print_next_steps(summary)
        return EXIT_INTERRUPTED
    return 0


def print_next_steps(summary: dict[str, Any]) -> None:
    """Print what an interrupted run has written, and how to write the rest."""
    written, planned = summary["written"], summary["planned"]
    rest = {kind: planned[kind] - written[kind] for kind in EVENT_TYPES}
    text = (
        f"Interrupted: {sum(written.values()):,} of {sum(planned.values()):,} planned changes were written; the ledger names them. "
        f"They are on their way, and the next batch takes them to Athena:\n  {BATCH}"
    )
    if any(rest.values()):
        options = f"--inserts {rest['INSERT']} --updates {rest['MODIFY']} --deletes {rest['REMOVE']}"
        text += f'\nThe rest was not written. A new run, with a plan of its own:\n  {COMMAND} ARGS="{options}"'
    console.print(text, style="yellow", markup=False, soft_wrap=True)


def connect(settings: Settings, stop: Event) -> GenerateRun:
    """Return a run over the table and the ledger in the account of the credentials."""

    def client(service: str, **config: Any) -> Any:
        kwargs = {"endpoint_url": settings.local_endpoint} if settings.local_endpoint else {}
        return boto3.client(service, region_name=settings.region, config=Config(**config), **kwargs)

    with explained("ask AWS STS for", "the account"):
        account = client("sts", connect_timeout=5, retries={"total_max_attempts": 2}).get_caller_identity()["Account"]
    topology = Topology(settings, account)
    require_own_table(topology.table.name, adopted=topology.adopts_table)
    run_id = f"script__{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}-{uuid.uuid4().hex[:6]}"
    ledger = RunLedger(client("s3"), topology.bucket.name, run_id, lambda: datetime.now(UTC).isoformat())
    return GenerateRun(OrdersTable(client("dynamodb", **CLIENT_CONFIG), topology.table.name), ledger, _say, stop)


def record_what_was_written(run: GenerateRun) -> None:
    """Close the ledger after a failure, if the bucket still answers."""
    try:
        run.record(interrupted=True)
    except (CallRefusedError, ClientError) as error:
        console.print(f"The ledger could not be closed: {error}", style="red", markup=False, soft_wrap=True)


@contextmanager
def stopping_on_interrupt(stop: Event) -> Iterator[None]:
    """Let the first Ctrl-C set ``stop``; the next one interrupts as usual."""

    def on_interrupt(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _say("Stopping after the current writes. Press Ctrl-C again to stop at once.")

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress_bars(workload: Workload) -> Iterator[Callable[[EventType, int, int], None]]:
    """Show a progress bar for each event type that has changes."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as bars:
        tasks: dict[EventType, TaskID] = {
            kind: bars.add_task(kind, total=count, start=False, rate="")
            for kind, count in workload.counts.items()
            if count
        }

        def show(event_type: EventType, done: int, total: int) -> None:
            if event_type not in tasks:
                return
            bar = bars.tasks[tasks[event_type]]
            if not bar.started:
                bars.start_task(bar.id)
            bars.update(bar.id, completed=done, total=total, rate=f"{done / max(bar.elapsed or 0, 0.001):,.0f}/s")

        yield show


def _say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())

"""Measure every figure in one run and write all of them to ``benchmarks/RESULTS.md``: ``make bench``.

``make bench ARGS="chain athena"`` measures only those parts and keeps the other rows, each with the day of its own run. The script
starts a local cloud of its own, sets up the pipeline in it, and stops it at the end.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True)
class Figure:
    """One line of the results: what was measured, the bound it is held to (None: only reported), and what it means."""

    name: str
    meaning: str
    at_least: float | None = None
    at_most: float | None = None

    def verdict(self, value: float) -> str:
        if self.at_least is not None:
            return f"{'met' if value >= self.at_least else '**not met**'} (≥ {self.at_least:g})"
        if self.at_most is not None:
            return f"{'met' if value <= self.at_most else '**not met**'} (≤ {self.at_most:g})"
        return ""


FIGURES = (
    Figure("inserts_ratio", "generator's inserts, in times of a loop of one call an item", at_least=8),
    Figure("deletes_ratio", "generator's deletes, in times of the loop", at_least=8),
    Figure("updates_ratio", "generator's updates, in times of the loop (conditional, in transactions)"),
    Figure("mixed_ratio", "generator's mixed workload, in times of the loop", at_least=4),
    Figure("chain_first_20000_changes_per_second", "chain, DynamoDB to S3, writing included: changes a second over the first 20,000", at_least=800),
    Figure("chain_changes_per_second", "the same over all 50,000", at_least=1500),
    Figure("drain_changes_per_second", "the same without the writing: 50,000 that waited in the table's stream", at_least=1500),
    Figure("chain_to_writing_alone", "chain's rate, writing included, as a share of the rate of writing alone"),
    Figure("chain_lost", "changes lost on the way", at_most=0),
    Figure("control_call_p99_seconds", "an STS call during that load, seconds, p99", at_most=0.1),
    Figure("p99_lag_beyond_buffer_interval_seconds", "commit to object at 200 changes/s, p99, beyond the buffer interval", at_most=1),
    Figure("gateway_resident_mb", "the cloud's gateway process after those 50,000 changes, resident MB", at_most=500),
    Figure("services_resident_mb", "the cloud's services process then, resident MB", at_most=500),
    Figure("crawl_2000_objects_seconds", "crawl of 2,000 objects, seconds", at_most=10),
    Figure("crawl_to_plain_read", "the crawl, in times of a plain loop that gets and parses the same objects"),
    Figure("athena_to_duckdb_cold", "Athena's first query over 1,000,000 raw events, in times of DuckDB that is told every column's type", at_most=3),
    Figure("athena_to_duckdb_warm", "the same query again, in times of that", at_most=2),
    Figure("athena_to_duckdb_guessing_cold", "Athena's first query, in times of plain DuckDB, which finds the types itself", at_most=2),
    Figure("reconcile_items_per_second", "reconcile of 60,000 orders, DynamoDB and Athena read included: orders a second", at_least=20_000),
    Figure("reconcile_large_items_per_second", "the same of 200,000 orders", at_least=20_000),
    Figure("reconcile_comparison_items_per_second", "its comparison alone, once both sides are read: orders a second on one core", at_least=20_000),
    Figure("reconcile_to_plain_scan", "the whole reconcile, in times of a boto3 loop that only scans the same table"),
    Figure("curate_day_on_5000000_to_500000", "the Spark job over a day of 50,000 changes on a history of 5,000,000, in times of the same day on 500,000", at_most=1.3),
    Figure("curate_day_on_5000000_seconds", "that run on 5,000,000, seconds without the session's start"),
    Figure("curate_peak_mb", "its memory at most: driver, JVM and Python workers together, MB", at_most=3000),
    Figure("curate_1000000_to_bare_spark", "the Spark job over 1,000,000 changes from nothing, in times of a bare Spark that reads, drops copies and writes", at_most=2),
    Figure("curate_1000000_seconds", "that run, seconds without the session's start"),
    Figure("current_random_read_bytes", "the MERGE of 5,000 changes into 20,000,000 orders with keys at random: bytes read, in times of that into 500,000"),
    Figure("current_random_of_keys", "the same, in times of the columns that it needs (key, position, event)", at_most=1.1),
    Figure("current_random_written_bytes", "bytes written by it, in times of those on 500,000", at_most=1.3),
    Figure("current_random_seconds", "its seconds, in times of those on 500,000"),
    Figure("current_rising_read_bytes", "the same MERGE with keys that rise with time: bytes read, in times of that into 500,000", at_most=2),
    Figure("current_rising_written_bytes", "bytes written by it, in times of those on 500,000 orders", at_most=1.3),
    Figure("current_rising_seconds", "its seconds, in times of those on 500,000 orders", at_most=1.5),
    Figure("history_bytes_ratio", "a day of 5,000 changes on a long history: bytes that Athena scans, in times of the same day on 50,000 changes", at_most=1.2),
    Figure("history_requests_ratio", "its requests to S3, Glue and Athena, in times of those", at_most=1.3),
    Figure("history_seconds_ratio", "seconds of its batch's tasks, without Airflow and reconciliation, in times of those", at_most=1.5),
    Figure("history_processor_ratio", "seconds of processors that these tasks and the local cloud used, in times of those", at_most=1.5),
    Figure("history_memory_ratio", "memory of its job's Java process, in times of that", at_most=1.3),
    Figure("curate_wide_to_narrow", "the Spark job over four orders of 500 attributes each, in times of the same bytes in 20 attributes", at_most=1.5),
    Figure("curate_day_after_wide_to_narrow", "the next day of 50,000 changes after such orders, in times of the same"),
    Figure("insights_scan_to_raw", "bytes that the insight query that reads most scans, as a share of the raw files'", at_most=0.1),
    Figure("page_cold_seconds", "the page's slowest part in a browser, over 1,000,000 changes, nothing cached: seconds", at_most=1.5),
    Figure("page_warm_seconds", "its slowest part when it is opened again, seconds", at_most=1.5),
    Figure("page_search_seconds", "the page's search for a product's orders among them, nothing cached: seconds", at_most=1.5),
    Figure("fresh_p50_seconds", "commit to the view orders, batches that arrivals start, 50 changes/s for 15 minutes: seconds, p50"),
    Figure("fresh_p99_seconds", "the same, p99 (where the time goes: FRESH.md)", at_most=300),
    Figure("fresh_lost", "changes that were not seen in it", at_most=0),
    Figure("transformer_to_type_deserializer", "transformer, in times of one with boto3's TypeDeserializer", at_least=1.2),
    Figure("transformer_share_of_do_nothing", "transformer, as a share of one that does nothing"),
    Figure("sample_1000000_seconds", "make contract on a table of 1,000,000 items, a sample of 1,000: seconds, the command's start included", at_most=30),
    Figure("all_dags_to_one_empty_dag", "parsing all DAGs, in times of one empty DAG (it imports what they import)"),
    Figure("all_dags_seconds", "parsing all DAGs, seconds"),
)  # fmt: skip


def _environment() -> tuple[dict[str, str], int]:
    """Return an environment with a cloud, an Airflow and an endpoint for this run alone."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    endpoint = f"http://127.0.0.1:{port}"
    home = Path(tempfile.mkdtemp(prefix="sales-cdc-bench-"))
    connection = f'{{"conn_type": "aws", "login": "test", "password": "test", "extra": {{"region_name": "us-east-1", "endpoint_url": "{endpoint}"}}}}'
    return {
        "SALES_CDC_LOCAL_PORT": str(port),
        "SALES_CDC_LOCAL_ENDPOINT": endpoint,
        "LOCAL_CLOUD_HOME": str(home),
        "LOCAL_CLOUD_JVM_IDLE_SECONDS": "0",  # each Glue run is measured with a JVM of its own, as on AWS
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW_CONN_AWS_DEFAULT": connection,
    }, port


@contextmanager
def _pipeline(port: int) -> Iterator[str]:
    """Start a local cloud and set up the pipeline in it."""
    cloud = [sys.executable, "-m", "local_cloud"]
    _quietly([*cloud, "start"])
    try:
        _quietly(["airflow", "db", "migrate"])
        _quietly(["airflow", "dags", "test", "sales_cdc_setup"])
        yield f"http://127.0.0.1:{port}"
    finally:
        _quietly([*cloud, "stop"])


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}")


def _measured(asked: list[str], port: int) -> dict[str, float]:
    """Return the figures of the benchmarks that are asked for, or of all."""
    values: dict[str, float] = {}
    for name, measured in ALONE.items():
        if name in (asked or ALONE):
            _measure(name, values, measured)
    within = [name for name in IN_A_PIPELINE if name in (asked or IN_A_PIPELINE)]
    if within:
        with _pipeline(port) as endpoint:
            for name in within:
                _measure(name, values, partial(IN_A_PIPELINE[name], endpoint))
    return values


def _measure(name: str, values: dict[str, float], measured: Callable[[], dict[str, float]]) -> None:
    print(f"measuring {name} …", flush=True)
    values.update(measured())


def _parsing() -> dict[str, float]:
    from benchmarks import parsing

    return parsing.measure()


def _transformer() -> dict[str, float]:
    from benchmarks import transformer

    return transformer.measure()


def _curate() -> dict[str, float]:
    from benchmarks import curate

    return curate.measure()


def _current() -> dict[str, float]:
    from benchmarks import current

    return current.measure()


def _wide_orders() -> dict[str, float]:
    from benchmarks import wide_orders

    return wide_orders.measure()


def _generator(endpoint: str) -> dict[str, float]:
    from benchmarks import generator

    return generator.measure(endpoint)


def _chain() -> dict[str, float]:
    from benchmarks import chain

    return chain.measure()


def _module(name: str) -> Callable[[str], dict[str, float]]:
    """Return the module's ``measure``, imported when it is called: it may need an environment that is made for it."""
    return lambda endpoint: dict(import_module(f"benchmarks.{name}").measure(endpoint))


def _report(values: dict[str, float], before: str) -> str:
    """Return the results; a figure that was not measured in this run keeps its row."""
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines() if line.startswith("| ")}
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    rows |= {
        each.meaning: f"| {each.meaning} | {values[each.name]:,.2f} | {each.verdict(values[each.name])} | {today} |"
        for each in FIGURES
        if each.name in values
    }
    unmeasured = "| {} | not measured yet | | |"
    return "\n".join(
        [
            "# How fast it is",
            "",
            (
                f"Made by `make bench`, {os.cpu_count()} cores, Python {platform.python_version()}. Ratios are of things measured "
                "side by side in the same run; absolute figures are this machine's."
            ),
            "",
            "| what | measured | bound | run of |",
            "| --- | ---: | --- | --- |",
            *(rows.get(each.meaning, unmeasured.format(each.meaning)) for each in FIGURES),
            "",
        ]
    )


ALONE = {"parsing": _parsing, "transformer": _transformer, "curate": _curate, "current": _current, "wide": _wide_orders}
IN_A_PIPELINE: dict[
    str, Callable[[str], dict[str, float]]
] = {  # the chain first, so that the memory is that of its changes
    "chain": lambda _: _chain(),
    "generator": _generator,
    **{name: _module(name) for name in ("history", "crawl", "athena", "reconcile", "page", "sample", "fresh")},
}


def main(asked: list[str]) -> int:
    if unknown := set(asked) - {*ALONE, *IN_A_PIPELINE}:
        print(
            f"No benchmark is named {', '.join(unknown)}. There are {', '.join([*ALONE, *IN_A_PIPELINE])}.",
            file=sys.stderr,
        )
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended
    environment, port = _environment()
    os.environ.update(environment)
    try:
        values = _measured(asked, port)
    finally:
        shutil.rmtree(environment["LOCAL_CLOUD_HOME"], ignore_errors=True)
    report = _report(values, RESULTS.read_text() if RESULTS.exists() else "")
    RESULTS.write_text(report)
    print(f"\n{report}\nWritten to {RESULTS}")
    return int("**not met**" in report)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

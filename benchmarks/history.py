"""Measure the same day of 5,000 changes on histories of one size, ten times and a hundred times that.

Each history is in a deployment of its own (its prefix has the scale), all in one local cloud and one run, with the same times. The past
is written as raw objects and ledgers (``benchmarks/past.py``); the deployed job makes the curated tables of it, and the watermark says
that all is checked. A small day brings everything else into being. Then the day is added to each in turn, and the batch DAG's tasks
run one after another, without Airflow's scheduler. Reconcile is left out, because DynamoDB holds no orders:
``benchmarks/reconcile.py`` measures it. So is the report of a failure, which runs only after one.

Bytes are Athena's own statistics, query by query. Requests are those that the tasks send to S3, Glue and Athena, without the looks at
what they wait for. Memory is that of the job's Java process.

    make bench ARGS=history
    python -m benchmarks.history http://127.0.0.1:4566 1 10        without the largest
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import psutil
from sales_cdc.batch.operators.verify_raw_table import LONGEST_UPLOAD
from sales_cdc.batch.report_document import question_of
from sales_cdc.batch.watermark_ledger import WatermarkHook
from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from benchmarks.past import LINES, Past, parsed_time

ONCE, FIRST_DAY, DAY = 50_000, 500, 5_000
SCALES = (1, 10, 100)
COUNTED = ("s3", "glue", "athena")
LEFT_OUT = ("reconcile", "report_failure")  # the second runs only when something has failed
PATIENCE_SECONDS = 3600
PREPARE, A_DAY = "--prepare", "--day"
QUERIES = Path(__file__).with_name("HISTORY.md")


@dataclass
class Measured:
    """What one batch cost: requests by service, bytes by query, seconds by task, and the job's memory at most.

    ``busy`` are the seconds of processors that tasks and local cloud used meanwhile: other work on the machine does not change them.
    """

    requests: Counter[str] = field(default_factory=Counter)
    scanned: Counter[str] = field(default_factory=Counter)
    tasks: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    job_mb: float = 0

    @property
    def seconds(self) -> float:
        return sum(self.tasks.values())


class History:
    """One deployment with its past."""

    def __init__(self, endpoint: str, scale: int, now: datetime) -> None:
        place = {"endpoint_url": endpoint, "region_name": "us-east-1"}
        self.s3, self.athena, self.glue = (boto3.client(name, **place) for name in ("s3", "athena", "glue"))
        account = boto3.client("sts", **place).get_caller_identity()["Account"]
        self.topology = Topology(Settings.from_environment(), account)
        self.past = Past(self.s3, self.topology.bucket.name, self.topology.delivery.name, now, ONCE * scale)
        self.ledger = WatermarkHook(bucket=self.topology.bucket.name)
        self.taken = 0

    def prepare(self) -> None:
        """Make the deployment, its past, and a small day that brings everything else into being."""
        from tests.integration.dag_runs import DagRun

        DagRun("sales_cdc_setup.py").run()
        for written in self.past.parts():
            self._curate(written)
        self._let_time_pass()
        self.past.add_day(FIRST_DAY, self.past.now - timedelta(days=1))
        self._batch()
        self._let_time_pass()

    def day(self) -> Measured:
        """Return what the day costs on top of the past that was prepared."""
        self.past.changes += FIRST_DAY
        self.past.add_day(DAY, self.past.now)
        return self._batch()

    def _curate(self, written: int) -> None:
        """Have the job take the past as far as it is written, and say that a gate has passed it; maintain the tables at last, as on Sundays."""
        key = f"{bucket_keys.CURATE_RUNS}past-{written}.json"
        note = self.ledger.document(bucket_keys.WATERMARK)
        is_last = str(written == self.past.changes).lower()
        arguments = {"--ledger_key": key, "--watermark": json.dumps(note), "--maintain": is_last}
        started = self.glue.start_job_run(JobName=self.topology.job.name, Arguments=arguments)
        place = {"JobName": self.topology.job.name, "RunId": started["JobRunId"]}
        while (run := self.glue.get_job_run(**place)["JobRun"])["JobRunState"] in {"WAITING", "STARTING", "RUNNING"}:
            time.sleep(1)
        if run["JobRunState"] != "SUCCEEDED":
            raise RuntimeError(f"The job ended {run['JobRunState']}: {run.get('ErrorMessage')}")
        counts = self.ledger.document(key) or {}
        self.taken += counts["changes"]
        if self.taken != written:
            raise RuntimeError(f"The job took {self.taken:,} changes of {written:,}.")
        self.ledger.move(counts["watermark"], "past")
        self.ledger.close([note.key for note in self.ledger.notes()])

    def _let_time_pass(self) -> None:
        """Have the objects of the past count as stored long ago, although they were stored within minutes."""
        watermark = self.ledger.document(bucket_keys.WATERMARK) or {}
        later = datetime.fromisoformat(watermark["stored_at"]) + LONGEST_UPLOAD + timedelta(seconds=1)
        self.ledger.move(watermark | {"stored_at": later.isoformat()}, watermark["run_id"])

    def _batch(self) -> Measured:
        """Run the tasks of the batch."""
        from tests.integration import dag_runs
        from tests.request_counts import counted_requests

        dag_runs.POKES_SECONDS = PATIENCE_SECONDS
        before = set(self._queries())
        run, measured = dag_runs.DagRun("sales_cdc_batch.py"), Measured()
        with counted_requests(COUNTED) as measured.requests, Watched() as watched:
            for task in run.dag.topological_sort():
                if task.task_id not in LEFT_OUT:
                    began, used = time.perf_counter(), watched.processor_seconds()
                    run.run_only(task.task_id)
                    measured.tasks[task.task_id] = time.perf_counter() - began
                    measured.busy[task.task_id] = watched.processor_seconds() - used
        measured.job_mb = watched.java_peak / 2**20
        for query in set(self._queries()) - before:
            found = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            measured.scanned[question_of(found["Query"])] += found["Statistics"].get("DataScannedInBytes", 0)
        return measured

    def _queries(self) -> Iterator[str]:
        pages = self.athena.get_paginator("list_query_executions").paginate(WorkGroup=self.topology.workgroup.name)
        return (query for page in pages for query in page["QueryExecutionIds"])


class Watched:
    """The processes of this run and of the local cloud, looked at twice a second: processor seconds used, and Java's memory at most.

    A process that has ended keeps the seconds that it had at the last look, so the sum never falls.
    """

    def __init__(self) -> None:
        self.java_peak = 0.0
        self._used: dict[psutil.Process, float] = {}
        self._ended, self._looking = threading.Event(), threading.Lock()
        self._roots = (psutil.Process(), local_cloud())

    def __enter__(self) -> Watched:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def processor_seconds(self) -> float:
        with self._looking:
            for each in (one for root in self._roots for one in (root, *root.children(recursive=True))):
                with suppress(psutil.NoSuchProcess):
                    self._used[each] = sum(each.cpu_times()[:2])  # its own, without its children's
                    if each.name() == "java":
                        self.java_peak = max(self.java_peak, each.memory_info().rss)
            return sum(self._used.values())

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            self.processor_seconds()


def local_cloud() -> psutil.Process:
    return psutil.Process(json.loads((Path(os.environ["LOCAL_CLOUD_HOME"]) / "cloud.json").read_text())["pid"])


def measure(endpoint: str, scales: tuple[int, ...] = SCALES) -> dict[str, float]:
    """Return ratios of the largest history to the smallest: bytes, requests, seconds, and memory.

    All histories are made before the first day is measured, so that the days follow each other within minutes.
    """
    now, days = datetime.now(UTC), {}
    for scale in scales:
        _in_a_process(endpoint, PREPARE, scale, now)
        print(f"  {scale}x: its past is written", flush=True)
    for scale in scales:
        found = json.loads(_in_a_process(endpoint, A_DAY, scale, now).splitlines()[-1])
        days[scale] = Measured(
            Counter(found["requests"]), Counter(found["scanned"]), found["tasks"], found["busy"], found["job_mb"]
        )
        one = days[scale]
        print(f"  {scale}x: {one.scanned.total():,} bytes, {one.requests.total()} requests, {one.seconds:.1f} s, {one.job_mb:.0f} MB", flush=True)  # fmt: skip
    QUERIES.write_text(as_table(days))
    first, last = days[scales[0]], days[scales[-1]]
    return {
        "history_bytes_ratio": last.scanned.total() / first.scanned.total(),
        "history_requests_ratio": last.requests.total() / first.requests.total(),
        "history_seconds_ratio": last.seconds / first.seconds,
        "history_processor_ratio": sum(last.busy.values()) / sum(first.busy.values()),
        "history_memory_ratio": last.job_mb / first.job_mb,
    }


def _in_a_process(endpoint: str, step: str, scale: int, now: datetime) -> str:
    """Take a step of one history in a process of its own: the deployment's names come from its environment."""
    command = [sys.executable, "-m", "benchmarks.history", endpoint, step, str(scale), now.isoformat()]
    prefix = {"SALES_CDC_PREFIX": f"history-{scale}x"}
    done = subprocess.run(command, env={**os.environ, **prefix}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


def as_table(days: dict[int, Measured]) -> str:
    """Return bytes by query, requests by service, and seconds by task, with a column for each history."""
    columns = list(days.values())
    rows: list[tuple[str, list[str]]] = [
        ("**bytes that Athena scans**", [f"{one.scanned.total():,}" for one in columns])
    ]
    questions = sorted({question for one in columns for question in one.scanned})
    rows += [(question, [f"{one.scanned[question]:,}" for one in columns]) for question in questions]
    rows.append(("**requests**", [f"{one.requests.total():,}" for one in columns]))
    rows += [(f"to {service}", [f"{one.requests[service]:,}" for one in columns]) for service in COUNTED]
    rows.append(("**seconds**", [f"{one.seconds:.1f}" for one in columns]))
    rows += [(f"`{task}`", [f"{one.tasks.get(task, 0):.1f}" for one in columns]) for task in columns[0].tasks]
    rows.append(("**seconds of processors**", [f"{sum(one.busy.values()):.1f}" for one in columns]))
    rows += [(f"`{task}`", [f"{one.busy.get(task, 0):.1f}" for one in columns]) for task in columns[0].busy]
    rows.append(("**the job's Java process, MB**", [f"{one.job_mb:.0f}" for one in columns]))
    return "\n".join(
        [
            f"# A day of {DAY:,} changes on growing histories",
            "",
            (
                f"Made by `make bench ARGS=history` on {datetime.now(UTC):%Y-%m-%d}, all in one run. 1x is a history of {ONCE:,} changes in "
                f"{ONCE // LINES:,} raw objects. Requests are those of the tasks; looks at what a task waits for are not counted."
            ),
            "",
            "| what | " + " | ".join(f"{scale}x" for scale in days) + " |",
            "| --- |" + " ---: |" * len(days),
            *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows),
            "",
        ]
    )


def main(arguments: list[str]) -> None:
    if {PREPARE, A_DAY} & set(arguments):
        endpoint, step, scale, now = arguments
        history = History(endpoint, int(scale), parsed_time(now))
        if step == PREPARE:
            history.prepare()
        else:
            print(json.dumps(vars(history.day())))
        return
    for figure, value in measure(arguments[0], tuple(map(int, arguments[1:])) or SCALES).items():
        print(f"{figure}: {value:,.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])

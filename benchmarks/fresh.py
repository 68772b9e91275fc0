"""Measure how soon a change is in the view ``orders`` when arrivals start the batches, at a steady rate.

Airflow runs with all of its processes, as in ``make ui``. A writer commits 50 changes a second for 15 minutes: three of five are new
orders, the others change one of a hundred orders again and again. Each change has a number of its own as its quantity. Afterwards the
snapshots of ``orders_current`` say which commit of the job showed a change, the raw objects when it was in S3, and Airflow's REST API
what the runs did meanwhile.

    make bench ARGS=fresh
"""

from __future__ import annotations

import bisect
import csv
import io
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from sales_cdc.aws.athena import Athena
from sales_cdc.batch.iceberg import IcebergTableHook, Snapshot
from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from benchmarks.freshness import TASKS_BEFORE, BatchTimes, figures, page, stages_of
from benchmarks.live_airflow import AirflowApi, live_airflow

RESULTS = Path(__file__).with_name("FRESH.md")
PER_SECOND = 50
MINUTES = 15
BATCH = 25
AGAIN_EVERY = 250
NAME = "fresh"
DAG = "sales_cdc_batch"
PATIENCE_SECONDS = 900


def order_of(number: int) -> str:
    """Return the order that a change with this number concerns: an old one for two of five.

    >>> order_of(3), order_of(253), order_of(252)
    ('fresh-3', 'fresh-3', 'fresh-252')
    """
    return f"{NAME}-{number % AGAIN_EVERY if number % 5 > 2 else number}"


class Writer:
    """Writes changes at the steady rate in a thread; ``committed`` holds when each was, by its number."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb, self._table = dynamodb, table
        self.committed: list[float] = []
        self._thread = threading.Thread(target=self._write, daemon=True)
        self.trouble: Exception | None = None

    def run(self) -> None:
        self._thread.start()
        while self._thread.is_alive():
            self._thread.join(60)
            print(f"  {len(self.committed):,} changes written", flush=True)
        if self.trouble:
            raise self.trouble

    def _write(self) -> None:
        began = time.monotonic()
        try:
            for first in range(0, PER_SECOND * 60 * MINUTES, BATCH):
                time.sleep(max(0.0, began + first / PER_SECOND - time.monotonic()))
                puts = [{"PutRequest": {"Item": _item(number)}} for number in range(first, first + BATCH)]
                left = self._dynamodb.batch_write_item(RequestItems={self._table: puts})["UnprocessedItems"]
                if left:
                    raise RuntimeError(
                        f"the table left {len(left[self._table])} changes unwritten at {PER_SECOND} a second"
                    )
                self.committed += [time.time()] * BATCH
        except Exception as error:
            self.trouble = error


def _item(number: int) -> dict[str, Any]:
    values = {"product_name": {"S": "laptop"}, "quantity": {"N": str(number)}, "price": {"N": "999.90"}}
    return {"orderid": {"S": order_of(number)}, **values}


class Deployment:
    """The bucket and the tables of the pipeline that was set up."""

    def __init__(self, endpoint: str) -> None:
        settings = Settings.from_environment()
        place = {"endpoint_url": endpoint, "region_name": settings.region}
        self.clients = {name: boto3.client(name, **place) for name in ("dynamodb", "s3", "athena", "sts")}
        self.topology = Topology(settings, self.clients["sts"].get_caller_identity()["Account"])
        self._iceberg = IcebergTableHook(aws_conn_id=settings.aws_conn_id, region_name=settings.region)
        workgroup, self._database = self.topology.workgroup.name, self.topology.database.name
        self._athena = Athena(self.clients["athena"], workgroup=workgroup, database=self._database)

    def put(self, order_id: str) -> None:
        self.clients["dynamodb"].put_item(
            TableName=self.topology.table.name, Item={**_item(1), "orderid": {"S": order_id}}
        )

    def has_objects(self) -> bool:
        listed = self.clients["s3"].list_objects_v2(Bucket=self.topology.bucket.name, Prefix=bucket_keys.RAW_PREFIX)
        return bool(listed["KeyCount"])

    def snapshots(self) -> list[Snapshot]:
        return self._iceberg.snapshots(self._database, "orders_current")

    def shown(self, snapshot: Snapshot | None = None) -> dict[str, int]:
        """Return the number of the last change of each order, in a snapshot or as the view shows it now."""
        table = f"orders_current FOR VERSION AS OF {snapshot.snapshot_id}" if snapshot else "orders"
        asked = self._athena.run(f"SELECT orderid, quantity FROM {table} WHERE orderid LIKE '{NAME}-%'")  # noqa: S608 (ours)
        bucket, _, key = asked.output.removeprefix("s3://").partition("/")
        return {row["orderid"]: int(row["quantity"]) for row in csv.DictReader(io.StringIO(self._text(bucket, key)))}

    def stored(self) -> dict[int, float]:
        """Return when each change was in S3, by its number."""
        pages = self.clients["s3"].get_paginator("list_objects_v2")
        bucket = self.topology.bucket.name
        listed = [
            each
            for page in pages.paginate(Bucket=bucket, Prefix=bucket_keys.RAW_PREFIX)
            for each in page.get("Contents", [])
        ]
        with ThreadPoolExecutor(4) as pool:
            texts = pool.map(lambda each: self._text(bucket, each["Key"]), listed)
            return dict(_numbered(zip(listed, texts, strict=True)))

    def _text(self, bucket: str, key: str) -> str:
        body: bytes = self.clients["s3"].get_object(Bucket=bucket, Key=key)["Body"].read()
        return body.decode()


def _numbered(objects: Iterable[tuple[dict[str, Any], str]]) -> Iterable[tuple[int, float]]:
    for entry, text in objects:
        for line in map(json.loads, text.splitlines()):
            if str(line.get("orderID", "")).startswith(f"{NAME}-"):
                yield int(line["quantity"]), entry["LastModified"].timestamp()


def measure(endpoint: str) -> dict[str, float]:
    """Return how late changes are, and how many never came; write ``FRESH.md``."""
    deployment = Deployment(endpoint)
    with live_airflow() as airflow:
        deployment.put("warm-up")
        _wait("the first object", deployment.has_objects)
        airflow.unpause(DAG)
        _wait("the first batch", lambda: any(run["state"] == "success" for run in airflow.runs(DAG)))
        writer = Writer(deployment.clients["dynamodb"], deployment.topology.table.name)
        writer.run()
        last = {order_of(number): number for number in range(len(writer.committed))}
        _wait("the last change", lambda: deployment.shown() == last)
        _wait("the end of the batches", lambda: all(run["state"] in ("success", "failed") for run in airflow.runs(DAG)))
        batches, after = _batches(airflow, deployment.snapshots())
    stages = _stages(writer.committed, deployment.stored(), deployment, batches)
    late = figures(map(sum, stages))
    RESULTS.write_text(page(f"{datetime.now(UTC):%Y-%m-%d}", PER_SECOND, MINUTES, stages, batches, after))
    return {
        "fresh_p50_seconds": late["p50"],
        "fresh_p99_seconds": late["p99"],
        "fresh_lost": float(len(writer.committed) - len(stages)),
    }


def _wait(what: str, is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come within {PATIENCE_SECONDS} s")
        time.sleep(5)


def _batches(airflow: AirflowApi, snapshots: list[Snapshot]) -> tuple[list[BatchTimes], dict[str, float]]:
    """Return the runs that committed something, in their order, and the mean seconds of each task after the job's start."""
    found: list[BatchTimes] = []
    seconds: dict[str, list[float]] = {}
    before: datetime | None = None
    for run in airflow.runs(DAG):
        if run["state"] != "success":
            why = airflow.failures(DAG, run["dag_run_id"])
            raise RuntimeError(f"the run {run['dag_run_id']} ended {run['state']}:\n{why}")
        started, ended = _time(run["start_date"]), _time(run["end_date"])
        tasks = {each["task_id"]: each for each in airflow.tasks(DAG, run["dag_run_id"]) if each["end_date"]}
        commits = [each.committed_at for each in snapshots if started <= each.committed_at <= ended]
        if commits and before:
            ends = {task: _time(tasks[task]["end_date"]) for task in TASKS_BEFORE}
            found.append(BatchTimes(run["dag_run_id"], before, started, ends, commits[-1], ended))
            for task in sorted(tasks.keys() - set(TASKS_BEFORE), key=lambda name: str(tasks[name]["end_date"])):
                seconds.setdefault(task, []).append(float(tasks[task]["duration"] or 0))
        before = ended
    return found, {task: statistics.fmean(each) for task, each in seconds.items()}


def _stages(
    committed: list[float], stored: dict[int, float], deployment: Deployment, batches: list[BatchTimes]
) -> list[list[float]]:
    """Return the seconds in each stage, of every change that a batch showed."""
    snapshots = {each.committed_at: each for each in deployment.snapshots()}
    shown = [deployment.shown(snapshots[batch.committed_at]) for batch in batches]
    stages = []
    for number, at in enumerate(committed):
        order = order_of(number)
        place = bisect.bisect_left(shown, number, key=lambda state, order=order: state.get(order, -1))
        if place < len(batches) and number in stored:
            stages.append(stages_of(at, stored[number], batches[place]))
    return stages


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def main() -> None:
    for name, value in measure(sys.argv[1]).items():
        print(f"{name}: {value:,.2f}")


if __name__ == "__main__":
    main()

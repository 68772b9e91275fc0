"""Measure the chain from DynamoDB to S3: how many changes a second it moves, and how late they arrive.

* ``sustained``: the clock starts with the first write and stops when the last change is an object in S3, so writing is
  counted; reading the objects back and ten STS calls a second run beside it and are part of the load.
* ``drained``: the pipe is stopped while the changes are written, which is not counted; the clock runs from its start
  until the last change is an object in S3.
* ``paced``: a steady rate far below the limit; lateness is the time from a write's answer to its object in S3, shown
  beside Firehose's buffer interval.

    python -m benchmarks.chain [changes]
"""

from __future__ import annotations

import gzip
import multiprocessing
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from typing import Any

import boto3
from sales_cdc.batch.change_matching import quantile
from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from benchmarks import memory

CHANGES = 50_000
FIRST_CHANGES = 20_000
PACED_SECONDS = 15
PACED_PER_SECOND = 200
BATCH = 25
WRITERS = 4
PATIENCE_SECONDS = 120


class Chain:
    """A pipeline that was set up at the settings' endpoint."""

    def __init__(self, settings: Settings) -> None:
        self._clients = {
            name: boto3.client(name, endpoint_url=settings.local_endpoint, region_name=settings.region)
            for name in ("dynamodb", "pipes", "s3", "sts")
        }
        topology = Topology(settings, self._clients["sts"].get_caller_identity()["Account"])
        self._table, self._bucket, self._pipe = topology.table.name, topology.bucket.name, topology.pipe.name
        self._settings = settings

    def sustained(self, changes: int = CHANGES) -> dict[str, float]:
        """Write ``changes`` orders as fast as possible, and wait for them; also report the first of them."""
        first = min(FIRST_CHANGES, changes)
        arrivals = self._arrivals()
        began = time.perf_counter()
        with ControlCalls(self._settings) as control, ThreadPoolExecutor(1) as beside:
            beside.submit(self._write_all, arrivals.marker, changes)
            arrivals.wait_for(first)
            first_seconds = time.perf_counter() - began
            found = arrivals.wait_for(changes)
            took_seconds = time.perf_counter() - began
        return {
            "chain_first_20000_changes_per_second": first / first_seconds,
            "chain_changes_per_second": len(found) / took_seconds,
            "chain_lost": float(changes - len(found)),
            "control_call_p99_seconds": quantile(sorted(control.seconds), 0.99) or 0.0,
        }

    def drained(self, changes: int = CHANGES) -> dict[str, float]:
        """Measure the chain without its writers, from the pipe's start until the table's stream is in S3."""
        arrivals = self._arrivals()
        with self._stopped_pipe():
            wrote_seconds = self._write_all(arrivals.marker, changes)
            began = time.perf_counter()
        found = arrivals.wait_for(changes)
        return {
            "drain_changes_per_second": len(found) / (time.perf_counter() - began),
            "writing_alone_changes_per_second": changes / wrote_seconds,
        }

    def paced(self) -> dict[str, float]:
        """Write at a steady rate, and measure from each commit to its object in S3, beyond the buffer interval."""
        arrivals = self._arrivals()
        committed: dict[str, float] = {}
        began = time.perf_counter()
        for at in range(0, PACED_SECONDS * PACED_PER_SECOND, BATCH):
            time.sleep(max(0.0, began + at / PACED_PER_SECOND - time.perf_counter()))
            for order_id in self._write(arrivals.marker, at):
                committed[order_id] = time.time()
        found = arrivals.wait_for(len(committed))
        lags = sorted(found[order_id] - at for order_id, at in committed.items() if order_id in found)
        return {
            "p99_lag_seconds_at_200_per_second": quantile(lags, 0.99) or 0.0,
            "median_lag_seconds_at_200_per_second": statistics.median(lags),
            "p99_lag_beyond_buffer_interval_seconds": (quantile(lags, 0.99) or 0.0)
            - self._settings.firehose_interval_seconds,
        }

    def _arrivals(self) -> Arrivals:
        return Arrivals(self._clients["s3"], self._bucket)

    def _write_all(self, marker: str, changes: int) -> float:
        """Write ``changes`` orders from several threads, and return the seconds that it took."""
        began = time.perf_counter()
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda at: self._write(marker, at), range(0, changes, BATCH)))
        return time.perf_counter() - began

    def _write(self, marker: str, start: int) -> list[str]:
        ids = [f"bench-{marker}-{start + at:08d}" for at in range(BATCH)]
        puts = [{"PutRequest": {"Item": _order(order_id)}} for order_id in ids]
        answer = self._clients["dynamodb"].batch_write_item(RequestItems={self._table: puts})
        if answer.get("UnprocessedItems"):
            raise RuntimeError("the local cloud throttled the benchmark: switch its faults off")
        return ids

    @contextmanager
    def _stopped_pipe(self) -> Iterator[None]:
        """Stop the pipe, and start it again at the end."""
        pipes = self._clients["pipes"]
        pipes.stop_pipe(Name=self._pipe)
        try:
            deadline = time.perf_counter() + PATIENCE_SECONDS
            while pipes.describe_pipe(Name=self._pipe)["CurrentState"] != "STOPPED":
                if time.perf_counter() > deadline:
                    raise RuntimeError(f"pipe {self._pipe} did not stop within {PATIENCE_SECONDS} s")
                time.sleep(0.05)
            yield
        finally:
            pipes.start_pipe(Name=self._pipe)


class Arrivals:
    """Reads the raw zone while it grows, for the orders that carry the ``marker``."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self.marker = uuid.uuid4().hex[:8]
        self._s3, self._bucket = s3, bucket
        self._read = {entry["Key"] for entry in self._entries()}
        self._found: dict[str, float] = {}

    def wait_for(self, count: int) -> dict[str, float]:
        """Return the orders and the times of their objects (epoch seconds); fewer than ``count`` after the time limit."""
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while True:
            self._look()
            if len(self._found) >= count or time.perf_counter() > deadline:
                return self._found
            time.sleep(0.1)

    def _look(self) -> None:
        """Read the objects that are new since the last look."""
        new = [entry for entry in self._entries() if entry["Key"] not in self._read]
        seen_at = time.time()
        for entry in new:
            self._read.add(entry["Key"])
            body = self._s3.get_object(Bucket=self._bucket, Key=entry["Key"])["Body"].read()
            stored: datetime = entry["LastModified"]
            at = stored.timestamp() if stored.microsecond else seen_at
            for line in (gzip.decompress(body) if entry["Key"].endswith(".gz") else body).splitlines():
                order_id = line[12 : line.index(b'"', 12)] if line.startswith(b'{"orderID":"') else _order_id(line)
                if self.marker.encode() in order_id:
                    self._found.setdefault(order_id.decode(), at)

    def _entries(self) -> list[dict[str, Any]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=bucket_keys.RAW_PREFIX)
        return [entry for page in pages for entry in page.get("Contents", [])]


class ControlCalls:
    """Calls STS ten times a second from another process while the block runs; ``seconds`` has each call's time."""

    def __init__(self, settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        self._over, self._answer = context.Event(), context.SimpleQueue()
        self._process = context.Process(
            target=_ask, args=(settings.local_endpoint, settings.region, self._over, self._answer)
        )
        self.seconds: list[float] = []

    def __enter__(self) -> ControlCalls:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.seconds = self._answer.get()
        self._process.join()


def _ask(endpoint: str, region: str, over: Event, answer: SimpleQueue[list[float]]) -> None:
    sts = boto3.client("sts", endpoint_url=endpoint, region_name=region)
    seconds = []
    while not over.wait(0.1):
        began = time.perf_counter()
        sts.get_caller_identity()
        seconds.append(time.perf_counter() - began)
    answer.put(seconds)


def _order(order_id: str) -> dict[str, dict[str, str]]:
    return {
        "orderid": {"S": order_id},
        "product_name": {"S": "laptop"},
        "quantity": {"N": "5"},
        "price": {"N": "1299.90"},
        "status": {"S": "placed"},
    }


def _order_id(line: bytes) -> bytes:
    """Return the order id of a line whose JSON has spaces."""
    start = line.index(b'"', line.index(b":")) + 1
    return line[start : line.index(b'"', start)]


def measure(changes: int = CHANGES) -> dict[str, float]:
    """Return the figures of ``sustained``, with the memory after it, of ``drained`` and of ``paced``."""
    chain = Chain(Settings.from_environment())
    figures = {**chain.sustained(changes), **memory.measure(), **chain.drained(changes), **chain.paced()}
    to_writing = figures["chain_changes_per_second"] / figures["writing_alone_changes_per_second"]
    return {**figures, "chain_to_writing_alone": to_writing}


def main() -> None:
    for name, value in measure(*map(int, sys.argv[1:2])).items():
        print(f"{name}: {value:,.3f}")


if __name__ == "__main__":
    main()

"""The chain, DynamoDB to S3, on a local cloud that was set up: how many changes a second it sustains, and how late they are.

Each figure stands beside what it is to be compared with, measured in the same run: the rate beside the rate of writing to
DynamoDB alone, the lateness beside Firehose's buffer interval.
"""

from __future__ import annotations

import gzip
import statistics
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import boto3
from sales_cdc.delivery import quantile
from sales_cdc.settings import Settings
from sales_cdc.topology import Topology

SUSTAINED_CHANGES = 20_000
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
            for name in ("dynamodb", "s3", "sts")
        }
        topology = Topology(settings, self._clients["sts"].get_caller_identity()["Account"])
        self._table, self._bucket = topology.table.name, topology.bucket.name
        self._interval_seconds = settings.firehose_interval_seconds

    def sustained(self, changes: int = SUSTAINED_CHANGES) -> dict[str, float]:
        """Write ``changes`` orders as fast as they are taken; the clock stops when the last is an object in S3."""
        seen = Arrivals(self._clients["s3"], self._bucket)
        seen.look()
        marker = uuid.uuid4().hex[:8]
        control = ControlCalls(self._clients["sts"])
        began = time.perf_counter()
        with control, ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda at: self._write(marker, at), range(0, changes, BATCH)))
            wrote_seconds = time.perf_counter() - began
            found = seen.wait_for(marker, changes)
        took_seconds = time.perf_counter() - began
        return {
            "chain_changes_per_second": len(found) / took_seconds,
            "chain_to_writing_alone": (len(found) / took_seconds) / (changes / wrote_seconds),
            "chain_lost": float(changes - len(found)),
            "control_call_p99_seconds": quantile(sorted(control.seconds), 0.99) or 0.0,
        }

    def paced(self) -> dict[str, float]:
        """Write at a steady rate: from each commit to its object's time in S3, beyond the buffer interval."""
        seen = Arrivals(self._clients["s3"], self._bucket)
        seen.look()
        marker = uuid.uuid4().hex[:8]
        committed: dict[str, float] = {}
        began = time.perf_counter()
        for at in range(0, PACED_SECONDS * PACED_PER_SECOND, BATCH):
            time.sleep(max(0.0, began + at / PACED_PER_SECOND - time.perf_counter()))
            for order_id in self._write(marker, at):
                committed[order_id] = time.time()
        found = seen.wait_for(marker, len(committed))
        lags = sorted(found[order_id] - at for order_id, at in committed.items() if order_id in found)
        return {
            "p99_lag_seconds_at_200_per_second": quantile(lags, 0.99) or 0.0,
            "median_lag_seconds_at_200_per_second": statistics.median(lags),
            "p99_lag_beyond_buffer_interval_seconds": (quantile(lags, 0.99) or 0.0) - self._interval_seconds,
        }

    def _write(self, marker: str, start: int) -> list[str]:
        ids = [f"bench-{marker}-{start + at:08d}" for at in range(BATCH)]
        puts = [{"PutRequest": {"Item": _order(order_id)}} for order_id in ids]
        answer = self._clients["dynamodb"].batch_write_item(RequestItems={self._table: puts})
        if answer.get("UnprocessedItems"):
            raise RuntimeError("the local cloud throttled the benchmark: switch its faults off")
        return ids


class Arrivals:
    """The raw zone, read as it grows."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._read: set[str] = set()
        self._found: dict[str, float] = {}

    def look(self) -> None:
        """Read the objects that are new since the last look, and note each order and its object's visible time."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=Topology.RAW_PREFIX)
        new = [entry for page in pages for entry in page.get("Contents", []) if entry["Key"] not in self._read]
        seen_at = time.time()
        for entry in new:
            self._read.add(entry["Key"])
            body = self._s3.get_object(Bucket=self._bucket, Key=entry["Key"])["Body"].read()
            stored: datetime = entry["LastModified"]
            at = stored.timestamp() if stored.microsecond else seen_at
            for line in (gzip.decompress(body) if entry["Key"].endswith(".gz") else body).splitlines():
                order_id = line[12 : line.index(b'"', 12)] if line.startswith(b'{"orderID":"') else _order_id(line)
                self._found.setdefault(order_id.decode(), at)

    def wait_for(self, marker: str, count: int) -> dict[str, float]:
        """The orders of one marker and when their objects were seen; fewer than ``count`` when patience ran out."""
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while True:
            self.look()
            found = {order_id: at for order_id, at in self._found.items() if marker in order_id}
            if len(found) >= count or time.perf_counter() > deadline:
                return found
            time.sleep(0.1)


class ControlCalls:
    """STS asked ten times a second from a thread of its own, while the block runs; ``seconds`` is each call's time."""

    def __init__(self, sts: Any) -> None:
        self._sts = sts
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.seconds: list[float] = []

    def __enter__(self) -> ControlCalls:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.1):
            began = time.perf_counter()
            self._sts.get_caller_identity()
            self.seconds.append(time.perf_counter() - began)


def _order(order_id: str) -> dict[str, dict[str, str]]:
    return {
        "orderid": {"S": order_id},
        "product_name": {"S": "laptop"},
        "quantity": {"N": "5"},
        "price": {"N": "1299.90"},
        "status": {"S": "placed"},
    }


def _order_id(line: bytes) -> bytes:
    """The key of a line whose JSON is spaced."""
    start = line.index(b'"', line.index(b":")) + 1
    return line[start : line.index(b'"', start)]


def measure() -> dict[str, float]:
    chain = Chain(Settings.from_environment())
    return {**chain.sustained(), **chain.paced()}


if __name__ == "__main__":
    print(measure())

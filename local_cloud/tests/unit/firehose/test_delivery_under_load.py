"""A delivery stream that always has waiting records still delivers by its interval."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from tests.unit.firehose.conftest import destination

from local_cloud.counters import Counters
from local_cloud.firehose.records import IncomingRecord, Position, Sink
from local_cloud.firehose.settings import Configuration, LambdaProcessor
from local_cloud.firehose.transformation import StreamIdentity
from local_cloud.firehose.worker import DeliveryWorker

RECORDS, RECORD_BYTES = 100, 50_000


class Burst:
    """Give all records at once, and note the committed positions."""

    def __init__(self) -> None:
        self.commits: list[str] = []
        self.ended = threading.Event()

    def start(self, sink: Sink) -> None:
        data = base64.b64encode(b"x" * RECORD_BYTES).decode()
        sink.put(
            [IncomingRecord(str(number), 0.0, data, None, Position("shard", str(number))) for number in range(RECORDS)]
        )

    def commit(self, delivered: Mapping[str, str]) -> None:
        self.commits.append(delivered["shard"])
        if self.commits[-1] == str(RECORDS - 1):
            self.ended.set()

    def stop(self) -> None:
        return None


class DroppingFunction:
    """Act as a Lambda client whose function is slow and drops every record, so that no buffer fills."""

    def get_function_configuration(self, **_: Any) -> None:
        return None

    def invoke(self, *, Payload: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        time.sleep(0.15)
        records = [{"recordId": one["recordId"], "result": "Dropped"} for one in json.loads(Payload)["records"]]
        return {"Payload": io.BytesIO(json.dumps({"records": records}).encode())}


class OneClient:
    def client(self, *_: Any, **__: Any) -> DroppingFunction:
        return DroppingFunction()


def test_transformed_records_are_delivered_while_more_wait() -> None:
    """They used to be delivered only when no record waited any more."""
    function = LambdaProcessor("arn:function", "arn:role", size_bytes=200_000, interval_seconds=0, retries=0)
    configuration = Configuration(destination(processor=function, interval_seconds=1), "1")
    source, clients = Burst(), OneClient()
    worker = DeliveryWorker(
        "orders", StreamIdentity("arn", "us-east-1", "arn:stream"), source, lambda: configuration, clients, Counters()  # type: ignore[arg-type]
    )  # fmt: skip
    worker.start()
    try:
        assert source.ended.wait(60)
    finally:
        worker.stop()
    assert len(source.commits) >= 3

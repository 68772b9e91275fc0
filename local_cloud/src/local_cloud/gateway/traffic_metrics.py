"""Metrics of Kinesis and Lambda, counted from the requests that pass through the gateway."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from local_cloud.metrics import Datum
from local_cloud.wire import Answer, Handler

MAX_ITERATORS = 1000


class TrafficMetrics:
    """Count requests of Kinesis and Lambda; when called, return the metrics since the last call."""

    def __init__(self) -> None:
        self._totals: Counter[tuple[str, str, str, str, str]] = Counter()
        self._lag: dict[str, float] = {}
        self._iterators: dict[str, str] = {}

    def __call__(self) -> list[Datum]:
        totals, self._totals = self._totals, Counter()
        data = [
            Datum(namespace, metric, (dimension, name), value, unit)
            for (namespace, metric, dimension, name, unit), value in totals.items()
        ]
        ages, self._lag = self._lag, {}
        return data + [
            Datum("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", ("StreamName", name), age, "Milliseconds")
            for name, age in ages.items()
        ]

    def around_kinesis(self, handler: Handler) -> Handler:
        """Return Kinesis's handler with its requests counted."""

        async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Answer:
            answer = await handler(method, path, headers, body, query)
            if answer[0] == 200:
                self._see_kinesis(headers.get("x-amz-target", "").rpartition(".")[2], body, answer[2])
            return answer

        return handle

    def around_lambda(self, handler: Handler) -> Handler:
        """Return Lambda's handler with its invocations counted."""

        async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Answer:
            began = time.monotonic()
            status, answered, content = await handler(method, path, headers, body, query)
            if name := re.search(r"/functions/([^/]+)/invocations$", path):
                function = name[1].rpartition(":")[2]
                failed = status >= 500 or any(header.lower() == "x-amz-function-error" for header in answered)
                self._add("AWS/Lambda", "Invocations", "FunctionName", function, "Count", 1)
                self._add("AWS/Lambda", "Errors", "FunctionName", function, "Count", int(failed))
                self._add("AWS/Lambda", "Duration", "FunctionName", function, "Milliseconds", (time.monotonic() - began) * 1000)  # fmt: skip
            return status, answered, content

        return handle

    def _see_kinesis(self, action: str, body: bytes, content: bytes) -> None:
        if action == "PutRecords":
            call, failed = json.loads(body), json.loads(content).get("FailedRecordCount", 0)
            self._see_written(_stream(call), len(call["Records"]) - failed, sum(len(record["Data"]) for record in call["Records"]))  # fmt: skip
        elif action == "PutRecord":
            call = json.loads(body)
            self._see_written(_stream(call), 1, len(call["Data"]))
        elif action == "GetShardIterator":
            self._iterators[_token(content)] = _stream(json.loads(body))
        elif action == "GetRecords":
            self._see_read(json.loads(body), content)

    def _see_written(self, stream: str, records: int, encoded_bytes: int) -> None:
        self._add("AWS/Kinesis", "IncomingRecords", "StreamName", stream, "Count", records)
        self._add("AWS/Kinesis", "IncomingBytes", "StreamName", stream, "Bytes", encoded_bytes * 3 // 4)

    def _see_read(self, call: Mapping[str, Any], content: bytes) -> None:
        """Note how far an iterator is behind the end of its shard; a stream's age is that of its slowest shard."""
        stream = self._iterators.pop(call["ShardIterator"], None) or (_stream(call) if "StreamARN" in call else None)
        behind = re.search(rb'"MillisBehindLatest":\s*(\d+)', content)
        if stream is None or behind is None:
            return
        self._iterators[_token(content)] = stream
        while len(self._iterators) > MAX_ITERATORS:
            del self._iterators[next(iter(self._iterators))]
        self._lag[stream] = max(self._lag.get(stream, 0.0), float(behind[1]))

    def _add(self, namespace: str, metric: str, dimension: str, name: str, unit: str, value: float) -> None:
        self._totals[namespace, metric, dimension, name, unit] += value  # type: ignore[assignment]


def _stream(call: Mapping[str, Any]) -> str:
    return str(call.get("StreamName") or str(call.get("StreamARN", "")).rpartition("/")[2])


def _token(content: bytes) -> str:
    found = re.search(rb'"(?:Next)?ShardIterator":\s*"([^"]+)"', content)
    return found[1].decode() if found else ""

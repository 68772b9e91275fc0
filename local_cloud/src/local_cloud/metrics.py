"""CloudWatch metrics of Pipes and Firehose, and the publisher that puts them every few seconds.

AWS publishes once a minute. Names, dimensions and units are those of
https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html,
https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html and
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger("local_cloud")
INTERVAL_SECONDS = 5.0
MAX_DATA_PER_CALL = 500


@dataclass(frozen=True)
class Datum:
    """Hold one value of one metric; ``dimension`` is its (name, value)."""

    namespace: str
    metric: str
    dimension: tuple[str, str]
    value: float
    unit: str

    def as_request(self) -> dict[str, Any]:
        """Return the value as an entry of PutMetricData."""
        name, value = self.dimension
        dimensions = [{"Name": name, "Value": value}]
        return {"MetricName": self.metric, "Dimensions": dimensions, "Value": self.value, "Unit": self.unit}


class Publisher:
    """Take values from a source every few seconds and put them to CloudWatch, in a thread."""

    def __init__(
        self,
        cloudwatch: Callable[[], Any],
        source: Callable[[], Iterable[Datum]],
        interval_seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self._cloudwatch, self._source, self._interval_seconds = cloudwatch, source, interval_seconds
        self._over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="metrics").start()

    def stop(self) -> None:
        self._over.set()

    def publish(self) -> None:
        """Put what the source returns to CloudWatch."""
        by_namespace: dict[str, list[dict[str, Any]]] = {}
        for datum in self._source():
            by_namespace.setdefault(datum.namespace, []).append(datum.as_request())
        for namespace, data in by_namespace.items():
            for start in range(0, len(data), MAX_DATA_PER_CALL):
                self._cloudwatch().put_metric_data(
                    Namespace=namespace, MetricData=data[start : start + MAX_DATA_PER_CALL]
                )

    def _run(self) -> None:
        while not self._over.wait(self._interval_seconds):
            try:
                self.publish()
            except Exception:
                logger.warning("metrics could not be published; the next try is in %s s", self._interval_seconds)


class Difference:
    """Turn running totals into the amounts since the last reading."""

    def __init__(self) -> None:
        self._before: dict[str, Counter[str]] = {}

    def since_last(self, totals: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
        """Return the amounts by resource; a new resource, or one whose totals restarted, counts from 0."""
        found = {}
        for resource, now in totals.items():
            before = self._before.get(resource, Counter())
            found[resource] = {
                name: value - before[name] if value >= before[name] else value for name, value in now.items()
            }
            self._before[resource] = Counter(now)
        return found


class ServicesMetrics:
    """Return the metrics of Pipes and Firehose from their counters when called."""

    def __init__(self, pipes: Callable[[], Any], firehose: Callable[[], Any]) -> None:
        self._pipes, self._firehose = pipes, firehose
        self._pipes_before, self._firehose_before = Difference(), Difference()

    def __call__(self) -> list[Datum]:
        pipes, firehose = self._pipes(), self._firehose()
        return [
            *(datum for name, new in self._pipes_before.since_last(pipes).items() for datum in _pipe(name, new)),
            *(
                datum
                for name, new in self._firehose_before.since_last(firehose).items()
                for datum in _firehose(name, new, firehose[name].get("oldest_age_seconds", 0.0))
            ),
        ]


_OF_PIPES = (
    ("EventCount", "incoming"), ("Invocations", "executions"),
    ("ExecutionFailed", "executions_failed"), ("ExecutionPartiallyFailed", "executions_partly_failed"),
    ("TargetStageFailed", "executions_failed"), ("TargetStagePartiallyFailed", "executions_partly_failed"),
)  # fmt: skip
_OF_FIREHOSE = (
    ("DataReadFromKinesisStream.Records", "read_records", "Count"), ("DataReadFromKinesisStream.Bytes", "read_bytes", "Bytes"),
    ("IncomingRecords", "put_records", "Count"), ("IncomingBytes", "put_bytes", "Bytes"),
    ("DeliveryToS3.Records", "delivered", "Count"), ("DeliveryToS3.Bytes", "delivered_bytes", "Bytes"),
)  # fmt: skip
_ALWAYS = frozenset({"delivered", "delivered_bytes"})


def _pipe(name: str, new: Mapping[str, float]) -> list[Datum]:
    where = ("AWS/EventBridge/Pipes", ("PipeName", name))
    return [Datum(where[0], metric, where[1], new.get(counter, 0.0), "None") for metric, counter in _OF_PIPES]


def _firehose(name: str, new: Mapping[str, float], age_seconds: float) -> list[Datum]:
    dimension = ("DeliveryStreamName", name)
    data = [
        Datum("AWS/Firehose", metric, dimension, new.get(counter, 0.0), unit)
        for metric, counter, unit in _OF_FIREHOSE
        if counter in _ALWAYS or counter in new
    ]
    written, refused = new.get("objects", 0.0), new.get("delivery_errors", 0.0)
    if written + refused:
        share = written / (written + refused)
        data.append(Datum("AWS/Firehose", "DeliveryToS3.Success", dimension, share, "None"))
    return [*data, Datum("AWS/Firehose", "DeliveryToS3.DataFreshness", dimension, age_seconds, "Seconds")]

"""The services' counters and the gateway's requests become CloudWatch metrics."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from local_cloud.counters import Counters
from local_cloud.gateway.traffic_metrics import TrafficMetrics
from local_cloud.metrics import Datum, ServicesMetrics


def values(data: list[Datum], resource: str) -> dict[str, float]:
    return {one.metric: one.value for one in data if one.dimension[1] == resource}


def test_every_execution_of_a_pipe_that_fails_is_counted_not_only_what_is_given_up() -> None:
    """Monitoring Amazon EventBridge Pipes: a pipe that may retry for ever showed no failure at all.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
    """
    pipes = Counters()
    pipes.add("orders", incoming=9, executions=4, executions_failed=2, executions_partly_failed=1)
    found = values(ServicesMetrics(pipes.read, Counters().read)(), "orders")
    assert found == {
        "EventCount": 9, "Invocations": 4, "ExecutionFailed": 2, "ExecutionPartiallyFailed": 1, "TargetStageFailed": 2,
        "TargetStagePartiallyFailed": 1,
    }  # fmt: skip


def test_what_arrives_has_the_name_of_its_source() -> None:
    """Monitor with CloudWatch metrics (Amazon Data Firehose): IncomingRecords is of direct puts alone.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
    """
    firehose = Counters()
    firehose.add("direct", put_records=3, put_bytes=30, delivered=3, objects=1, delivery_errors=3)
    firehose.add("reading", read_records=5, read_bytes=50)
    data = ServicesMetrics(Counters().read, firehose.read)()
    direct, reading = values(data, "direct"), values(data, "reading")
    assert (direct["IncomingRecords"], direct["IncomingBytes"], direct["DeliveryToS3.Success"]) == (3, 30, 0.25)
    assert (reading["DataReadFromKinesisStream.Records"], reading["DeliveryToS3.Records"]) == (5, 0)
    assert "DataReadFromKinesisStream.Records" not in direct
    assert not {"IncomingRecords", "DeliveryToS3.Success"} & reading.keys()


def test_the_iterator_age_of_a_stream_is_that_of_the_shard_that_is_furthest_behind() -> None:
    """It used to be that of the shard that was read last."""
    metrics, behind = TrafficMetrics(), {"a": 9000, "b": 0}

    async def kinesis(
        _: str, __: str, headers: dict[str, str], body: bytes, ___: Any
    ) -> tuple[int, dict[str, str], bytes]:
        request = json.loads(body)
        if headers["x-amz-target"].endswith("GetShardIterator"):
            return 200, {}, json.dumps({"ShardIterator": request["ShardId"]}).encode()
        age = behind[request["ShardIterator"]]
        return 200, {}, json.dumps({"NextShardIterator": request["ShardIterator"], "MillisBehindLatest": age}).encode()

    def ask(action: str, **request: str) -> None:
        headers = {"x-amz-target": f"Kinesis_20131202.{action}"}
        asyncio.run(metrics.around_kinesis(kinesis)("POST", "/", headers, json.dumps(request).encode(), {}))  # type: ignore[arg-type]

    for shard in behind:
        ask("GetShardIterator", StreamName="changes", ShardId=shard)
    for shard in behind:
        ask("GetRecords", ShardIterator=shard)
    assert values(metrics(), "changes") == {"GetRecords.IteratorAgeMilliseconds": 9000}
    assert values(metrics(), "changes") == {}

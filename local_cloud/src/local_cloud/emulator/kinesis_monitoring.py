"""Keep which metrics of a stream's shards are published, and show it; count what an account has of its limits.

Sources: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html,
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html,
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html. Judge: moto's Kinesis.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local_cloud.emulator.kinesis_limits import ON_DEMAND, Operation
from local_cloud.emulator.resharding import open_shards
from local_cloud.emulator.seams import require
from local_cloud.wire import Answer, Handler, Json

METRICS = (
    "IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords", "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
)  # fmt: skip
SHARD_LIMIT, ON_DEMAND_LIMIT = 20_000, 50
_KEPT = "ShardLevelMetrics"


def patch_monitoring(kinesis: Any) -> None:
    """Replace the operations of ``ministack.services.kinesis``.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    shown = {"_describe_stream": "StreamDescription", "_describe_stream_summary": "StreamDescriptionSummary"}
    changes = ("_enable_enhanced_monitoring", "_disable_enhanced_monitoring")
    require(kinesis, *shown, *changes, "_resolve_stream", "json_response")
    for name, key in shown.items():
        setattr(kinesis, name, _showing(kinesis, getattr(kinesis, name), key))
    kinesis._enable_enhanced_monitoring = _changing(kinesis, kinesis._enable_enhanced_monitoring, set.union)
    kinesis._disable_enhanced_monitoring = _changing(kinesis, kinesis._disable_enhanced_monitoring, set.difference)


def with_limits(kinesis: Any, handler: Handler) -> Handler:
    """Return Kinesis's handler, which answers DescribeLimits, too."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        if headers.get("x-amz-target", "").endswith(".DescribeLimits"):
            return limits(kinesis)
        return await handler(method, path, headers, body, query)

    return handle


def limits(kinesis: Any) -> Answer:
    """Answer DescribeLimits, with the quotas of us-east-1."""
    streams = list(kinesis._streams.values())
    modes = [(stream.get("StreamModeDetails") or {}).get("StreamMode") for stream in streams]
    found: Answer = kinesis.json_response({
        "ShardLimit": SHARD_LIMIT, "OpenShardCount": sum(len(open_shards(stream)) for stream in streams),
        "OnDemandStreamCount": modes.count(ON_DEMAND), "OnDemandStreamCountLimit": ON_DEMAND_LIMIT,
    })  # fmt: skip
    return found


def _changing(kinesis: Any, operation: Operation, change: Callable[[set[str], set[str]], set[str]]) -> Operation:
    """Return the operation, which MiniStack does without the name ALL and without an order."""

    def changed(data: Json) -> Answer:
        _, stream = kinesis._resolve_stream(data)
        if stream is None:
            return operation(data)  # it answers with the error
        asked, current = set(data.get(_KEPT) or []), stream.get(_KEPT) or []
        wanted = change(set(current), set(METRICS) if "ALL" in asked else asked)
        stream[_KEPT] = [name for name in METRICS if name in wanted]
        named = {"StreamName": stream["StreamName"], "StreamARN": stream["StreamARN"]}
        found: Answer = kinesis.json_response(
            {**named, "CurrentShardLevelMetrics": current, "DesiredShardLevelMetrics": stream[_KEPT]}
        )
        return found

    return changed


def _showing(kinesis: Any, describe: Operation, key: str) -> Operation:
    def described(data: Json) -> Answer:
        answer = describe(data)
        _, stream = kinesis._resolve_stream(data)
        if answer[0] != 200 or stream is None or not stream.get(_KEPT):
            return answer
        document = json.loads(answer[2])
        document[key]["EnhancedMonitoring"] = [{_KEPT: stream[_KEPT]}]
        found: Answer = kinesis.json_response(document)
        return found

    return described

"""Announce streams of DynamoDB and Kinesis to which MiniStack adds records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_cloud.emulator.seams import require

Announce = Callable[[str], None]


def patch_new_records(dynamodb: Any, kinesis: Any, announce: Announce) -> None:
    """Call ``announce`` with a stream's name after each call that may have added records to it.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(dynamodb, "_emit_stream_event")
    require(kinesis, "_put_record", "_put_records", "_resolve_stream", "put_record_internal")
    emit, put_internally = dynamodb._emit_stream_event, kinesis.put_record_internal

    def emit_and_announce(table: str, *args: Any, **more: Any) -> None:
        emit(table, *args, **more)
        announce(f"dynamodb/{table}")

    def put_internally_and_announce(arn: str, *args: Any, **more: Any) -> Any:
        added = put_internally(arn, *args, **more)
        announce(f"kinesis/{arn.rpartition('/')[2]}")
        return added

    def announcing(put: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def put_and_announce(data: Any) -> Any:
            answer = put(data)
            announce(f"kinesis/{kinesis._resolve_stream(data)[0]}")
            return answer

        return put_and_announce

    dynamodb._emit_stream_event = emit_and_announce
    kinesis.put_record_internal = put_internally_and_announce
    kinesis._put_record, kinesis._put_records = announcing(kinesis._put_record), announcing(kinesis._put_records)

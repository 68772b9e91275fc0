"""MiniStack's functions that add records to streams announce the stream."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from local_cloud.emulator.new_records import patch_new_records


def modules() -> tuple[Any, Any]:
    dynamodb = SimpleNamespace(_emit_stream_event=lambda *_: None)
    kinesis = SimpleNamespace(
        _put_record=lambda data: (200, {}, b"one"),
        _put_records=lambda data: (200, {}, b"all"),
        put_record_internal=lambda arn, key, data: True,
        _resolve_stream=lambda data: (data.get("StreamName") or data["StreamARN"].rpartition("/")[2], {}),
    )
    return dynamodb, kinesis


def test_each_way_to_add_records_announces_its_stream_and_answers_as_before() -> None:
    (dynamodb, kinesis), announced = modules(), []
    patch_new_records(dynamodb, kinesis, announced.append)
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/"
    dynamodb._emit_stream_event("orders", "INSERT", None, {})
    assert kinesis._put_record({"StreamName": "a"}) == (200, {}, b"one")
    assert kinesis._put_records({"StreamARN": f"{arn}b"}) == (200, {}, b"all")
    assert kinesis.put_record_internal(f"{arn}c", "key", b"data")
    assert announced == ["dynamodb/orders", "kinesis/a", "kinesis/b", "kinesis/c"]

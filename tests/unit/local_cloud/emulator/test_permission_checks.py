"""Calls on a DynamoDB stream are checked against that stream."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local_cloud.emulator.permission_checks import stream_arn, with_streams

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/orders"


def iterator(**position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"StreamArn": f"{TABLE}/stream/2026"}, f"{TABLE}/stream/2026"),
        ({"ShardIterator": iterator(t="orders", p=1, arn=f"{TABLE}/stream/2026")}, f"{TABLE}/stream/2026"),
        ({"ShardIterator": iterator(t="orders", p=1)}, f"{TABLE}/stream/*"),
        ({"TableName": "orders"}, f"{TABLE}/stream/*"),
        ({"ShardIterator": "not one of ours"}, "*"),
        ({}, "*"),
    ],
)
def test_a_request_addresses_its_stream(request_: dict[str, str], expected: str) -> None:
    assert stream_arn(json.dumps(request_).encode(), "us-east-1", "000000000000") == expected


def test_other_services_are_left_to_the_emulator() -> None:
    extended = with_streams(lambda service, *_: f"emulator's {service}")
    assert extended("s3", "GET", "/", {}, b"", {}, "us-east-1", "000000000000") == "emulator's s3"
    body = json.dumps({"StreamArn": "arn"}).encode()
    assert extended("dynamodbstreams", "POST", "/", {}, body, {}, "us-east-1", "000000000000") == "arn"

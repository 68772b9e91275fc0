"""Sends stream records through the Firehose transformer, as Firehose and Lambda do, and reads its answers."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import shipped

REPOSITORY = Path(__file__).parents[3]
GOLDEN = sorted((REPOSITORY / "tests" / "fixtures" / "events").glob("*.json"))
MEMBERS = (
    "orderID", "product_name", "quantity", "price", "event_type", "creation_time", "event_id", "sequence_number", "actor",
)  # fmt: skip
TAKEN_NAMES = {"orderid", *MEMBERS[1:], "source_stream", "rescued_data", "dt", "hr"}


transformer = shipped.transformer()


def firehose_event(*stream_records: Any) -> dict[str, Any]:
    """Each argument is a stream record, or bytes to stand in place of one."""
    return {
        "invocationId": "5c5f0d5e-8b0a-4d5f-9f6a-0f6f1c1f8a11",
        "deliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/sales-cdc-delivery",
        "region": "us-east-1",
        "records": [
            {"recordId": f"4956{number:052d}", "data": base64.b64encode(as_bytes(record)).decode()}
            for number, record in enumerate(stream_records)
        ],
    }


def as_bytes(record: Any) -> bytes:
    return record if isinstance(record, bytes) else json.dumps(record).encode()


def transform(*stream_records: Any) -> list[dict[str, Any]]:
    """The answers, through JSON both ways as Lambda passes them."""
    event = firehose_event(*stream_records)
    answers: list[dict[str, Any]] = json.loads(json.dumps(transformer.handler(deepcopy(event), None)))["records"]
    assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in event["records"]]
    for answer, record in zip(answers, event["records"], strict=True):
        assert answer.keys() == {"recordId", "result", "data"}
        assert answer["result"] in {"Ok", "ProcessingFailed"}
        if answer["result"] == "ProcessingFailed":
            assert answer["data"] == record["data"]
    return answers


def line_of(stream_record: Any) -> str:
    (answer,) = transform(stream_record)
    assert answer["result"] == "Ok"
    return base64.b64decode(answer["data"], validate=True).decode()


def row_of(stream_record: Any) -> dict[str, Any]:
    """The line as an exact reader sees it; a member named twice is an error."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    row: dict[str, Any] = json.loads(
        line_of(stream_record), parse_float=Decimal, parse_int=Decimal, object_pairs_hook=unique
    )
    return row


def inserted(**attributes: Any) -> dict[str, Any]:
    """The stream record of a new order with these attributes, written as DynamoDB types them."""
    key = {"orderid": {"S": "order-1"}}
    return {
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": "INSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795354800,
            "Keys": key,
            "NewImage": key | attributes,
            "SequenceNumber": "300000000000000499659",
        },
    }


def refuse(stream_record: Any, caplog: pytest.LogCaptureFixture) -> str:
    """Transform a record that must be refused; its one log line."""
    caplog.clear()
    (answer,) = transform(stream_record)
    assert answer["result"] == "ProcessingFailed"
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"ProcessingFailed recordId={answer['recordId']} eventID=")
    assert "\n" not in line
    assert "unexpected" not in line
    return line

"""Measure the Firehose transformer beside a usual transformer and one that does nothing.

The benchmark calls each in the way Lambda does: the event's JSON text in, the response's JSON text printed. All run in one
process and take turns, round by round; a ratio is the median over the rounds of the ratio within a round, so that a busy
machine slows both sides. ``do nothing`` parses the event, hands each record's bytes back untouched, and prints the response.

    make bench ARGS=transformer
"""

from __future__ import annotations

import base64
import json
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import lambda_transformer
from boto3.dynamodb.types import TypeDeserializer

RECORDS = 1000  # some 0.6 MB of stream records; Firehose buffers up to 1 MB for a call by default
ROUNDS = 25

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def measure() -> dict[str, float]:
    """Return ratios of records per second: ``transformer_to_type_deserializer`` and ``transformer_share_of_do_nothing``."""
    speeds = _records_per_second()
    return {
        "transformer_to_type_deserializer": _median_ratio(speeds["transformer"], speeds["type deserializer"]),
        "transformer_share_of_do_nothing": _median_ratio(speeds["transformer"], speeds["do nothing"]),
    }


def main() -> None:
    speeds = _records_per_second()
    for name, rounds in speeds.items():
        print(f"{name:>18}: {statistics.median(rounds):>9,.0f} records/s")
    for baseline in ("type deserializer", "do nothing"):
        print(f"transformer to {baseline}: {_median_ratio(speeds['transformer'], speeds[baseline]):.2f}")


def _records_per_second() -> dict[str, list[float]]:
    """Return one figure a round for each contender; the first round warms up and does not count."""
    event = json.dumps(_firehose_event(random.Random(7)))
    contenders = {
        "transformer": lambda_transformer.handler,
        "type deserializer": _with_type_deserializer,
        "do nothing": _do_nothing,
    }
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(ROUNDS + 1):
        for name, handler in contenders.items():
            started = time.process_time()
            print(json.dumps(handler(json.loads(event), None)), file=StringIO())
            seconds = time.process_time() - started
            if round_number:
                speeds[name].append(RECORDS / seconds)
    return speeds


def _median_ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))


def _with_type_deserializer(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Transform as usual: boto3's TypeDeserializer, and ``json.dumps`` of the flattened item, without checks."""
    deserializer = TypeDeserializer()
    answers = []
    for record in event["records"]:
        change = json.loads(base64.b64decode(record["data"]))
        dynamodb = change["dynamodb"]
        typed = dynamodb.get("NewImage") or dynamodb["Keys"]
        item = {name: deserializer.deserialize(value) for name, value in typed.items()}
        created = datetime.fromtimestamp(dynamodb["ApproximateCreationDateTime"], UTC)
        row = {
            "orderID": item.pop("orderid"),
            "product_name": item.pop("product_name", None),
            "quantity": item.pop("quantity", None),
            "price": item.pop("price", None),
            "event_type": change["eventName"],
            "creation_time": created.isoformat(),
            "event_id": change["eventID"],
            "sequence_number": dynamodb["SequenceNumber"].zfill(40),
            **item,
        }
        line = json.dumps(row, default=_number_or_text) + "\n"
        answers.append(
            {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode(line.encode()).decode()}
        )
    return {"records": answers}


def _number_or_text(value: object) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)


def _do_nothing(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return {
        "records": [
            {"recordId": record["recordId"], "result": "Ok", "data": record["data"]} for record in event["records"]
        ]
    }


def _firehose_event(source: random.Random) -> dict[str, Any]:
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/sales-cdc-changes"
    return {
        "invocationId": "5c5f0d5e-8b0a-4d5f-9f6a-0f6f1c1f8a11",
        "deliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/sales-cdc-delivery",
        "sourceKinesisStreamArn": stream,
        "region": "us-east-1",
        "records": [_firehose_record(source, number) for number in range(RECORDS)],
    }


def _firehose_record(source: random.Random, number: int) -> dict[str, Any]:
    data = json.dumps(_stream_record(source, number)).encode()
    sequence_number = f"4956{source.randrange(10**51):052d}"
    return {
        "recordId": f"{sequence_number}000000",
        "approximateArrivalTimestamp": 1_795_354_800_000 + number,
        "data": base64.b64encode(data).decode(),
        "kinesisRecordMetadata": {
            "sequenceNumber": sequence_number,
            "subsequenceNumber": 0,
            "partitionKey": f"order-{number % 400:06d}",
            "shardId": "shardId-000000000000",
            "approximateArrivalTimestamp": 1_795_354_800_000 + number,
        },
    }


def _stream_record(source: random.Random, number: int) -> dict[str, Any]:
    """Return a stream record: three inserts or updates to one delete; one item in four has further attributes."""
    event_name = source.choice(("INSERT", "INSERT", "MODIFY", "REMOVE"))
    key = {"orderid": {"S": f"order-{number % 400:06d}"}}
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": 1_795_354_800 + number // 50,
        "Keys": key,
        "SequenceNumber": f"{10**23 + number * 113}",
        "SizeBytes": 123,
        "StreamViewType": "NEW_IMAGE",
    }
    if event_name != "REMOVE":
        change["NewImage"] = key | {
            "product_name": {"S": source.choice(("laptop", "phone", "monitor", "Gerät für Büro"))},
            "quantity": {"N": str(source.randint(1, 9))},
            "price": {"N": f"{source.randint(100, 300_000) / 100:.2f}"},
        }
        if number % 4 == 0:
            change["NewImage"] |= {
                "customer": {"M": {"city": {"S": "Lyon"}, "vip": {"BOOL": True}}},
                "tags": {"SS": ["gift", "express"]},
                "discount": {"N": "0.15"},
            }
    return {
        "eventID": f"{source.getrandbits(128):032x}",
        "eventName": event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": change,
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/sales-cdc-orders/stream/2026-11-22T13:40:00.000",
    }


if __name__ == "__main__":
    main()

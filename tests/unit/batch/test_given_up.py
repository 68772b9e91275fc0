"""Test how changes that the pipe gave up on are named."""

from __future__ import annotations

import json
from typing import Any

from sales_cdc.aws.dead_letters import Letter, StreamSilentError
from sales_cdc.batch.given_up import given_up
from sales_cdc.batch.report_warnings import given_up_warning


def message(stream_sequence: str, condition: str = "RetryAttemptsExhausted") -> str:
    batch = {"streamArn": "arn:s/stream/2026", "shardId": "shard", "startSequenceNumber": stream_sequence,
             "endSequenceNumber": stream_sequence, "batchSize": 1}  # fmt: skip
    return json.dumps({"DDBStreamBatchInfo": batch, "context": {"condition": condition}})


class Queue:
    """Stand for the dead-letter queue."""

    def __init__(self, *bodies: str) -> None:
        self.waiting = [Letter(str(place), body, f"receipt-{place}") for place, body in enumerate(bodies)]
        self.released: list[str] = []

    def count(self) -> int:
        return len(self.waiting)

    def letters(self) -> Any:
        return iter(self.waiting)

    def release(self, letter: Letter) -> None:
        self.released.append(letter.receipt)


class Stream:
    """Stand for the table's stream, by sequence number."""

    def __init__(self, **orders: str) -> None:
        self.orders = orders

    def read(self, position: Any) -> list[dict[str, Any]]:
        if position.first not in self.orders:
            raise StreamSilentError
        return [{"eventName": "INSERT", "dynamodb": {"Keys": {"orderid": {"S": self.orders[position.first]}}}}]


def test_an_order_with_a_long_id_is_named_with_the_reason_and_its_message_stays() -> None:
    queue = Queue(message("1"), message("2"), "no position", message("3"))
    stream = Stream(**{"1": "x" * 300, "2": "short"})
    found = given_up(queue, stream)
    assert found == [
        {
            "orderid": f"{'x' * 60}… (300 characters)",
            "event_type": "INSERT",
            "reason": "its id has 300 characters, and a partition key of Kinesis 256",
        },
        {"orderid": "short", "event_type": "INSERT", "reason": "Pipe.RetryAttemptsExhausted: the pipe gave up on it"},
    ]
    assert len(queue.released) == 4
    (warning,) = given_up_warning(found)
    assert "(300 characters) (INSERT: its id has 300 characters" in warning
    assert "sales_cdc_redrive within 24 hours" in warning


def test_an_empty_queue_is_not_read() -> None:
    assert given_up(Queue(), Stream()) == []
    assert given_up_warning([]) == []

"""What a drill puts into the stream: copies to the byte, and poison that the transformer refuses, each for its own reason."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest
from sales_cdc.drill import extras as drill
from sales_cdc.drill.extras import StreamRecord

from tests import shipped

NAME = "manual__2026-11-25T10:00:00+00:00"


def stream_record(order: str) -> StreamRecord:
    change = {
        "ApproximateCreationDateTime": 1795600800, "Keys": {"orderid": {"S": order}}, "SequenceNumber": "123",
        "NewImage": {"orderid": {"S": order}, "product_name": {"S": "desk"}, "quantity": {"N": "1"}, "price": {"N": "1.5"}},
    }  # fmt: skip
    return StreamRecord(json.dumps({"eventID": order, "eventName": "MODIFY", "dynamodb": change}).encode(), order)


SEEN = [stream_record("a"), stream_record("b")]


def answers(records: list[StreamRecord]) -> list[dict[str, Any]]:
    """What the transformer, loaded from the file that is shipped, says to the records."""
    module = shipped.load("include/lambda/lambda_transformer.py")
    event = {
        "records": [
            {"recordId": str(at), "data": base64.b64encode(each.data).decode()} for at, each in enumerate(records)
        ]
    }
    results: list[dict[str, Any]] = module.handler(event, None)["records"]
    return results


def test_copies_are_records_seen_to_the_byte() -> None:
    assert set(drill.extras(NAME, SEEN, copies=20, poison=0, seed=1)) <= set(SEEN)


def test_every_poison_record_is_refused_for_a_reason_of_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        results = answers(drill.extras(NAME, SEEN, copies=0, poison=10, seed=1))
    assert {result["result"] for result in results} == {"ProcessingFailed"}
    assert len({record.getMessage().partition(": ")[2] for record in caplog.records}) == len(drill.BREAKS)


def test_poison_is_accounted_for_one_by_one_and_is_no_change_of_an_order() -> None:
    records = drill.extras(NAME, SEEN, copies=5, poison=10, seed=1)
    assert drill.markers(NAME, [record.data for record in records]) == set(range(10))
    assert drill.markers("another", [record.data for record in records]) == set()
    told = [identity for record in records if (identity := drill.identity_of(record.data))]
    assert {order for order, _ in told if drill.POISON not in order} <= {"a", "b"}


def test_the_same_drill_puts_the_same_again_and_another_drill_other_orders() -> None:
    again = [drill.extras(NAME, SEEN, copies=5, poison=5, seed=1) for _ in range(2)]
    assert again[0] == again[1]
    assert drill.seed_of(NAME, 1) == drill.seed_of(NAME, 1) != drill.seed_of("another", 1)


@pytest.mark.parametrize("changes", [10, 11, 19, 20_000])
def test_a_drill_makes_as_many_changes_as_asked_for(changes: int) -> None:
    shape = drill.shape(changes)
    assert sum(shape.values()) == changes
    assert shape["inserts"] >= shape["deletes"] > 0
    assert shape["updates"] > 0

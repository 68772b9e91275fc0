"""A drill injects exact copies, and poison that the transformer refuses for a reason of its kind."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest
from sales_cdc.drill.injected_records import BREAKS, POISON, StreamRecord, identity_of, injected_records, markers
from sales_cdc.drill.plan import change_counts, seed_of

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
    """Return the answers of the transformer, as its package holds it, to the records."""
    module = shipped.transformer()
    event = {
        "records": [
            {"recordId": str(at), "data": base64.b64encode(each.data).decode()} for at, each in enumerate(records)
        ]
    }
    results: list[dict[str, Any]] = module.handler(event, None)["records"]
    return results


def test_copies_equal_records_seen_byte_for_byte() -> None:
    assert set(injected_records(NAME, SEEN, copies=20, poison=0, seed=1)) <= set(SEEN)


def test_every_poison_record_is_refused_for_a_reason_of_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        results = answers(injected_records(NAME, SEEN, copies=0, poison=10, seed=1))
    assert {result["result"] for result in results} == {"ProcessingFailed"}
    assert len({record.getMessage().partition(": ")[2] for record in caplog.records}) == len(BREAKS)


def test_every_poison_record_carries_its_number_and_changes_no_order() -> None:
    records = injected_records(NAME, SEEN, copies=5, poison=10, seed=1)
    assert markers(NAME, [record.data for record in records]) == set(range(10))
    assert markers("another", [record.data for record in records]) == set()
    identities = [identity for record in records if (identity := identity_of(record.data))]
    assert {order for order, _ in identities if POISON not in order} <= {"a", "b"}


def test_a_drill_repeats_its_records_and_no_two_drills_share_a_seed() -> None:
    again = [injected_records(NAME, SEEN, copies=5, poison=5, seed=1) for _ in range(2)]
    assert again[0] == again[1]
    assert seed_of(NAME, 1) == seed_of(NAME, 1) != seed_of("another", 1)


@pytest.mark.parametrize("changes", [10, 11, 19, 20_000])
def test_a_drill_makes_as_many_changes_as_requested(changes: int) -> None:
    counts = change_counts(changes)
    assert sum(counts.values()) == changes
    assert counts["inserts"] >= counts["deletes"] > 0
    assert counts["updates"] > 0

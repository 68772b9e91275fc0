"""Failed records are read, sorted after another attempt, named and added up."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.redrive.attempts import sort_out, summarise
from sales_cdc.redrive.failed_records import (
    BATCH_BYTES,
    BATCH_RECORDS,
    NO_FAILED_RECORD,
    Answer,
    FailedRecord,
    batches,
    is_asked_for,
    read_records,
)
from sales_cdc.redrive.keys import raw_key

ENDED = datetime(2026, 11, 25, 12, tzinfo=UTC)
ARRIVED_MS = 1795600800000  # 2026-11-25T10:00:00Z
REFUSED = Answer("ProcessingFailed", code="Lambda.ProcessingFailedStatus", message="quantity is no integer")


def firehose_line(data: bytes = b"x", code: str = "Lambda.FunctionError", message: str = "it failed") -> bytes:
    document = {
        "attemptsMade": 4, "arrivalTimestamp": ARRIVED_MS, "errorCode": code, "errorMessage": message,
        "attemptEndingTimestamp": ARRIVED_MS, "rawData": base64.b64encode(data).decode(), "lambdaArn": "arn",
    }  # fmt: skip
    return json.dumps(document).encode()


def test_a_line_of_firehose_is_read_with_its_reason() -> None:
    (record,) = read_records(firehose_line() + b"\n")
    assert record.data == base64.b64encode(b"x").decode()
    assert record.reason == "Lambda.FunctionError: it failed"
    assert record.arrived_ms == ARRIVED_MS


@pytest.mark.parametrize(
    "line",
    [
        b"no JSON", b"[]", b"{}", b'{"rawData": 1}', b"\xff\xfe", b"[" * 100_000,
        firehose_line().replace(b'"rawData": "', b'"rawData": "not base64!'),
        firehose_line().replace(str(ARRIVED_MS).encode(), b"1e400"),
    ],
)  # fmt: skip
def test_any_other_line_is_kept_and_not_tried_again(line: bytes) -> None:
    (record,) = read_records(line)
    assert record.reason == NO_FAILED_RECORD
    assert not is_asked_for(record, "")
    assert sort_out([record], {}, ENDED).left == [line]


def test_each_record_is_delivered_dropped_or_kept_by_its_answer() -> None:
    records = [FailedRecord.from_line(firehose_line(name)) for name in (b"ok", b"dropped", b"refused", b"not asked")]
    answers = {0: Answer("Ok", b'{"orderID":"a"}\n'), 1: Answer("Dropped"), 2: REFUSED}
    tried = sort_out(records, answers, ENDED)
    assert tried.events == b'{"orderID":"a"}\n'
    document = json.loads(tried.left[0])
    assert (document["attemptsMade"], document["errorCode"], document["errorMessage"]) == (
        5,
        REFUSED.code,
        REFUSED.message,
    )
    assert base64.b64decode(document["rawData"]) == b"refused"
    assert tried.left[1] == records[3].line
    assert tried.outcome.redelivered == tried.outcome.dropped == 1
    assert tried.outcome.failed == {REFUSED.reason: 1}


def test_a_record_that_fails_for_the_same_reason_keeps_its_line_byte_for_byte() -> None:
    record = FailedRecord.from_line(firehose_line(code=REFUSED.code, message=REFUSED.message))
    assert sort_out([record], {0: REFUSED}, ENDED).left == [record.line]


def test_only_records_whose_reason_contains_the_text_are_tried() -> None:
    record = FailedRecord.from_line(firehose_line())
    assert is_asked_for(record, "functionerror")
    assert not is_asked_for(record, "quantity")


def test_the_raw_key_depends_on_the_events_their_object_and_the_hour_of_arrival_alone() -> None:
    key = raw_key("errors/processing-failed/dt=2026-11-25/delivery-1", ARRIVED_MS, b"a\n")
    assert key.startswith("raw/orders/dt=2026-11-25/hr=10/redrive-delivery-1-")
    assert key == raw_key("errors/processing-failed/dt=2026-11-25/delivery-1", ARRIVED_MS, b"a\n")
    assert key != raw_key("errors/processing-failed/dt=2026-11-25/delivery-1", ARRIVED_MS, b"b\n")
    assert key != raw_key("errors/processing-failed/dt=2026-11-25/delivery-2", ARRIVED_MS, b"a\n")


@given(st.lists(st.integers(min_value=0, max_value=3 * 2**20), max_size=30))
def test_batches_keep_the_order_and_fit_into_one_call(sizes: list[int]) -> None:
    records = [FailedRecord("x" * size, str(at)) for at, size in enumerate(sizes)]
    cut = list(batches(records))
    assert [record for batch in cut for record in batch] == records
    for batch in cut:
        size = sum(len(record.data or "") for record in batch)
        assert len(batch) == 1 or (len(batch) <= BATCH_RECORDS and size <= BATCH_BYTES)


def attempt(source: str, at: int, found: int, redelivered: int, failed: int) -> dict[str, Any]:
    reasons = {"found": {"f": found}, "failed": {"r": failed} if failed else {}, "passed_over": {}}
    return {"source": source, "at": f"2026-11-25T10:00:0{at}Z", "redelivered": redelivered, "dropped": 0, **reasons}


def test_a_record_that_is_tried_again_counts_once() -> None:
    counts = summarise([attempt("a", 2, 3, 2, 1), attempt("a", 1, 10, 7, 3), attempt("b", 1, 5, 5, 0)])
    assert (counts["found"], counts["redelivered"], counts["left"]) == (15, 14, 1)
    assert counts["by_reason"] == {"r": 1}

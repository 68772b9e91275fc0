"""Each record is delivered, dropped or failed as AWS documents it.

Sources: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html and
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.firehose.conftest import incoming

from local_cloud.firehose.failures import TransformationFailure
from local_cloud.firehose.transformation import InvocationError, StreamIdentity, invocation_event, sort_results

IDENTITY = StreamIdentity("arn:delivery", "us-east-1", "arn:source")


def ok(record_id: str, text: str) -> dict[str, Any]:
    return {"recordId": record_id, "result": "Ok", "data": base64.b64encode(text.encode()).decode()}


def codes_of(answer: Any, count: int) -> list[str]:
    result = sort_results(answer, incoming(*"abcdef"[:count]), "arn:lambda", 1)
    return [failure.code for failure in result.failures]


def test_the_event_is_the_documented_one() -> None:
    (record,) = incoming("a", arrived=1_700_000_000.123)
    event = invocation_event(IDENTITY, [record])
    assert event.pop("invocationId")
    assert event == {
        "deliveryStreamArn": "arn:delivery",
        "region": "us-east-1",
        "sourceKinesisStreamArn": "arn:source",
        "records": [{"recordId": "0", "approximateArrivalTimestamp": 1_700_000_000_123, "data": "YQ=="}],
    }


def test_a_direct_put_has_no_source_stream() -> None:
    assert "sourceKinesisStreamArn" not in invocation_event(StreamIdentity("arn", "us-east-1", None), incoming("a"))


def test_records_keep_the_order_in_which_they_were_sent() -> None:
    result = sort_results({"records": [ok("1", "B"), ok("0", "A")]}, incoming("a", "b"), "arn:lambda", 1)
    assert (result.pieces, result.failures, result.dropped) == ([b"A", b"B"], [], 0)


def test_a_dropped_record_is_neither_delivered_nor_failed() -> None:
    result = sort_results({"records": [{"recordId": "0", "result": "Dropped"}]}, incoming("a"), "arn:lambda", 1)
    assert (result.pieces, result.failures, result.dropped) == ([], [], 1)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([], "Lambda.MissingRecordId"),
        ([ok("another", "x")], "Lambda.MissingRecordId"),
        ([ok("0", "x"), ok("0", "y")], "Lambda.DuplicatedRecordId"),
        ([{"recordId": "0", "result": "ProcessingFailed", "data": "YQ=="}], "Lambda.ProcessingFailedStatus"),
        ([{"recordId": "0", "result": "Fine", "data": "YQ=="}], "Lambda.FunctionError"),
        ([{"recordId": "0", "result": "Ok"}], "Lambda.FunctionError"),
        ([{"recordId": "0", "result": "Ok", "data": "not base64!"}], "Lambda.FunctionError"),
        (["nonsense"], "Lambda.MissingRecordId"),
        ([{"recordId": ["0"], "result": "Ok", "data": "YQ=="}], "Lambda.MissingRecordId"),
    ],
)
def test_a_record_without_a_valid_result_fails(answers: list[Any], code: str) -> None:
    assert codes_of({"records": answers}, 1) == [code]


def test_one_bad_record_does_not_fail_its_neighbours() -> None:
    result = sort_results({"records": [ok("0", "A"), ok("2", "C")]}, incoming("a", "b", "c"), "arn:lambda", 1)
    assert result.pieces == [b"A", b"C"]
    assert [failure.record.record_id for failure in result.failures] == ["1"]


@pytest.mark.parametrize("answer", [None, [], {}, {"records": None}, "text"])
def test_an_answer_without_records_fails_the_batch_without_a_retry(answer: Any) -> None:
    with pytest.raises(InvocationError) as failure:
        sort_results(answer, incoming("a"), "arn:lambda", 1)
    assert not failure.value.may_retry


def test_a_failure_is_one_line_with_the_documented_fields() -> None:
    (record,) = incoming("a\nb", arrived=1_700_000_000.5)
    line = TransformationFailure(record, 4, "Lambda.FunctionError", "boom", 1_700_000_001.0, "arn:lambda").line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "attemptsMade": 4,
        "arrivalTimestamp": 1_700_000_000_500,
        "errorCode": "Lambda.FunctionError",
        "errorMessage": "boom",
        "attemptEndingTimestamp": 1_700_000_001_000,
        "rawData": base64.b64encode(b"a\nb").decode(),
        "lambdaArn": "arn:lambda",
    }


RESULTS = st.sampled_from(["Ok", "Dropped", "ProcessingFailed", "Nonsense"])
ANSWERS = st.lists(st.tuples(st.integers(0, 7), RESULTS), max_size=12)


@given(ANSWERS)
def test_every_record_is_delivered_dropped_or_failed_exactly_once(answers: list[tuple[int, str]]) -> None:
    answer = {"records": [{"recordId": str(number), "result": result, "data": "YQ=="} for number, result in answers]}
    outcome = sort_results(answer, incoming(*"abcdef"), "arn:lambda", 1)
    assert len(outcome.pieces) + len(outcome.failures) + outcome.dropped == 6

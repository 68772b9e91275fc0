"""Records that are no change, requests that are not Firehose's, and what the log says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.include.transforming import (
    firehose_event,
    inserted,
    refuse,
    transform,
    transformer,
)


def without(*path: str) -> dict[str, Any]:
    stream_record = inserted()
    holder: dict[str, Any] = stream_record
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return stream_record


@pytest.mark.parametrize(
    "path",
    [
        ("eventID",),
        ("eventName",),
        ("dynamodb",),
        ("dynamodb", "Keys"),
        ("dynamodb", "Keys", "orderid"),
        ("dynamodb", "NewImage"),
        ("dynamodb", "SequenceNumber"),
        ("dynamodb", "ApproximateCreationDateTime"),
    ],
    ids=".".join,
)
def test_record_that_lacks_what_makes_it_a_change_is_refused(
    path: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    expected = path[-1] if path != ("dynamodb", "Keys", "orderid") else "Keys"
    assert expected in refuse(without(*path), caplog)


@pytest.mark.parametrize(
    "changed",
    [
        {"SequenceNumber": "1" * 41},
        {"SequenceNumber": "12a"},
        {"SequenceNumber": "٣"},
        {"SequenceNumber": "-1"},
        {"SequenceNumber": ""},
        {"SequenceNumber": 12},
        {"ApproximateCreationDateTime": "1795354800"},
        {"ApproximateCreationDateTime": "2026-11-22T13:40:00Z"},
        {"ApproximateCreationDateTime": None},
        {"ApproximateCreationDateTime": True},
        {"ApproximateCreationDateTime": -1},
        {"ApproximateCreationDateTime": 1795354800000},
        {"ApproximateCreationDateTime": float("nan")},
        {"ApproximateCreationDateTime": float("inf")},
        {"Keys": {"orderid": {"S": ""}}},
        {"Keys": {"orderid": {"N": "1"}}},
        {"Keys": {"orderid": {"S": "order-1", "N": "1"}}},
        {"Keys": (both := {"orderid": {"S": "order-1", "N": "1"}}), "NewImage": both},
        {"Keys": {"orderid": "order-1"}},
        {"Keys": {"orderID": {"S": "order-1"}}},
        {"Keys": {"orderid": {"S": "order-2"}}},
        {"Keys": []},
        {"NewImage": []},
        {"NewImage": {}},
    ],
    ids=json.dumps,
)
def test_change_that_is_malformed_is_refused(changed: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    stream_record = inserted()
    stream_record["dynamodb"] |= changed
    refuse(stream_record, caplog)


@pytest.mark.parametrize("event_name", ["insert", "TRUNCATE", None, ["INSERT"], {"INSERT": 1}])
def test_other_event_name_is_refused(event_name: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert "eventName" in refuse(inserted() | {"eventName": event_name}, caplog)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b" ", b"null", b"5", b'"text"', b"[]", b"{}", b"{", b"\xff", b"\xef\xbb\xbf{}", b"NaN"),
        *(b'{"a":1}{"b":2}', b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"1e99999999999999999999"),
        json.dumps(inserted()).encode("utf-16"),
        json.dumps(inserted()).replace("order-1", "\\ud800").encode(),
    ],
    ids=lambda data: ascii(data[:20]),
)
def test_garbage_is_refused_and_returned_as_it_came(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    refuse(data, caplog)


@pytest.mark.parametrize("data", ["%%%", "YQ", "YQ==YQ==", "é", "eyJ9\n"])
def test_data_that_is_not_base64_comes_back_as_it_was(data: str) -> None:
    event = {"records": [{"recordId": "1", "data": data}]}
    assert transformer.handler(event, None) == {
        "records": [{"recordId": "1", "result": "ProcessingFailed", "data": data}]
    }


def test_base64_with_junk_in_it_is_not_read_around_the_junk(caplog: pytest.LogCaptureFixture) -> None:
    event = firehose_event(inserted())
    event["records"][0]["data"] += "%"
    assert transformer.handler(event, None)["records"][0]["result"] == "ProcessingFailed"
    assert "not base64" in caplog.text


@pytest.mark.parametrize("record", [{"recordId": "1"}, {"recordId": "1", "data": None}, {"recordId": "1", "data": 5}])
def test_record_without_data_is_answered(record: dict[str, Any]) -> None:
    assert transformer.handler({"records": [record]}, None) == {
        "records": [{"recordId": "1", "result": "ProcessingFailed", "data": ""}]
    }


def test_what_has_no_record_id_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    good = firehose_event(inserted())["records"][0]
    answers = transformer.handler({"records": [None, "text", {"data": ""}, good]}, None)["records"]
    assert [answer["recordId"] for answer in answers] == [good["recordId"]]
    assert caplog.messages == ["3 of 4 records have no recordId, so they cannot be answered"]


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"records": None}, {"records": {}}, [], None, "text"])
def test_event_from_elsewhere_is_a_clear_error(event: Any) -> None:
    with pytest.raises(ValueError, match="no list 'records', so it does not come from a Firehose delivery stream"):
        transformer.handler(event, None)


def test_log_line_names_the_record_and_the_event(caplog: pytest.LogCaptureFixture) -> None:
    assert refuse(inserted() | {"eventName": "insert"}, caplog) == (
        f"ProcessingFailed recordId=4956{0:052d} eventID=c4ca4238a0b923820dcc509a6f75849b: "
        "eventName is not INSERT, MODIFY or REMOVE"
    )


@pytest.mark.parametrize("event_id", ["a\nb", "x" * 300, "Jane Doe, 1 High Street", "é"])
def test_event_id_unfit_for_a_log_line_stays_out_of_it(event_id: str, caplog: pytest.LogCaptureFixture) -> None:
    assert "eventID=?: " in refuse(inserted() | {"eventID": event_id, "eventName": "insert"}, caplog)


def test_response_over_the_limit_of_lambda_sends_back_what_grew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    grows = json.dumps(inserted(note={"S": "\u2028" * 300}), ensure_ascii=False).encode()
    event = firehose_event(inserted(), grows, inserted())
    whole = transformer.handler(event, None)
    monkeypatch.setattr(transformer, "RESPONSE_LIMIT_BYTES", len(json.dumps(whole)) - 100)
    response = transformer.handler(event, None)
    assert [answer["result"] for answer in response["records"]] == ["Ok", "ProcessingFailed", "Ok"]
    assert response["records"][1]["data"] == event["records"][1]["data"]
    assert len(json.dumps(response)) < len(json.dumps(whole)) - 100
    assert "6 MB" in caplog.text


def test_response_that_nothing_can_shorten_is_returned_with_one_log_line_a_record(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(transformer, "RESPONSE_LIMIT_BYTES", 10)
    assert [answer["result"] for answer in transform(b"garbage", b"garbage")] == ["ProcessingFailed"] * 2
    assert len(caplog.messages) == 2


# Properties. A random item is drawn together with what its row must hold.


def poison_with(secret: str) -> dict[str, Any]:
    """Records that are refused for as many reasons as there are, each full of one secret."""
    item = inserted(product_name={"S": secret}, note={"S": secret})
    change = item["dynamodb"]
    key = {"orderid": {"S": secret}}
    change |= {"Keys": key, "NewImage": change["NewImage"] | key}
    records: dict[str, Any] = {
        "event name": item | {"eventName": secret},
        "sequence number": item | {"dynamodb": change | {"SequenceNumber": secret}},
        "time": item | {"dynamodb": change | {"ApproximateCreationDateTime": secret}},
        "other key": item | {"dynamodb": change | {"Keys": {"orderid": {"S": secret + "2"}}}},
        "no JSON": secret.encode(),
        "no UTF-8": secret.encode() + b"\xff",
    }
    return records


@pytest.mark.parametrize("reason", poison_with(""))
def test_no_value_of_a_refused_item_reaches_the_log(reason: str, caplog: pytest.LogCaptureFixture) -> None:
    secret = "janedoehighstreet"
    line = refuse(poison_with(secret)[reason], caplog)
    assert secret not in line

"""Kinesis's CBOR: bytes for blobs, tagged milliseconds for timestamps, as the AWS SDK for Java writes and reads them."""

from __future__ import annotations

import base64
import json

import cbor2
import pytest

from local_cloud.cbor import MEDIA_TYPE, decode, encode, json_body

HEADERS = {"content-type": MEDIA_TYPE, "x-amz-target": "Kinesis_20131202.PutRecord"}


def test_a_request_with_bytes_becomes_base64() -> None:
    body = cbor2.dumps({"Records": [{"Data": b"\x00\xff", "PartitionKey": "a"}], "StreamName": "s"})
    records = decode("PutRecords", body)["Records"]
    assert records == [{"Data": base64.b64encode(b"\x00\xff").decode(), "PartitionKey": "a"}]


def test_a_timestamp_is_milliseconds_on_the_wire() -> None:
    body = cbor2.dumps({"Timestamp": cbor2.CBORTag(1, 1_700_000_000_123), "ShardIteratorType": "AT_TIMESTAMP"})
    assert decode("GetShardIterator", body)["Timestamp"] == 1_700_000_000.123
    answer = {"Records": [{"Data": "AP8=", "ApproximateArrivalTimestamp": 1_700_000_000.123, "PartitionKey": "a"}]}
    encoded = cbor2.loads(encode("GetRecords", answer), semantic_decoders={1: lambda value, _: value})
    assert encoded == {
        "Records": [{"Data": b"\x00\xff", "ApproximateArrivalTimestamp": 1_700_000_000_123, "PartitionKey": "a"}]
    }


def test_an_indefinite_map_is_read() -> None:
    """Jackson, with which the SDK for Java writes, does not say how long a map will be."""
    assert decode("ListShards", bytes.fromhex("bf6a53747265616d4e616d656173ff")) == {"StreamName": "s"}


@pytest.mark.parametrize("body", [b"\xff", b"\xa1\x61", cbor2.dumps([1]), b"{}"])
def test_what_is_no_map_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 each kind has words of its own
        decode("PutRecord", body)


def test_the_resource_of_a_request_can_be_read() -> None:
    assert json.loads(json_body(HEADERS, cbor2.dumps({"StreamName": "s", "Data": b"\xff"})))["StreamName"] == "s"
    assert json_body(HEADERS, b"\xff") == b"{}"
    assert json_body({"content-type": "application/x-amz-json-1.1"}, b"as it is") == b"as it is"


def test_an_error_has_no_shape() -> None:
    refusal = {"__type": "ResourceNotFoundException", "message": "no"}
    assert cbor2.loads(encode("GetRecords", refusal, is_error=True)) == refusal

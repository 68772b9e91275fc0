"""What Kinesis refuses, by its codes, and its sizes. Judges: botocore's model of each operation, and moto's Kinesis."""

from __future__ import annotations

import base64
from types import ModuleType
from typing import Any

import pytest
from tests.unit.emulator.kinesis_module import Kinesis

from local_cloud.emulator.kinesis_limits import patch_kinesis_limits
from local_cloud.emulator.seams import SeamMovedError

NOW = 1_700_000_000.0
SHARD = "shardId-000000000000"


@pytest.fixture
def clock() -> list[float]:
    return [NOW]


@pytest.fixture
def kinesis(clock: list[float]) -> Kinesis:
    made = Kinesis()
    patch_kinesis_limits(made.module, lambda: clock[0])
    return made


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("_get_shard_iterator", {"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, "InvalidArgumentException"),
        ("_get_shard_iterator", {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER"}, "InvalidArgumentException"),
        ("_get_shard_iterator", {"ShardIteratorType": "AT_TIMESTAMP"}, "InvalidArgumentException"),
        ("_get_shard_iterator", {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": NOW + 60}, "InvalidArgumentException"),
        ("_get_records", {"ShardIterator": "no iterator"}, "InvalidArgumentException"),
        ("_get_records", {"ShardIterator": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}, "ExpiredIteratorException"),
        ("_get_records", {"ShardIterator": "x", "Limit": 10_001}, "InvalidArgumentException"),
        ("_increase_retention", {"RetentionPeriodHours": 8761}, "InvalidArgumentException"),
        ("_increase_retention", {"RetentionPeriodHours": 23}, "InvalidArgumentException"),
        ("_decrease_retention", {"RetentionPeriodHours": 23}, "InvalidArgumentException"),
        ("_decrease_retention", {"RetentionPeriodHours": 48}, "InvalidArgumentException"),
    ],
)  # fmt: skip
def test_a_call_beyond_a_limit_is_refused(
    kinesis: Kinesis, operation: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(AssertionError, match=code):
        kinesis.ask(operation, ShardId=SHARD, **request_)


def test_the_retention_goes_up_and_down_within_its_limits(kinesis: Kinesis) -> None:
    kinesis.ask("_increase_retention", RetentionPeriodHours=8760)
    with pytest.raises(AssertionError, match="Use DecreaseRetentionPeriod API"):
        kinesis.ask("_increase_retention", RetentionPeriodHours=48)
    kinesis.ask("_decrease_retention", RetentionPeriodHours=24)
    assert kinesis.stream["RetentionPeriodHours"] == 24


def test_a_stream_on_demand_begins_with_four_shards(kinesis: Kinesis) -> None:
    """Source: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html"""
    kinesis.ask("_create_stream", StreamName="more", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert len(kinesis.module._streams["more"]["shards"]) == 4


def test_a_page_has_at_most_ten_mebibytes_and_the_next_one_the_rest(kinesis: Kinesis) -> None:
    """Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html"""
    payload = base64.b64encode(bytes(2**20 - 1)).decode()
    for _ in range(4):
        kinesis.ask("_put_records", Records=[{"Data": payload, "PartitionKey": "k"}] * 4)
    iterator, sizes = kinesis.iterator(SHARD), []
    while len(sizes) < 3:
        page = kinesis.ask("_get_records", ShardIterator=iterator)
        sizes.append(len(page["Records"]))
        iterator = page["NextShardIterator"]
    assert sizes == [10, 6, 0]


@pytest.mark.parametrize("operation", ["_put_record", "_put_records"])
def test_data_and_partition_key_fit_into_a_record_together(kinesis: Kinesis, operation: str) -> None:
    """Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html; moto's ``test_kinesis_stream_limits.py``."""

    def put(size_bytes: int) -> None:
        record = {"Data": base64.b64encode(bytes(size_bytes)).decode(), "PartitionKey": "key"}
        kinesis.ask(operation, **(record if operation == "_put_record" else {"Records": [record]}))

    put(2**20 - 3)
    with pytest.raises(AssertionError, match=r"data' failed to satisfy constraint: Member must have length .* 1048576"):
        put(2**20 - 2)


def test_a_call_with_more_than_five_mebibytes_is_refused(kinesis: Kinesis) -> None:
    payload = base64.b64encode(bytes(2**20)).decode()
    with pytest.raises(AssertionError, match="InvalidArgumentException"):
        kinesis.ask("_put_records", Records=[{"Data": payload, "PartitionKey": "k"}] * 6)


def test_sequence_numbers_never_go_back_with_the_clock_nor_over_a_restart(kinesis: Kinesis, clock: list[float]) -> None:
    kinesis.put("one", "two")
    clock[0] -= 3600
    kinesis.put("three")
    patch_kinesis_limits(kinesis.module, lambda: clock[0])  # what a restart does: the numbers are found in the streams
    kinesis.put("four")
    numbers = [record["SequenceNumber"] for record in kinesis.stream["shards"][SHARD]["records"]]
    assert numbers == sorted(numbers, key=int)
    assert numbers == sorted(numbers)
    assert {len(number) for number in numbers} == {56}


def test_a_missing_function_is_an_error() -> None:
    with pytest.raises(SeamMovedError, match="_get_records"):
        patch_kinesis_limits(ModuleType("kinesis"))

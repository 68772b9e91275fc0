"""ListShards by filter and by token. What each filter returns is in botocore's model of Kinesis.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.emulator.kinesis_module import Kinesis

from local_cloud.emulator.kinesis_limits import patch_kinesis_limits
from local_cloud.emulator.resharding import patch_resharding
from local_cloud.emulator.shard_listing import patch_shard_listing

CREATED, SPLIT, MERGED = 1000.0, 2000.0, 3000.0


class Clock:
    now = CREATED

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kinesis(clock: Clock) -> Kinesis:
    """A stream of one shard (0) that is split after a while (1 and 2), which are merged after another (3)."""
    made = Kinesis()
    patch_kinesis_limits(made.module, clock)
    patch_resharding(made.module)
    patch_shard_listing(made.module, clock)
    made.ask("_delete_stream")
    made.ask("_create_stream", ShardCount=1)
    clock.now = SPLIT
    made.ask("_split_shard", ShardToSplit=shard(0), NewStartingHashKey=str(2**127))
    clock.now = MERGED
    made.ask("_merge_shards", ShardToMerge=shard(1), AdjacentShardToMerge=shard(2))
    clock.now = MERGED + 10
    return made


def shard(number: int) -> str:
    return f"shardId-{number:012d}"


def numbers(answer: dict[str, Any]) -> list[int]:
    return [int(one["ShardId"].partition("-")[2]) for one in answer["Shards"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"Type": "AT_LATEST"}, [3]),
        ({"Type": "AT_TRIM_HORIZON"}, [0]),
        ({"Type": "FROM_TRIM_HORIZON"}, [0, 1, 2, 3]),
        ({"Type": "AFTER_SHARD_ID", "ShardId": shard(1)}, [2, 3]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": SPLIT - 1}, [0]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": SPLIT + 1}, [1, 2]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": CREATED - 1}, []),
        ({"Type": "FROM_TIMESTAMP", "Timestamp": SPLIT + 1}, [1, 2, 3]),
        ({"Type": "FROM_TIMESTAMP", "Timestamp": CREATED - 1}, [0, 1, 2, 3]),
    ],
)
def test_a_filter_returns_the_shards_of_its_time(kinesis: Kinesis, wanted: dict[str, Any], found: list[int]) -> None:
    assert numbers(kinesis.ask("_list_shards", ShardFilter=wanted)) == found


def test_shards_past_the_retention_are_before_the_trim_horizon(kinesis: Kinesis, clock: Clock) -> None:
    clock.now = SPLIT + 24 * 3600 + 1
    assert numbers(kinesis.ask("_list_shards", ShardFilter={"Type": "FROM_TRIM_HORIZON"})) == [1, 2, 3]
    assert numbers(kinesis.ask("_list_shards", ShardFilter={"Type": "AT_TRIM_HORIZON"})) == [1, 2]
    assert numbers(kinesis.ask("_list_shards")) == [0, 1, 2, 3]


def test_a_token_alone_continues_with_its_filter_for_five_minutes(kinesis: Kinesis, clock: Clock) -> None:
    wanted = {"Type": "FROM_TIMESTAMP", "Timestamp": SPLIT + 1}
    first = kinesis.ask("_list_shards", ShardFilter=wanted, MaxResults=2)
    assert numbers(first) == [1, 2]
    status, _, body = kinesis.module._list_shards({"NextToken": first["NextToken"]})
    assert (status, b"NextToken" in body, shard(3).encode() in body) == (200, False, True)
    clock.now += 301
    assert b"ExpiredNextTokenException" in kinesis.module._list_shards({"NextToken": first["NextToken"]})[2]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"ShardFilter": {"Type": "AFTER_SHARD_ID"}}, "ShardId must be given"),
        ({"ShardFilter": {"Type": "AT_TIMESTAMP"}}, "Timestamp must be given"),
        ({"ShardFilter": {"Type": "AT_LATEST", "ShardId": shard(0)}}, "ShardId cannot be given"),
        ({"NextToken": "none"}, "Invalid NextToken"),
    ],
)
def test_a_request_that_contradicts_itself_is_refused(kinesis: Kinesis, request_: dict[str, Any], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        kinesis.ask("_list_shards", **request_)


def test_a_token_names_the_stream(kinesis: Kinesis) -> None:
    token = kinesis.ask("_list_shards", MaxResults=1)["NextToken"]
    with pytest.raises(AssertionError, match="NextToken and StreamName cannot be provided together"):
        kinesis.ask("_list_shards", NextToken=token)

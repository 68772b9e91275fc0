"""A stream that is split and merged keeps the records of its closed shards and names their children."""

from __future__ import annotations

from types import ModuleType

import pytest
from tests.unit.emulator.kinesis_module import Kinesis

from local_cloud.emulator.resharding import patch_resharding
from local_cloud.emulator.seams import SeamMovedError

MIDDLE = 2**127
FIRST, LEFT, RIGHT, MERGED = (f"shardId-{number:012d}" for number in range(4))


@pytest.fixture
def kinesis() -> Kinesis:
    made = Kinesis()
    patch_resharding(made.module)
    return made


def test_a_split_shard_can_be_read_to_its_end_which_names_its_children(kinesis: Kinesis) -> None:
    """GetRecords: NextShardIterator, ChildShards.

    Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
    """
    kinesis.put("before")
    kinesis.ask("_split_shard", ShardToSplit=FIRST, NewStartingHashKey=str(MIDDLE))
    kinesis.put("left")
    kinesis.put("right", hash_key=MIDDLE)
    payloads, page = kinesis.read(kinesis.iterator(FIRST))
    assert payloads == ["before"]
    assert "NextShardIterator" not in page
    assert [(one["ShardId"], one["ParentShards"]) for one in page["ChildShards"]] == [(LEFT, [FIRST]), (RIGHT, [FIRST])]
    assert [kinesis.read(kinesis.iterator(one))[0] for one in (LEFT, RIGHT)] == [["left"], ["right"]]


def test_a_reader_in_the_middle_of_a_closed_shard_continues(kinesis: Kinesis) -> None:
    kinesis.put("one", "two")
    iterator = kinesis.iterator(FIRST)
    kinesis.ask("_split_shard", ShardToSplit=FIRST, NewStartingHashKey=str(MIDDLE))
    following = kinesis.ask("_get_records", ShardIterator=iterator, Limit=1)["NextShardIterator"]
    assert kinesis.read(following)[0] == ["two"]


def test_merged_shards_are_both_parents_and_only_open_ones_count(kinesis: Kinesis) -> None:
    kinesis.ask("_split_shard", ShardToSplit=FIRST, NewStartingHashKey=str(MIDDLE))
    kinesis.ask("_merge_shards", ShardToMerge=LEFT, AdjacentShardToMerge=RIGHT)
    listed = {one["ShardId"]: one for one in kinesis.ask("_list_shards")["Shards"]}
    assert (listed[MERGED]["ParentShardId"], listed[MERGED]["AdjacentParentShardId"]) == (LEFT, RIGHT)
    ends = {name for name, one in listed.items() if "EndingSequenceNumber" in one["SequenceNumberRange"]}
    assert ends == {FIRST, LEFT, RIGHT}
    assert kinesis.ask("_describe_stream_summary")["StreamDescriptionSummary"]["OpenShardCount"] == 1


def test_a_closed_shard_cannot_be_split_again(kinesis: Kinesis) -> None:
    kinesis.ask("_split_shard", ShardToSplit=FIRST, NewStartingHashKey=str(MIDDLE))
    with pytest.raises(AssertionError, match="InvalidArgumentException"):
        kinesis.ask("_split_shard", ShardToSplit=FIRST, NewStartingHashKey=str(MIDDLE))


@pytest.mark.parametrize(("before", "after"), [(1, 2), (4, 2), (3, 2), (2, 3), (2, 2), (5, 10)])
def test_a_new_count_divides_the_keys_evenly_and_keeps_the_records(before: int, after: int) -> None:
    """UpdateShardCount: UNIFORM_SCALING.

    Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
    """
    kinesis = Kinesis(before)
    patch_resharding(kinesis.module)
    keys = [step * 2**125 for step in range(8)]
    for key in keys:
        kinesis.put(f"{key}", hash_key=key)
    answer = kinesis.ask("_update_shard_count", TargetShardCount=after)
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (before, after)
    listed = kinesis.ask("_list_shards")["Shards"]
    opened = [one["HashKeyRange"] for one in listed if "EndingSequenceNumber" not in one["SequenceNumberRange"]]
    ranges = sorted((int(one["StartingHashKey"]), int(one["EndingHashKey"])) for one in opened)
    assert ranges == [(int(low), int(high)) for low, high in kinesis.module._compute_hash_ranges(after)]
    read = [payload for one in listed for payload in kinesis.read(kinesis.iterator(one["ShardId"]))[0]]
    assert sorted(read) == sorted(map(str, keys))


FOUR = [f"shardId-{number:012d}" for number in range(4)]


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("_merge_shards", {"ShardToMerge": FOUR[1], "AdjacentShardToMerge": FOUR[1]}, "InvalidArgumentException"),
        ("_merge_shards", {"ShardToMerge": FOUR[0], "AdjacentShardToMerge": FOUR[2]}, "InvalidArgumentException"),
        ("_merge_shards", {"ShardToMerge": FOUR[0], "AdjacentShardToMerge": "none"}, "ResourceNotFoundException"),
        ("_split_shard", {"ShardToSplit": "none", "NewStartingHashKey": "1"}, "ResourceNotFoundException"),
        ("_split_shard", {"ShardToSplit": FOUR[0], "NewStartingHashKey": "0"}, "InvalidArgumentException"),
        ("_split_shard", {"ShardToSplit": FOUR[0], "NewStartingHashKey": str(2**126 - 1)}, "InvalidArgumentException"),
        ("_split_shard", {"ShardToSplit": FOUR[0], "NewStartingHashKey": str(2**127)}, "InvalidArgumentException"),
        ("_split_shard", {"ShardToSplit": FOUR[0], "NewStartingHashKey": "-5"}, "ValidationException"),
        ("_update_shard_count", {"TargetShardCount": 9}, "InvalidArgumentException"),
        ("_update_shard_count", {"TargetShardCount": 1}, "InvalidArgumentException"),
        ("_update_shard_count", {"TargetShardCount": 10_001}, "LimitExceededException"),
    ],
)
def test_what_aws_refuses_changes_nothing(operation: str, request_: dict[str, str], code: str) -> None:
    """MergeShards, SplitShard, UpdateShardCount: botocore's model lists their errors; moto's Kinesis refuses the same.

    Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html (two adjacent shards)
    """
    kinesis = Kinesis(4)
    patch_resharding(kinesis.module)
    for number in range(4):
        kinesis.put(f"{number}", hash_key=number * 2**126)
    before = kinesis.ask("_list_shards")
    with pytest.raises(AssertionError, match=code):
        kinesis.ask(operation, **request_)
    assert kinesis.ask("_list_shards") == before
    assert [kinesis.read(kinesis.iterator(one))[0] for one in FOUR] == [["0"], ["1"], ["2"], ["3"]]


def test_a_merge_takes_its_two_shards_in_either_order(kinesis: Kinesis) -> None:
    kinesis.ask("_split_shard", ShardToSplit=FIRST, NewStartingHashKey=str(MIDDLE))
    kinesis.ask("_merge_shards", ShardToMerge=RIGHT, AdjacentShardToMerge=LEFT)
    merged = next(one for one in kinesis.ask("_list_shards")["Shards"] if one["ShardId"] == MERGED)
    assert merged["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}


def test_a_stream_is_scaled_ten_times_a_day(kinesis: Kinesis) -> None:
    for number in range(10):
        kinesis.ask("_update_shard_count", TargetShardCount=2 if number % 2 == 0 else 1)
    with pytest.raises(AssertionError, match="LimitExceededException"):
        kinesis.ask("_update_shard_count", TargetShardCount=2)


@pytest.mark.parametrize("operation", ["_split_shard", "_merge_shards", "_update_shard_count"])
def test_a_stream_on_demand_is_not_resharded_by_hand(kinesis: Kinesis, operation: str) -> None:
    kinesis.stream["StreamModeDetails"] = {"StreamMode": "ON_DEMAND"}
    with pytest.raises(AssertionError, match="ValidationException"):
        kinesis.ask(operation, TargetShardCount=2, ShardToSplit=FIRST, ShardToMerge=FIRST, AdjacentShardToMerge=FIRST)


def test_a_missing_function_is_an_error() -> None:
    with pytest.raises(SeamMovedError, match="_split_shard"):
        patch_resharding(ModuleType("kinesis"))

"""The shards of a stream are read in the order that keeps a key's records in order."""

from __future__ import annotations

import pytest

from local_cloud.shards import Shard, readable

LEFT, RIGHT = Shard("left"), Shard("right")
MERGED = Shard.of({"ShardId": "merged", "ParentShardId": "left", "AdjacentParentShardId": "right"})


@pytest.mark.parametrize(
    ("finished", "expected"),
    [
        (set(), ["left", "right"]),
        ({"left"}, ["right"]),
        ({"right"}, ["left"]),
        ({"left", "right"}, ["merged"]),
        ({"left", "right", "merged"}, []),
    ],
)
def test_a_merged_shard_is_read_after_both_of_its_parents(finished: set[str], expected: list[str]) -> None:
    """Otherwise the records of a key come in another order.

    Source: https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
    """
    found = readable([LEFT, RIGHT, MERGED], finished.__contains__)
    assert [shard.shard_id for shard in found] == expected


def test_a_shard_does_not_wait_for_a_parent_that_is_no_longer_listed() -> None:
    assert readable([MERGED], lambda _: False) == [MERGED]

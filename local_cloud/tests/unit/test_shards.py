"""The order in which the shards of a stream are read."""

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
    """Kinesis Developer Guide, *After resharding*: else the changes of a key come in another order."""
    found = readable([LEFT, RIGHT, MERGED], finished.__contains__)
    assert [shard.shard_id for shard in found] == expected


def test_a_parent_that_is_not_listed_any_more_is_not_waited_for() -> None:
    assert readable([MERGED], lambda _: False) == [MERGED]

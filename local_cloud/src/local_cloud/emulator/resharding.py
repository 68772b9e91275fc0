"""Close a shard that is split or merged, and keep its records.

MiniStack deletes the shard with records that nobody has read. On AWS a closed shard disappears when its records are past the
retention; here it stays, empty. Sources:
https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html,
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html (the last page of a closed shard has
``ChildShards`` and no ``NextShardIterator``) and
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html. What is refused, and by which code: those pages and
moto's Kinesis; in doubt nothing is changed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from local_cloud.emulator.kinesis_limits import ON_DEMAND, Operation, Refused, refusing, unquoted
from local_cloud.emulator.seams import require
from local_cloud.wire import Answer, Json

MAX_RESHARDINGS, RESHARDING_SECONDS, MAX_SHARDS = 10, 24 * 3600, 10_000
RESHARDINGS = "local_cloud_reshardings"

_INVALID = "InvalidArgumentException"
END = "ending_sequence_number"
_NEEDED = (
    "_compute_hash_ranges", "_describe_stream_summary", "_get_records", "_merge_shards", "_next_sequence_number", "_resolve_stream",
    "_route_to_shard", "_shard_iterators", "_shard_out", "_split_shard", "_streams", "_update_shard_count",
)  # fmt: skip


def patch_resharding(kinesis: Any) -> None:
    """Replace the resharding of ``ministack.services.kinesis``.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(kinesis, *_NEEDED)
    shown = kinesis._shard_out
    split = _closing(kinesis, kinesis._split_shard, "ShardToSplit")
    merge = _closing(kinesis, kinesis._merge_shards, "ShardToMerge", "AdjacentShardToMerge")
    count = _to_count(kinesis, kinesis._update_shard_count, split, merge)
    kinesis._split_shard = refusing(kinesis, split, _of_split)
    kinesis._merge_shards = refusing(kinesis, merge, _of_merge)
    kinesis._update_shard_count = refusing(kinesis, count, _of_count)
    kinesis._get_records = _ending(kinesis, kinesis._get_records)
    kinesis._describe_stream_summary = _counting_open(kinesis, kinesis._describe_stream_summary)
    kinesis._shard_out = lambda shard_id, shard: _with_end(shown(shard_id, shard), shard)
    kinesis._route_to_shard = _among_open(kinesis._route_to_shard)


def open_shards(stream: Json) -> Json:
    """Return the shards that take records."""
    shards: Json = stream["shards"]
    return {shard_id: shard for shard_id, shard in shards.items() if END not in shard}


def _among_open(route: Callable[[int, Json], str]) -> Callable[[int, Json], str]:
    """Return ``route``, called for every record, limited to the open shards."""

    def routed(key: int, stream: Json) -> str:
        has_closed = any(END in shard for shard in stream["shards"].values())
        return route(key, {**stream, "shards": open_shards(stream)} if has_closed else stream)

    return routed


def _closing(kinesis: Any, reshard: Operation, *named: str) -> Operation:
    """Return ``reshard`` so that the shards named in its request stay, closed."""

    def closed(data: Json) -> Answer:
        _, stream = kinesis._resolve_stream(data)
        parents = {data.get(name): stream["shards"].get(data.get(name)) for name in named} if stream else {}
        end = kinesis._next_sequence_number()
        answer = reshard(data)
        if answer[0] == 200:
            stream["shards"].update({shard_id: {**shard, END: end} for shard_id, shard in parents.items()})
        return answer

    return closed


def _not_reshardable(stream: Json, *shard_ids: str) -> Refused:
    """Return why the shards of this stream cannot be split or merged; None when they can."""
    where = f"in stream {stream['StreamName']}"
    if (stream.get("StreamModeDetails") or {}).get("StreamMode") == ON_DEMAND:
        return "ValidationException", f"Request is invalid. Stream {stream['StreamName']} is in On-Demand mode."
    for shard_id in shard_ids:
        shard = stream["shards"].get(shard_id)
        if shard is None:
            return "ResourceNotFoundException", f"Could not find shard {shard_id} {where}."
        if END in shard:
            why = "has already been merged or split, and thus is not eligible for merging or splitting."
            return _INVALID, f"Shard {shard_id} {where} {why}"
    return None


def _of_split(data: Json, stream: Json) -> Refused:
    shard_id, key = str(data.get("ShardToSplit")), str(data.get("NewStartingHashKey"))
    if refused := _not_reshardable(stream, shard_id):
        return refused
    if not re.fullmatch(r"0|[1-9]\d{0,38}", key):
        return "ValidationException", f"1 validation error detected: NewStartingHashKey: {key!r} is no hash key."
    low, high = _range(stream["shards"][shard_id])
    if low < int(key) < high:
        return None
    named = f"NewStartingHashKey {key} used in SplitShard() on shard {shard_id} in stream {stream['StreamName']}"
    return _INVALID, (
        f"{named} is not both greater than one plus the shard's StartingHashKey {low} and less than the shard's EndingHashKey {high}."
    )


def _of_merge(data: Json, stream: Json) -> Refused:
    first, second = str(data.get("ShardToMerge")), str(data.get("AdjacentShardToMerge"))
    if refused := _not_reshardable(stream, first, second):
        return refused
    ranges = sorted([_range(stream["shards"][first]), _range(stream["shards"][second])])
    if first != second and ranges[0][1] + 1 == ranges[1][0]:
        return None
    return _INVALID, f"Shards {first} and {second} in stream {stream['StreamName']} are not an adjacent pair of shards."


def _of_count(data: Json, stream: Json) -> Refused:
    target, current = int(data.get("TargetShardCount") or 0), len(open_shards(stream))
    if refused := _not_reshardable(stream):
        return refused
    counts = f"Current open shard count: {current} Target shard count: {target}"
    if target > MAX_SHARDS:
        return "LimitExceededException", f"A stream has at most {MAX_SHARDS} shards. {counts}"
    if target > 2 * current:
        return _INVALID, f"UpdateShardCount cannot scale up over double your current open shard count. {counts}"
    if 0 < 2 * target < current:
        return _INVALID, f"UpdateShardCount cannot scale down below half your current open shard count. {counts}"
    recent = [at for at in stream.get(RESHARDINGS, []) if at > time.time() - RESHARDING_SECONDS]
    if len(recent) >= MAX_RESHARDINGS:
        return "LimitExceededException", f"A stream is scaled at most {MAX_RESHARDINGS} times in 24 hours. {counts}"
    return None


def _range(shard: Json) -> tuple[int, int]:
    return int(shard["starting_hash_key"]), int(shard["ending_hash_key"])


def _to_count(kinesis: Any, update: Operation, split: Operation, merge: Operation) -> Operation:
    """Return ``update`` as splits at the borders of the wanted shards, and merges within each."""

    def updated(data: Json) -> Answer:
        _, stream = kinesis._resolve_stream(data)
        target = int(data.get("TargetShardCount") or 0)
        if stream is None or target < 1:
            return update(data)  # it answers with the error
        count, named = len(open_shards(stream)), {"StreamARN": stream["StreamARN"]}
        ranges = [(int(low), int(high)) for low, high in kinesis._compute_hash_ranges(target)]
        for low, _ in ranges:
            for shard_id, shard in open_shards(stream).items():
                if int(shard["starting_hash_key"]) < low <= int(shard["ending_hash_key"]):
                    split({**named, "ShardToSplit": shard_id, "NewStartingHashKey": str(low)})
        for low, high in ranges:
            while len(inside := _within(stream, low, high)) > 1:
                merge({**named, "ShardToMerge": inside[0], "AdjacentShardToMerge": inside[1]})
        stream[RESHARDINGS] = [*stream.get(RESHARDINGS, []), time.time()][-MAX_RESHARDINGS:]
        counts = {"CurrentShardCount": count, "TargetShardCount": target}
        return _answer(kinesis, {"StreamName": stream["StreamName"], **counts, **named})

    return updated


def _within(stream: Json, low: int, high: int) -> list[str]:
    """Return the open shards between two hash keys, in their order."""
    starts = {shard_id: int(shard["starting_hash_key"]) for shard_id, shard in open_shards(stream).items()}
    return sorted((one for one, start in starts.items() if low <= start <= high), key=starts.__getitem__)


def _ending(kinesis: Any, get_records: Operation) -> Operation:
    """Return ``get_records``; its last page of a closed shard names the children, not a next iterator."""

    def read(request: Json) -> Answer:
        data = unquoted(request)
        answer = get_records(data)
        place = kinesis._shard_iterators.get(data.get("ShardIterator"))
        stream = kinesis._streams.get(place["stream"]) if place and answer[0] == 200 else None
        if stream is None or END not in stream["shards"][place["shard_id"]]:
            return answer
        document = json.loads(answer[2])
        following = document["NextShardIterator"]
        if kinesis._shard_iterators[following]["position"] < len(stream["shards"][place["shard_id"]]["records"]):
            return answer
        del kinesis._shard_iterators[following], document["NextShardIterator"]
        return _answer(kinesis, {**document, "ChildShards": _children(stream, place["shard_id"])})

    return read


def _children(stream: Json, parent: str) -> list[Json]:
    children = []
    for shard_id, shard in stream["shards"].items():
        parents = [one for one in (shard["parent_shard_id"], shard["adjacent_parent_shard_id"]) if one]
        if parent in parents:
            keys = {"StartingHashKey": shard["starting_hash_key"], "EndingHashKey": shard["ending_hash_key"]}
            children.append({"ShardId": shard_id, "ParentShards": parents, "HashKeyRange": keys})
    return children


def _counting_open(kinesis: Any, describe: Operation) -> Operation:
    def described(data: Json) -> Answer:
        answer = describe(data)
        _, stream = kinesis._resolve_stream(data)
        if answer[0] != 200 or stream is None:
            return answer
        document = json.loads(answer[2])
        document["StreamDescriptionSummary"]["OpenShardCount"] = len(open_shards(stream))
        return _answer(kinesis, document)

    return described


def _with_end(shown: Json, shard: Json) -> Json:
    if END in shard:
        shown["SequenceNumberRange"]["EndingSequenceNumber"] = shard[END]
    return shown


def _answer(kinesis: Any, document: Json) -> Answer:
    found: Answer = kinesis.json_response(document)
    return found

"""List the shards of a stream as ListShards does: by filter, and page by page with a token alone.

MiniStack knows no ShardFilter, and its tokens need the stream's name beside them. When a shard was opened and closed is in its sequence
numbers. Without a filter, closed shards are listed for ever (``resharding.py``). Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html, and botocore's model for what each filter
returns.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from local_cloud.emulator.kinesis_limits import Refused, given_at_milliseconds
from local_cloud.emulator.resharding import END
from local_cloud.emulator.seams import require
from local_cloud.wire import Json

MAX_SHARDS_A_PAGE, TOKEN_SECONDS = 1000, 300
_INVALID = "InvalidArgumentException"
_ASKED = ("StreamName", "StreamARN", "StreamCreationTimestamp", "ExclusiveStartShardId", "ShardFilter")
_NEEDED_BY = {"AFTER_SHARD_ID": "ShardId", "AT_TIMESTAMP": "Timestamp", "FROM_TIMESTAMP": "Timestamp"}


def patch_shard_listing(kinesis: Any, now: Callable[[], float] = time.time) -> None:
    """Replace ListShards of ``ministack.services.kinesis``.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(
        kinesis,
        "_ensure_active",
        "_list_shards",
        "_resolve_stream",
        "_shard_out",
        "error_response_json",
        "json_response",
    )

    def listed(data: Json) -> Any:
        asked = _continued(data) if data.get("NextToken") else data
        refused = (_INVALID, "Invalid NextToken.") if asked is None else _refusal(data, asked, now())
        if asked is None or refused is not None:
            return kinesis.error_response_json(*(refused or ()), 400)
        name, stream = kinesis._resolve_stream(asked)
        if stream is None:
            return kinesis.error_response_json("ResourceNotFoundException", f"Stream {name} not found.", 400)
        kinesis._ensure_active(stream)
        found = list(_chosen(stream, asked, int(now() * 1000)))
        size = min(int(data.get("MaxResults") or MAX_SHARDS_A_PAGE), MAX_SHARDS_A_PAGE)
        document: Json = {"Shards": [kinesis._shard_out(one, stream["shards"][one]) for one in found[:size]]}
        if len(found) > size:
            kept = {key: asked[key] for key in ("ShardFilter",) if key in asked}
            rest = {"StreamARN": stream["StreamARN"], "ExclusiveStartShardId": found[size - 1], **kept}
            document["NextToken"] = _token({"asked": rest, "given": now()})
        return kinesis.json_response(document)

    kinesis._list_shards = listed


def _refusal(data: Json, asked: Json, now: float) -> Refused:
    if data.get("NextToken"):
        both = next((key for key in _ASKED[:4] if data.get(key) is not None), None)
        if both:
            return _INVALID, f"NextToken and {both} cannot be provided together."
        if asked["given"] < now - TOKEN_SECONDS:
            return "ExpiredNextTokenException", f"NextToken has expired: it is valid for {TOKEN_SECONDS} seconds."
    wanted = asked.get("ShardFilter") or {}
    needed = _NEEDED_BY.get(wanted.get("Type", ""))
    for key in ("ShardId", "Timestamp"):
        if (key in wanted) != (key == needed):
            state = "must" if key == needed else "cannot"
            return _INVALID, f"{key} {state} be given in a ShardFilter of type {wanted.get('Type')}."
    return None


def _chosen(stream: Json, asked: Json, now: int) -> Iterator[str]:
    """Yield the ids of the shards that the request asks for, in their order. ``now`` is in milliseconds."""
    wanted, shards = asked.get("ShardFilter") or {}, stream["shards"]
    kind = wanted.get("Type", "FROM_TRIM_HORIZON")
    oldest = now - int(stream["RetentionPeriodHours"]) * 3_600_000
    horizon = max(oldest, min(map(_opened, shards.values()), default=oldest))
    moment = {"AT_LATEST": now, "AT_TRIM_HORIZON": horizon}.get(kind, int(float(wanted.get("Timestamp", 0)) * 1000))
    after = max(str(asked.get("ExclusiveStartShardId") or ""), str(wanted.get("ShardId") or ""))
    for shard_id in sorted(shards):
        shard = shards[shard_id]
        closed = given_at_milliseconds(shard[END]) if END in shard else None
        if shard_id <= after:
            continue
        if wanted and closed is not None and closed < oldest and not shard["records"]:
            continue
        if kind == "AT_LATEST" and closed is not None:
            continue
        if kind in {"AT_TRIM_HORIZON", "AT_TIMESTAMP"} and _opened(shard) > moment:
            continue
        if kind in {"AT_TRIM_HORIZON", "AT_TIMESTAMP", "FROM_TIMESTAMP"} and closed is not None and closed < moment:
            continue
        yield shard_id


def _opened(shard: Json) -> int:
    return given_at_milliseconds(shard["starting_sequence_number"])


def _token(document: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()


def _continued(data: Json) -> Json | None:
    """Return what a token continues with, and when it was given; None: it is none of ours."""
    try:
        document = json.loads(base64.urlsafe_b64decode(str(data["NextToken"]).encode()))
        return {**document["asked"], "given": float(document["given"])}
    except (ValueError, KeyError, TypeError):
        return None

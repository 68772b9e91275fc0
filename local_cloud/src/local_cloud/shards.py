"""Reading the shards of a stream: what DynamoDB streams and Kinesis streams have in common, and Kinesis itself.

Sources: *Amazon Kinesis Data Streams API Reference* and *Amazon DynamoDB Streams API Reference*, ``GetShardIterator`` and
``GetRecords``. ``GetRecords`` is called through a client that leaves its answer undecoded: the JSON is decoded once, here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_GONE = {"TrimmedDataAccessException", "InvalidArgumentException"}


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard; ``parents`` are those that were split or merged into it, none for the first generation."""

    shard_id: str
    parents: tuple[str, ...] = ()

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Shard:
        """From AWS's description of it."""
        parents = (described.get("ParentShardId"), described.get("AdjacentParentShardId"))
        return cls(described["ShardId"], tuple(one for one in parents if one))


@dataclass(frozen=True, slots=True)
class Position:
    """Where to open a shard, in AWS's words (``kind`` is a ShardIteratorType); ``timestamp`` in epoch seconds."""

    kind: str
    sequence_number: str | None = None
    timestamp: float | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an open shard: AWS's shard iterator."""

    shard_id: str
    iterator: str


class IteratorExpiredError(Exception):
    """The iterator is too old: open the shard again from the last position."""


class PositionGoneError(Exception):
    """The stream does not hold the position any more: only what is left of it can be read."""


def open_cursor(shard_id: str, call: Callable[[], dict[str, Any]]) -> Cursor:
    """The cursor that a ``GetShardIterator`` call gives.

    Raises:
        PositionGoneError: the sequence number has left the stream.
    """
    try:
        return Cursor(shard_id, call()["ShardIterator"])
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            raise PositionGoneError(str(error)) from error
        raise


def read_page(cursor: Cursor, call: Callable[[], dict[str, Any]]) -> tuple[list[dict[str, Any]], Cursor | None]:
    """The records of a ``GetRecords`` call as they went over the wire, and the place after them; None at a shard's end.

    Raises:
        IteratorExpiredError: the cursor is too old.
        PositionGoneError: what the cursor stands at has left the stream.
    """
    try:
        page = json.loads(call()["body"])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ExpiredIteratorException":
            raise IteratorExpiredError(str(error)) from error
        if code == "TrimmedDataAccessException":
            raise PositionGoneError(str(error)) from error
        raise
    iterator = page.get("NextShardIterator")
    return page["Records"], Cursor(cursor.shard_id, iterator) if iterator else None


def readable(shards: Iterable[Shard], finished: Callable[[str], bool]) -> list[Shard]:
    """The shards to read now: not finished, and every parent that is still listed read to its end (order of a key)."""
    listed = list(shards)
    present = {shard.shard_id for shard in listed}
    return [
        shard
        for shard in listed
        if not finished(shard.shard_id) and all(parent not in present or finished(parent) for parent in shard.parents)
    ]


def is_gone(error: Exception, shards: Callable[[], Iterable[Shard]], shard_id: str) -> bool:
    """Whether a read failed because the stream has no such shard any more, though it is still there itself.

    Raises:
        botocore.exceptions.ClientError: the stream cannot be listed.
    """
    if not isinstance(error, ClientError) or error.response["Error"]["Code"] != "ResourceNotFoundException":
        return False
    return all(shard.shard_id != shard_id for shard in shards())


class KinesisShards:
    """The shards of one Kinesis stream, with a client whose ``GetRecords`` is undecoded; at most 10,000 records a page."""

    page_limit = 10_000

    def __init__(self, client: Any, stream_arn: str) -> None:
        self._client, self._arn = client, stream_arn

    def describe(self) -> None:
        """See that the stream is there and may be described."""
        self._client.describe_stream(StreamARN=self._arn, Limit=1)

    def shards(self) -> list[Shard]:
        found: list[Shard] = []
        page = self._client.list_shards(StreamARN=self._arn)
        while True:
            found += [Shard.of(one) for one in page["Shards"]]
            if "NextToken" not in page:
                return found
            page = self._client.list_shards(NextToken=page["NextToken"])

    def open(self, shard_id: str, position: Position) -> Cursor:
        start: dict[str, Any] = {}
        if position.sequence_number is not None:
            start["StartingSequenceNumber"] = position.sequence_number
        if position.timestamp is not None:
            start["Timestamp"] = position.timestamp
        return open_cursor(
            shard_id,
            lambda: self._client.get_shard_iterator(
                StreamARN=self._arn, ShardId=shard_id, ShardIteratorType=position.kind, **start
            ),
        )

    def read(self, cursor: Cursor, limit: int) -> tuple[list[dict[str, Any]], Cursor | None]:
        limit = min(limit, self.page_limit)
        return read_page(
            cursor,
            lambda: self._client.get_records(StreamARN=self._arn, ShardIterator=cursor.iterator, Limit=limit),
        )

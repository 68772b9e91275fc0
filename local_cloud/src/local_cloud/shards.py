"""Read the shards of a stream: what DynamoDB streams and Kinesis streams have in common, and a reader of Kinesis.

``GetRecords`` is called through a client that returns bytes, so that its JSON is decoded only once, here. Sources:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html,
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html and
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
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
    """Hold a shard's id and its parents: the shards that were split or merged into it."""

    shard_id: str
    parents: tuple[str, ...] = ()

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Shard:
        """Make it from AWS's description."""
        parents = (described.get("ParentShardId"), described.get("AdjacentParentShardId"))
        return cls(described["ShardId"], tuple(one for one in parents if one))


@dataclass(frozen=True, slots=True)
class Position:
    """Say where to open a shard: ``kind`` is a ShardIteratorType, ``timestamp`` is in epoch seconds."""

    kind: str
    sequence_number: str | None = None
    timestamp: float | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Hold a place in an open shard: AWS's shard iterator."""

    shard_id: str
    iterator: str


class IteratorExpiredError(Exception):
    """The iterator is too old: open the shard again from the last position."""


class PositionGoneError(Exception):
    """The stream no longer has the position: only its remaining records can be read."""


def open_cursor(shard_id: str, call: Callable[[], dict[str, Any]]) -> Cursor:
    """Return the cursor from a ``GetShardIterator`` call.

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
    """Return the records of a ``GetRecords`` call, as they were sent, and the cursor after them; None at a shard's end.

    Raises:
        IteratorExpiredError: the cursor is too old.
        PositionGoneError: the record at the cursor has left the stream.
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
    """Return the unfinished shards whose listed parents are finished: it keeps a key's records in order."""
    listed = list(shards)
    present = {shard.shard_id for shard in listed}
    return [
        shard
        for shard in listed
        if not finished(shard.shard_id) and all(parent not in present or finished(parent) for parent in shard.parents)
    ]


def is_gone(error: Exception, shards: Callable[[], Iterable[Shard]], shard_id: str) -> bool:
    """Tell whether a read failed because the stream, which exists, no longer has the shard.

    Raises:
        botocore.exceptions.ClientError: the stream cannot be listed.
    """
    if not isinstance(error, ClientError) or error.response["Error"]["Code"] != "ResourceNotFoundException":
        return False
    return all(shard.shard_id != shard_id for shard in shards())


class KinesisShards:
    """Read the shards of one Kinesis stream with a client whose ``GetRecords`` returns bytes; 10,000 records a page at most."""

    page_limit = 10_000

    def __init__(self, client: Any, stream_arn: str) -> None:
        self._client, self._arn = client, stream_arn

    def describe(self) -> None:
        """Check that the stream exists and may be described."""
        self._client.describe_stream(StreamARN=self._arn, Limit=1)

    def shards(self) -> list[Shard]:
        """List every shard of the stream."""
        found: list[Shard] = []
        page = self._client.list_shards(StreamARN=self._arn)
        while True:
            found += [Shard.of(one) for one in page["Shards"]]
            if "NextToken" not in page:
                return found
            page = self._client.list_shards(NextToken=page["NextToken"])

    def open(self, shard_id: str, position: Position) -> Cursor:
        """Open a shard; raise PositionGoneError when the stream no longer has the position."""
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
        """Read a page; see ``read_page``."""
        limit = min(limit, self.page_limit)
        return read_page(
            cursor,
            lambda: self._client.get_records(StreamARN=self._arn, ShardIterator=cursor.iterator, Limit=limit),
        )

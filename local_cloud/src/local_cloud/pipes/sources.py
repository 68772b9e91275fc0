"""The source of a pipe: a DynamoDB stream or a Kinesis stream, read through one interface.

Both answer ``GetRecords`` as JSON, which is decoded once. A DynamoDB record is passed on unchanged: its binary values are
base64 text, its numbers text. Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from local_cloud.clients import Clients
from local_cloud.pipes.settings import PRINCIPAL, PipeSettings
from local_cloud.shards import Cursor, KinesisShards, Position, Shard, open_cursor, read_page

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """Hold one record of the source: its position, its time (epoch seconds) and the event that the pipe sends."""

    sequence_number: str
    created: float
    event: Event


class Source(Protocol):
    """Read a stream of shards."""

    def check(self) -> None: ...
    def shards(self) -> list[Shard]: ...
    def open(self, shard_id: str, position: Position) -> Cursor: ...
    def read(self, cursor: Cursor, limit: int) -> tuple[list[Record], Cursor | None]: ...


def open_source(settings: PipeSettings, clients: Clients) -> Source:
    """Return the pipe's source, which is read with the pipe's role."""
    kind = DynamoDBStream if settings.source.service == "dynamodb" else KinesisStream
    return kind(settings, clients)


class DynamoDBStream:
    """Read a DynamoDB stream: its own JSON with the stream's ARN added, at most 1,000 records at once."""

    page_limit = 1000

    def __init__(self, settings: PipeSettings, clients: Clients) -> None:
        self._arn = settings.source.arn
        self._client = clients.client(
            "dynamodbstreams", settings.role_arn,
            region=settings.source.region, principal=PRINCIPAL, undecoded="GetRecords",
        )  # fmt: skip

    def check(self) -> None:
        """Check that the role may list the table's streams.

        Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html

        Raises:
            botocore.exceptions.ClientError: it may not, or there is no such table.
        """
        self._client.list_streams(TableName=self._arn.split("/")[1])

    def shards(self) -> list[Shard]:
        found: list[Shard] = []
        start: dict[str, str] = {}
        while True:
            description = self._client.describe_stream(StreamArn=self._arn, **start)["StreamDescription"]
            found += [Shard.of(one) for one in description["Shards"]]
            if "LastEvaluatedShardId" not in description:
                return found
            start = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}

    def open(self, shard_id: str, position: Position) -> Cursor:
        after = {"SequenceNumber": position.sequence_number} if position.sequence_number else {}
        return open_cursor(
            shard_id,
            lambda: self._client.get_shard_iterator(
                StreamArn=self._arn, ShardId=shard_id, ShardIteratorType=position.kind, **after
            ),
        )

    def read(self, cursor: Cursor, limit: int) -> tuple[list[Record], Cursor | None]:
        limit = min(limit, self.page_limit)
        records, following = read_page(
            cursor, lambda: self._client.get_records(ShardIterator=cursor.iterator, Limit=limit)
        )
        return [self._record(one) for one in records], following

    def _record(self, event: Event) -> Record:
        change = event["dynamodb"]
        event["eventSourceARN"] = self._arn
        identity = event.get("userIdentity")
        if identity:
            event["userIdentity"] = {name[0].lower() + name[1:]: value for name, value in identity.items()}
        return Record(change["SequenceNumber"], change["ApproximateCreationDateTime"], event)


class KinesisStream:
    """Read a Kinesis stream; records have the form of Lambda's Kinesis event."""

    def __init__(self, settings: PipeSettings, clients: Clients) -> None:
        self._arn, self._region, self._role = settings.source.arn, settings.source.region, settings.role_arn
        client = clients.client(
            "kinesis", settings.role_arn, region=self._region, principal=PRINCIPAL, undecoded="GetRecords"
        )
        self._shards = KinesisShards(client, self._arn)

    def check(self) -> None:
        """Check that the role may list the stream's shards.

        Raises:
            botocore.exceptions.ClientError: it may not, or there is no such stream.
        """
        self._shards.shards()

    def shards(self) -> list[Shard]:
        return self._shards.shards()

    def open(self, shard_id: str, position: Position) -> Cursor:
        return self._shards.open(shard_id, position)

    def read(self, cursor: Cursor, limit: int) -> tuple[list[Record], Cursor | None]:
        records, following = self._shards.read(cursor, limit)
        return [self._record(cursor.shard_id, one) for one in records], following

    def _record(self, shard_id: str, record: dict[str, Any]) -> Record:
        arrived = record["ApproximateArrivalTimestamp"]
        event = {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": record["Data"],
            "approximateArrivalTimestamp": arrived,
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self._role,
            "awsRegion": self._region,
            "eventSourceARN": self._arn,
        }
        return Record(record["SequenceNumber"], arrived, event)

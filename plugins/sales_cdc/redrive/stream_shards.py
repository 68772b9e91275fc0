"""Read whole streams of a table: those that are switched off, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

GONE = frozenset({"ResourceNotFoundException", "TrimmedDataAccessException", "ExpiredIteratorException"})
MAX_EMPTY_PAGES = 200  # a shard that is closed ends; one that is open gives empty pages


class TableStreamsHook(AwsBaseHook):
    """List and read the streams of a table's name.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "dynamodbstreams"})

    def arns(self, table: str) -> list[str]:
        """Return the ARNs of every stream that DynamoDB still lists, of former tables of that name too."""
        found: list[str] = []
        start: dict[str, str] = {}
        while True:
            answer = self.conn.list_streams(TableName=table, **start)
            found += [stream["StreamArn"] for stream in answer["Streams"]]
            if not (last := answer.get("LastEvaluatedStreamArn")):
                return found
            start = {"ExclusiveStartStreamArn": last}

    def shards(self, arn: str) -> list[str] | None:
        """Return the ids of a stream's shards, parents first; None when the stream cannot be read any more."""
        found: list[str] = []
        start: dict[str, str] = {}
        while True:
            try:
                stream = self.conn.describe_stream(StreamArn=arn, **start)["StreamDescription"]
            except ClientError as error:
                if error.response["Error"]["Code"] not in GONE:
                    raise
                return None
            found += [shard["ShardId"] for shard in stream["Shards"]]
            if not (last := stream.get("LastEvaluatedShardId")):
                return found
            start = {"ExclusiveStartShardId": last}

    def pages(self, arn: str, shard: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of a shard from the oldest on, until its end, in pages of at most 1,000."""
        horizon = {"ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.conn.get_shard_iterator(StreamArn=arn, ShardId=shard, **horizon)["ShardIterator"]
        empty = 0
        while iterator and empty < MAX_EMPTY_PAGES:
            page = self.conn.get_records(ShardIterator=iterator)
            empty = 0 if page["Records"] else empty + 1
            if page["Records"]:
                yield page["Records"]
            iterator = page.get("NextShardIterator")

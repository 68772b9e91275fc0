"""Read a table's stream."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook


class TableStreamHook(AwsBaseHook):
    """Describe the stream of a table.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "dynamodbstreams"})

    def open_shards(self, stream_arn: str) -> int:
        """Return how many shards take records now."""
        shards: list[dict[str, Any]] = []
        start: dict[str, str] = {}
        while True:
            description = self.conn.describe_stream(StreamArn=stream_arn, **start)["StreamDescription"]
            shards += description["Shards"]
            if "LastEvaluatedShardId" not in description:
                return sum("EndingSequenceNumber" not in shard["SequenceNumberRange"] for shard in shards)
            start = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}

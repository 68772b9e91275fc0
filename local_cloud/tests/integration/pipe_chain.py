"""A pipe for tests: its table, its Kinesis stream, its queue and its role."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.stream_parts import Parts, payload, wait_for

READ = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
LIST_STREAMS = {"*": ["dynamodb:ListStreams"]}
"""The action has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html"""

READ_KINESIS = ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]


class Chain:
    """Make a table, a Kinesis stream, a queue, a role for a pipe between them, and the pipe."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.name = parts, f"{parts.prefix}-pipe"
        self.pipes = parts.cloud.client("pipes")
        self.source, self.target = parts.table(), parts.stream()
        self.queue_url, self.queue = parts.queue()
        self.role = parts.role("pipe", "pipes.amazonaws.com", self.permissions())

    @property
    def streams(self) -> str:
        """Return the ARN pattern of every stream of the table, for a policy."""
        return f"{self.source.rpartition('/')[0]}/*"

    def permissions(self) -> dict[str, list[str]]:
        writes = {self.target: ["kinesis:PutRecords"], self.queue: ["sqs:SendMessage"]}
        return {self.streams: READ, **LIST_STREAMS, **writes}

    def create(
        self, *, partition_key: str = "$.dynamodb.Keys.orderid.S", pattern: dict[str, Any] | None = None,
        template: str | None = None, role: str | None = None, until: str = "RUNNING", **stream: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Create the pipe and wait for its state; return what DescribePipe shows."""
        source: dict[str, Any] = {"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON", **stream}}
        if pattern is not None:
            source["FilterCriteria"] = {"Filters": [{"Pattern": json.dumps(pattern)}]}
        target: dict[str, Any] = {"KinesisStreamParameters": {"PartitionKey": partition_key}}
        if template is not None:
            target["InputTemplate"] = template
        created = self.pipes.create_pipe(
            Name=self.name, RoleArn=role or self.role, Source=self.source, Target=self.target,
            SourceParameters=source, TargetParameters=target,
        )  # fmt: skip
        assert created["CurrentState"] == "CREATING"
        return self.wait_until(until)

    def wait_until(self, state: str) -> dict[str, Any]:
        def described() -> dict[str, Any] | None:
            pipe: dict[str, Any] = self.pipes.describe_pipe(Name=self.name)
            assert not pipe["CurrentState"].endswith("_FAILED") or pipe["CurrentState"] == state, pipe
            return pipe if pipe["CurrentState"] == state else None

        return wait_for(described, f"pipe {state}")  # type: ignore[return-value]

    def arrived(self, count: int) -> list[dict[str, Any]]:
        """Return the stream's records when there are ``count``."""

        def look() -> list[dict[str, Any]] | None:
            found = self.parts.read_stream(self.target)
            return found if len(found) >= count else None

        return wait_for(look, f"{count} records")  # type: ignore[return-value]

    def orders(self, count: int) -> list[str]:
        return sorted(payload(one)["dynamodb"]["Keys"]["orderid"]["S"] for one in self.arrived(count))

    def letter(self) -> dict[str, Any]:
        sqs = self.parts.cloud.client("sqs")
        (message,) = wait_for(
            lambda: sqs.receive_message(QueueUrl=self.queue_url, WaitTimeSeconds=1).get("Messages"), "a dead letter"
        )
        letter: dict[str, Any] = json.loads(message["Body"])
        return letter

"""The pipe's dead-letter queue, and the stream that its positions point into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.aws.stream_position import Position

MESSAGES = 10  # the most that one call returns
WAIT_SECONDS = 1
HELD_SECONDS = 900  # no other run sees a message meanwhile
MAX_EMPTY_PAGES = 100
GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})


class StreamSilentError(Exception):
    """A shard gave no record over many pages; trying again later may help."""


@dataclass(frozen=True)
class Letter:
    """A message of the queue; ``receipt`` deletes or releases it."""

    message_id: str
    body: str
    receipt: str


class DeadLetterHook(AwsBaseHook):
    """One queue. Source: Amazon SQS API Reference, *ReceiveMessage*, *DeleteMessage*, *ChangeMessageVisibility*."""

    def __init__(self, *, queue: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "sqs"})
        self.queue = queue

    def count(self) -> int:
        """About how many messages there are, those that somebody holds among them."""
        counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        with explained("count the dead letters", self.queue):
            found = self.conn.get_queue_attributes(QueueUrl=self._url(), AttributeNames=counted)["Attributes"]
        return sum(int(found[name]) for name in counted)

    def letters(self) -> Iterator[Letter]:
        """Every message that nobody else holds, once each, until the queue gives no more."""
        with explained("read the dead-letter queue", self.queue):
            url = self.conn.get_queue_url(QueueName=self.queue)["QueueUrl"]
            seen: set[str] = set()
            while messages := self._receive(url):
                fresh = [each for each in messages if each["MessageId"] not in seen]
                seen.update(each["MessageId"] for each in fresh)
                yield from (Letter(each["MessageId"], each["Body"], each["ReceiptHandle"]) for each in fresh)

    def _receive(self, url: str) -> list[dict[str, Any]]:
        answer = self.conn.receive_message(
            QueueUrl=url, MaxNumberOfMessages=MESSAGES, WaitTimeSeconds=WAIT_SECONDS, VisibilityTimeout=HELD_SECONDS
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def delete(self, letter: Letter) -> None:
        self.conn.delete_message(QueueUrl=self._url(), ReceiptHandle=letter.receipt)

    def release(self, letter: Letter) -> None:
        """Let others see it again at once."""
        self.conn.change_message_visibility(QueueUrl=self._url(), ReceiptHandle=letter.receipt, VisibilityTimeout=0)

    def _url(self) -> str:
        return str(self.conn.get_queue_url(QueueName=self.queue)["QueueUrl"])


class StreamPositionHook(AwsBaseHook):
    """A table's stream, read at a position. Source: Amazon DynamoDB API Reference, *GetShardIterator*, *GetRecords*."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "dynamodbstreams"})

    def read(self, position: Position) -> list[dict[str, Any]]:
        """The position's records that the stream still holds, fewer than ``position.records`` when others were trimmed.

        Raises:
            StreamSilentError: the shard answers, but with nothing.
            CallRefusedError: the stream may not be read, or nothing answers.
        """
        start = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": position.first}
        for beginning in (start, {"ShardIteratorType": "TRIM_HORIZON"}):
            try:
                return self._read_from(position, beginning)
            except ClientError as error:
                if error.response["Error"]["Code"] not in GONE:
                    raise
        return []

    def _read_from(self, position: Position, beginning: dict[str, str]) -> list[dict[str, Any]]:
        place = {"StreamArn": position.stream_arn, "ShardId": position.shard_id}
        found: list[dict[str, Any]] = []
        empty_pages = 0
        iterator = self.conn.get_shard_iterator(**place, **beginning)["ShardIterator"]
        while iterator and empty_pages < MAX_EMPTY_PAGES:
            page = self.conn.get_records(ShardIterator=iterator)
            records = page["Records"]
            found += [each for each in records if position.holds(each["dynamodb"]["SequenceNumber"])]
            if records and int(records[-1]["dynamodb"]["SequenceNumber"]) >= int(position.last):
                return found
            empty_pages = 0 if records else empty_pages + 1
            iterator = page.get("NextShardIterator")
        if iterator:
            raise StreamSilentError(
                f"Read the position {position.name}: its shard answered {MAX_EMPTY_PAGES} times with nothing before its end. "
                "Its message stays in the queue; run the redrive again."
            )
        return found

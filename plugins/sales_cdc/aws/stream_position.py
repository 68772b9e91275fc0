"""Positions of a table's stream that the pipe gave up on, as its dead-letter queue holds them. Pure.

A message names a range of the table's stream, not the changes: those stay in the stream for 24 hours.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Position:
    """A run of ``records`` stream records, from ``first`` to ``last`` (sequence numbers), in one shard of one stream."""

    stream_arn: str
    shard_id: str
    first: str
    last: str
    records: int
    condition: str

    @classmethod
    def from_message(cls, body: str) -> Position:
        """Read a message of the queue.

        Raises:
            ValueError: it names no position of a DynamoDB stream.
        """
        try:
            told = json.loads(body)
            batch = told["DDBStreamBatchInfo"]
            return cls(
                stream_arn=_text(batch["streamArn"]),
                shard_id=_text(batch["shardId"]),
                first=_digits(batch["startSequenceNumber"]),
                last=_digits(batch["endSequenceNumber"]),
                records=int(batch["batchSize"]),
                condition=_text(told["context"]["condition"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"the message names no position of a DynamoDB stream ({type(error).__name__})") from error

    @property
    def name(self) -> str:
        """What people and keys call it."""
        return f"{self.stream_arn.rsplit('/', 1)[-1]}/{self.shard_id}/{self.first}-{self.last}"

    @property
    def reason(self) -> str:
        return f"Pipe.{self.condition}: the pipe gave up on it"

    def holds(self, sequence_number: str) -> bool:
        return int(self.first) <= int(sequence_number) <= int(self.last)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value


def _digits(value: Any) -> str:
    text = _text(value)
    if not (text.isascii() and text.isdigit()):
        raise ValueError("no digits")
    return text

"""Positions that the pipe gave up on, as its dead-letter queue holds them. Pure: no Airflow, no AWS client.

A message names a range of the table's stream, not the changes: those stay in the stream for 24 hours.
Source: *Amazon EventBridge Pipes error handling and troubleshooting*, "DLQ behavior".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sales_cdc.redrive import REDRIVE_PREFIX, FailedRecord

TRIMMED_PREFIX = f"{REDRIVE_PREFIX}trimmed/"
TRIMMED = "trimmed: the stream no longer holds it"
REMEDY = (
    "The stream keeps a change for 24 hours, and these are older: their payload is gone. Run sales_cdc_reconcile: it names the "
    "orders that differ from the table; then sales_cdc_repair heals them through the stream."
)


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


def record_to_try(position: Position, record: Mapping[str, Any]) -> FailedRecord:
    """A stream record, as boto3 reads it, in the form in which the pipe writes it to Kinesis."""
    change = dict(record["dynamodb"])
    created: datetime = change["ApproximateCreationDateTime"]
    change["ApproximateCreationDateTime"] = int(created.timestamp())
    event = {**record, "dynamodb": change, "eventSourceARN": position.stream_arn}
    if identity := record.get("userIdentity"):
        event["userIdentity"] = {name[0].lower() + name[1:]: value for name, value in identity.items()}
    payload = json.dumps(event, separators=(",", ":"), default=_base64_text).encode()
    return FailedRecord(base64.b64encode(payload).decode(), position.reason, int(created.timestamp() * 1000))


def _base64_text(value: Any) -> str:
    """Binary attributes; boto3 reads them as bytes."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"a stream record holds a {type(value).__name__}, which no JSON can carry")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value


def _digits(value: Any) -> str:
    text = _text(value)
    if not (text.isascii() and text.isdigit()):
        raise ValueError("no digits")
    return text

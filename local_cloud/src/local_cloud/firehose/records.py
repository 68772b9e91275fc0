"""Records of a delivery stream, and the protocols of their source and sink."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

EVENT_OVERHEAD_BYTES = 768  # record ID, times, and metadata with a partition key of 256 characters


@dataclass(frozen=True, slots=True)
class Position:
    """Hold what to commit when a record is delivered: a shard's sequence number, or a journal entry (sequence ``""``)."""

    place: str
    sequence_number: str


@dataclass(frozen=True, slots=True)
class IncomingRecord:
    """Hold a record as Firehose received it.

    ``arrived`` is in epoch seconds. ``data`` is base64 text, as it was received and as the Lambda gets it. ``metadata`` is the
    ``kinesisRecordMetadata`` of a record from Kinesis, None for a direct put. ``position`` is None for all but the last record
    of one direct put: only the last one's delivery completes the entry.
    """

    record_id: str
    arrived: float
    data: str
    metadata: Mapping[str, Any] | None
    position: Position | None

    @property
    def size_bytes(self) -> int:
        """Return the size of the decoded data."""
        return len(self.data) * 3 // 4 - self.data[-2:].count("=")

    @property
    def event_bytes(self) -> int:
        """Return the size of the record in the Lambda's event, at most."""
        return len(self.data) + EVENT_OVERHEAD_BYTES

    def payload(self) -> bytes:
        """Return the decoded data."""
        return base64.b64decode(self.data)


class Sink(Protocol):
    """Take the records that a source reads; ``put`` waits while the delivery stream is full."""

    def put(self, records: list[IncomingRecord]) -> None: ...


class Source(Protocol):
    """Read records into a sink, and commit the positions of those that are delivered."""

    def start(self, sink: Sink) -> None: ...
    def commit(self, delivered: Mapping[str, str]) -> None: ...
    def stop(self) -> None: ...

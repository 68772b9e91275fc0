"""Records on their way through a delivery stream."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

EVENT_OVERHEAD_BYTES = 768  # record ID, times, and metadata with a partition key of 256 characters


@dataclass(frozen=True, slots=True)
class Position:
    """What to remember once a record is delivered: a shard's sequence number, or a journal entry (sequence ``""``)."""

    place: str
    sequence_number: str


@dataclass(frozen=True, slots=True)
class IncomingRecord:
    """A record as Firehose took it.

    ``arrived`` is in epoch seconds; ``data`` base64 text, as it came and as the Lambda gets it. ``metadata`` is the
    ``kinesisRecordMetadata`` of a record from Kinesis, None for a direct put. ``position`` is None when delivering this
    record alone proves nothing (all but the last of one direct put).
    """

    record_id: str
    arrived: float
    data: str
    metadata: Mapping[str, Any] | None
    position: Position | None

    @property
    def size_bytes(self) -> int:
        return len(self.data) * 3 // 4 - self.data[-2:].count("=")

    @property
    def event_bytes(self) -> int:
        """What the record takes in the Lambda's event, at most."""
        return len(self.data) + EVENT_OVERHEAD_BYTES

    def payload(self) -> bytes:
        return base64.b64decode(self.data)


class Sink(Protocol):
    """Takes what a source reads; ``put`` waits while the delivery stream holds too much."""

    def put(self, records: list[IncomingRecord]) -> None: ...


class Source(Protocol):
    """Where a delivery stream's records come from."""

    def start(self, sink: Sink) -> None: ...
    def commit(self, delivered: Mapping[str, str]) -> None: ...
    def stop(self) -> None: ...

"""A Kinesis stream as the source of a delivery stream: a thread for each shard, and checkpoints in the store.

Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_KinesisStreamSourceDescription.html
(``DeliveryStartTimestamp``: reading starts with the records of that moment)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.arrivals import MIN_IDLE_SECONDS, Arrivals, longer, stream_of
from local_cloud.clients import Clients
from local_cloud.firehose import records as firehose_records
from local_cloud.firehose.records import IncomingRecord, Sink
from local_cloud.firehose.settings import PRINCIPAL
from local_cloud.shards import (
    Cursor,
    IteratorExpiredError,
    KinesisShards,
    Position,
    PositionGoneError,
    is_gone,
    readable,
)
from local_cloud.store import Collection

logger = logging.getLogger(__name__)

PAGE_RECORDS = 500  # small enough that the gateway answers other requests between two pages
BUSY_PAGE_RECORDS = 200
DISCOVERY_SECONDS = 5.0
ERROR_PAUSE_SECONDS = 1.0
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class KinesisSettings:
    """Hold what a source needs; ``start`` (epoch seconds) is the time of the first record to deliver."""

    delivery_stream: str
    delivery_stream_arn: str
    stream_arn: str
    role_arn: str
    start: float


@dataclass(slots=True)
class _ShardReading:
    """Hold how far one shard is read; ``last`` is the last sequence number that the sink got."""

    shard_id: str
    cursor: Cursor | None = None
    last: str | None = None
    idle_seconds: float = MIN_IDLE_SECONDS
    ended: bool = False


class KinesisSource:
    """Read every shard into the sink. ``problem`` says why it cannot read; None when it can."""

    def __init__(
        self, settings: KinesisSettings, clients: Clients, checkpoints: Collection, arrivals: Arrivals
    ) -> None:
        self._settings, self._clients, self._checkpoints = settings, clients, checkpoints
        self._arrivals, self._stream = arrivals, stream_of(settings.stream_arn)
        self._stopping = threading.Event()
        self._supervisor: threading.Thread | None = None
        self._threads: dict[str, threading.Thread] = {}
        self._read_to_end: set[str] = set()
        self.problem: str | None = None

    def check(self) -> None:
        """Check that the role can be assumed and may read the stream.

        Raises:
            botocore.exceptions.ClientError: it cannot, or may not, or the stream does not exist.
        """
        stream = self._open()
        stream.describe()
        stream.shards()

    def start(self, sink: Sink) -> None:
        """Read into the sink, in threads."""
        self._supervisor = threading.Thread(
            target=self._supervise, args=(sink,), name=f"firehose-{self._settings.delivery_stream}-shards", daemon=True
        )
        self._supervisor.start()

    def commit(self, delivered: Mapping[str, str]) -> None:
        """Save the last delivered sequence number of each shard."""
        for shard_id, sequence_number in delivered.items():
            self._checkpoints.put(self._key(shard_id), {"sequence_number": sequence_number})

    def stop(self) -> None:
        """End the threads."""
        self._stopping.set()
        self._arrivals.announce([self._stream])  # ends the readers' pauses
        if self._supervisor is not None:
            self._supervisor.join(STOP_SECONDS)
        for thread in list(self._threads.values()):
            thread.join(STOP_SECONDS)

    def delete(self) -> None:
        """Delete the checkpoints of a deleted delivery stream."""
        for key, _ in self._checkpoints:
            if key.startswith(self._key("")):
                self._checkpoints.delete(key)

    def _key(self, shard_id: str) -> str:
        return f"{self._settings.delivery_stream_arn}#{shard_id}"

    def _open(self) -> KinesisShards:
        region = self._settings.stream_arn.split(":")[3]
        client = self._clients.client(
            "kinesis", self._settings.role_arn, region=region, principal=PRINCIPAL, undecoded="GetRecords"
        )
        return KinesisShards(client, self._settings.stream_arn)

    def _supervise(self, sink: Sink) -> None:
        while not self._stopping.is_set():
            pause = DISCOVERY_SECONDS
            try:
                stream = self._open()
                for shard in readable(stream.shards(), self._read_to_end.__contains__):
                    if shard.shard_id not in self._threads and not self._stopping.is_set():
                        self._start_shard(stream, shard.shard_id, sink)
            except Exception as error:
                self._report(error)
                pause = ERROR_PAUSE_SECONDS
            self._stopping.wait(pause)

    def _start_shard(self, stream: KinesisShards, shard_id: str, sink: Sink) -> None:
        name = f"firehose-{self._settings.delivery_stream}-{shard_id}"
        thread = threading.Thread(target=self._read_shard, args=(stream, shard_id, sink), name=name, daemon=True)
        thread.start()
        self._threads[shard_id] = thread

    def _read_shard(self, stream: KinesisShards, shard_id: str, sink: Sink) -> None:
        """Read one shard until it ends or the delivery stream stops; retry failed reads."""
        reading = _ShardReading(shard_id)
        while not self._stopping.is_set() and not reading.ended:
            seen = self._arrivals.count(self._stream)
            try:
                count = self._read_page(stream, reading, sink)
            except (IteratorExpiredError, PositionGoneError):
                reading.cursor = None
                continue
            except Exception as error:
                reading.cursor = None
                reading.ended = self._is_gone(stream, shard_id, error)
                self._stopping.wait(ERROR_PAUSE_SECONDS)
                continue
            if count < BUSY_PAGE_RECORDS:
                self._pause(reading.idle_seconds, seen)
        if reading.ended:
            self._read_to_end.add(shard_id)

    def _pause(self, idle_seconds: float, seen: int) -> None:
        """Pause before the next page, until records arrive at most; those that came while the last page was read have."""
        self._stopping.wait(MIN_IDLE_SECONDS)
        if not self._stopping.is_set():
            self._arrivals.wait(self._stream, seen, idle_seconds - MIN_IDLE_SECONDS)

    def _read_page(self, stream: KinesisShards, reading: _ShardReading, sink: Sink) -> int:
        cursor = reading.cursor or self._open_shard(stream, reading.shard_id, reading.last)
        page, reading.cursor = stream.read(cursor, PAGE_RECORDS)
        self.problem = None
        if page:
            sink.put([_incoming(reading.shard_id, record) for record in page])
            reading.last = page[-1]["SequenceNumber"]
        reading.ended = reading.cursor is None
        reading.idle_seconds = MIN_IDLE_SECONDS if page else longer(reading.idle_seconds)
        return len(page)

    def _is_gone(self, stream: KinesisShards, shard_id: str, error: Exception) -> bool:
        try:
            gone = is_gone(error, stream.shards, shard_id)
        except (ClientError, BotoCoreError):
            gone = False
        if not gone:
            self._report(error)
        return gone

    def _open_shard(self, stream: KinesisShards, shard_id: str, last: str | None) -> Cursor:
        """Open a shard after the last read record, its checkpoint, or at the delivery stream's start."""
        checkpoint = self._checkpoints.get(self._key(shard_id))
        after = last or (checkpoint["sequence_number"] if checkpoint else None)
        if after is None:
            return stream.open(shard_id, Position("AT_TIMESTAMP", timestamp=self._settings.start))
        try:
            return stream.open(shard_id, Position("AFTER_SEQUENCE_NUMBER", after))
        except PositionGoneError:
            logger.warning(
                "delivery stream %s: %s no longer holds %s: reading from its oldest record",
                self._settings.delivery_stream, shard_id, after,
            )  # fmt: skip
            return stream.open(shard_id, Position("TRIM_HORIZON"))

    def _report(self, error: Exception) -> None:
        if self.problem != str(error):
            expected = isinstance(error, ClientError | BotoCoreError)
            logger.warning(
                "delivery stream %s cannot read its source: %s",
                self._settings.delivery_stream, error, exc_info=not expected,
            )  # fmt: skip
        self.problem = str(error)


def _incoming(shard_id: str, record: dict[str, Any]) -> IncomingRecord:
    sequence_number, arrived = record["SequenceNumber"], record["ApproximateArrivalTimestamp"]
    metadata = {
        "sequenceNumber": sequence_number,
        "subsequenceNumber": 0,
        "partitionKey": record["PartitionKey"],
        "shardId": shard_id,
        "approximateArrivalTimestamp": round(arrived * 1000),
    }
    position = firehose_records.Position(shard_id, sequence_number)
    return IncomingRecord(f"{sequence_number}000000", arrived, record["Data"], metadata, position)

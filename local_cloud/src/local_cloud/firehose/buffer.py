"""The two buffers of a delivery stream: records waiting for the Lambda, and results waiting for S3.

A buffer is due by its size or by the time since its first record, whichever comes first. Source:
https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from local_cloud.firehose.records import IncomingRecord, Position

EVENT_LIMIT_BYTES = 6 * 1024 * 1024 - 4096
INTAKE_LIMIT_BYTES = 16 * 1024 * 1024


class Intake:
    """Hold records that were read but not processed.

    ``put`` waits while it is full, so that a slow destination slows its source down instead of filling the memory.
    """

    def __init__(self, limit_bytes: int = INTAKE_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._changed = threading.Condition()
        self._records: deque[tuple[float, IncomingRecord]] = deque()
        self._size = 0
        self._closed = False

    def put(self, records: Sequence[IncomingRecord], now: float) -> None:
        """Add records read at ``now`` (monotonic seconds), once there is room."""
        size = sum(record.size_bytes for record in records)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._size < self._limit)
            self._records.extend((now, record) for record in records)
            self._size += size
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until a record is put, for at most ``seconds``."""
        with self._changed:
            if not self._closed:
                self._changed.wait(seconds)

    def first_at(self) -> float | None:
        """Return when the oldest record was put (monotonic seconds); None when there is none."""
        with self._changed:
            return self._records[0][0] if self._records else None

    @property
    def size_bytes(self) -> int:
        """Return the size of the records' data."""
        return self._size

    def oldest_arrival(self) -> float | None:
        """Return when the oldest record arrived (epoch seconds); None when there is none."""
        with self._changed:
            return self._records[0][1].arrived if self._records else None

    def take(self, limit_bytes: int) -> list[IncomingRecord]:
        """Take the oldest records: up to ``limit_bytes`` of data and one Lambda event, at least one."""
        taken: list[IncomingRecord] = []
        size = event_size = 0
        with self._changed:
            while self._records:
                record = self._records[0][1]
                size, event_size = size + record.size_bytes, event_size + record.event_bytes
                if taken and (size > limit_bytes or event_size > EVENT_LIMIT_BYTES):
                    size -= record.size_bytes
                    break
                taken.append(self._records.popleft()[1])
            self._size -= size
            self._changed.notify_all()
        return taken

    def put_back(self, records: Sequence[IncomingRecord], now: float) -> None:
        """Put records that were taken but not processed back to the front, in their order."""
        with self._changed:
            self._records.extendleft((now, record) for record in reversed(records))
            self._size += sum(record.size_bytes for record in records)

    def close(self) -> None:
        """End every wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Output:
    """Hold the content of the next objects.

    ``first_at`` (monotonic seconds) and ``oldest_arrival`` (epoch seconds) are None when it is empty. ``delivered`` has the
    positions that the source may commit when the objects are written.
    """

    def __init__(self) -> None:
        self.first_at: float | None = None
        self.oldest_arrival: float | None = None
        self.pieces: list[bytes] = []
        self.failures: list[bytes] = []
        self.size_bytes = 0
        self.records = 0
        self.delivered: dict[str, str] = {}

    def note(self, records: Sequence[IncomingRecord], now: float) -> None:
        """Note that these records were processed: written, dropped or failed."""
        if self.first_at is None:
            self.first_at = now
        oldest = min(record.arrived for record in records)
        self.oldest_arrival = oldest if self.oldest_arrival is None else min(self.oldest_arrival, oldest)
        for record in records:
            if record.position is not None:
                self._mark(record.position)

    def _mark(self, position: Position) -> None:
        self.delivered[position.place] = position.sequence_number

    def add(self, pieces: Sequence[bytes]) -> None:
        """Add transformed records."""
        self.pieces += pieces
        self.records += len(pieces)
        self.size_bytes += sum(map(len, pieces))

    def add_failures(self, lines: Sequence[bytes]) -> None:
        """Add lines of the error object."""
        self.failures += lines
        self.size_bytes += sum(map(len, lines))

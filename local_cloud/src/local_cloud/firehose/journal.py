"""The journal of direct puts: on disk before ``PutRecord`` answers, deleted when they are in S3."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Mapping, Sequence

from local_cloud.firehose.records import IncomingRecord, Position, Sink
from local_cloud.store import Collection

LIMIT_BYTES = 64 * 1024 * 1024


class JournalFullError(Exception):
    """The journal is full, because the destination is slower than the puts."""


class Journal:
    """Keep the records of a delivery stream of type DirectPut: one entry for each call, in the order of the calls."""

    def __init__(self, collection: Collection, stream_arn: str, limit_bytes: int = LIMIT_BYTES) -> None:
        self._collection, self._prefix, self._limit = collection, f"{stream_arn}#", limit_bytes
        self._lock = threading.Condition()
        self._numbers = itertools.count()
        self._waiting: dict[str, list[IncomingRecord]] = {}
        self._sizes: dict[str, int] = {}
        self._stopping = False
        self._feeder: threading.Thread | None = None
        for key, entry in collection:
            if key.startswith(self._prefix):
                self._remember(key, entry["arrived"], entry["data"], entry["ids"])

    def append(self, data: Sequence[str]) -> list[str]:
        """Save the records (base64 text) of one call; return their record IDs.

        Raises:
            JournalFullError: the journal has reached its limit.
        """
        arrived = round(time.time(), 3)
        with self._lock:
            if sum(self._sizes.values()) > self._limit:
                raise JournalFullError
            number = next(self._numbers)
        key = f"{self._prefix}{time.time_ns():020d}-{number:09d}"
        ids = [secrets.token_hex(32) + f"{index:06d}" for index in range(len(data))]
        self._collection.put(key, {"arrived": arrived, "data": list(data), "ids": ids})
        with self._lock:
            self._remember(key, arrived, data, ids)
            self._lock.notify_all()
        return ids

    def _remember(self, key: str, arrived: float, data: Sequence[str], ids: Sequence[str]) -> None:
        last = len(data) - 1
        records = [
            IncomingRecord(record_id, arrived, one, None, Position(key, "") if index == last else None)
            for index, (record_id, one) in enumerate(zip(ids, data, strict=True))
        ]
        self._waiting[key] = records
        self._sizes[key] = sum(record.size_bytes for record in records)

    def start(self, sink: Sink) -> None:
        """Feed the records to the sink, in a thread."""
        self._feeder = threading.Thread(target=self._feed, args=(sink,), name="firehose-journal", daemon=True)
        self._feeder.start()

    def _feed(self, sink: Sink) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._stopping or self._waiting)
                if self._stopping:
                    return
                entries = list(self._waiting.values())
                self._waiting.clear()
            for records in entries:
                sink.put(records)

    def commit(self, delivered: Mapping[str, str]) -> None:
        """Delete the entries whose records are delivered."""
        for key in delivered:
            self._collection.delete(key)
            with self._lock:
                self._sizes.pop(key, None)

    def stop(self) -> None:
        """End the thread; entries stay."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()

    def delete(self) -> None:
        """Delete every entry of a deleted delivery stream."""
        for key, _ in self._collection:
            if key.startswith(self._prefix):
                self._collection.delete(key)

"""A journal of DynamoDB's items and stream records, so that they survive ``kill -9``.

MiniStack keeps tables in memory, saves them when it is stopped, and forgets stream records at every restart. Here each
change is in a file before its request is answered. At the start the journal is replayed over the last saved state; stream
records keep their sequence numbers. A line holds a whole item, so a line that is replayed again changes nothing.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from local_cloud.emulator.stream_numbers import StreamNumbers
from local_cloud.uptime import Retention

logger = logging.getLogger("local_cloud")
RETENTION_SECONDS = 24 * 3600
NO_SORT_KEY = "__no_sort__"
Item = dict[str, Any]


class DynamoDBJournal:
    """Keep one append-only file with a line for each change.

    A line is ``[account, region, table, key item, new item or null, stream record or null]``.

    Args:
        path: the file.
        dynamodb: ``ministack.services.dynamodb``.
        retention: how long a stream record is kept, in seconds in which the cloud runs.
        numbers: what gives sequence numbers; those of replayed records are not given again.
    """

    def __init__(
        self,
        path: Path,
        dynamodb: Any,
        retention: float | Retention = RETENTION_SECONDS,
        numbers: StreamNumbers | None = None,
    ) -> None:
        self._path, self._dynamodb, self._retention = path, dynamodb, retention
        self._numbers = numbers or StreamNumbers()
        self._file = path.open("ab", buffering=0)
        self._end_line()
        self._pending: list[bytes] = []

    def _end_line(self) -> None:
        """End a line that a crash cut off, so that the next line does not become a part of it."""
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            if file.read(1) not in {b"", b"\n"}:
                self._file.write(b"\n")

    def attach(self) -> None:
        """Record every change from now on: wrap the function in which MiniStack emits stream events."""
        emit = self._dynamodb._emit_stream_event

        def emit_and_record(
            table: str, event: str, old: Item | None, new: Item | None, *args: Any, **more: Any
        ) -> None:
            last = self._last_record(table)
            emit(table, event, old, new, *args, **more)
            record = self._last_record(table)
            self.append(table, old, new if event != "REMOVE" else None, record if record is not last else None)

        self._dynamodb._emit_stream_event = emit_and_record

    def append(self, table: str, old: Item | None, new: Item | None, record: Item | None) -> None:
        """Add one change to the lines that ``flush`` writes."""
        from ministack.core.responses import get_account_id, get_region

        line = [get_account_id(), get_region(), table, None if new else old, new, record]
        self._pending.append(_encoded(line))

    def flush(self) -> None:
        """Write the appended lines; called once before a request is answered, however many items it wrote."""
        if self._pending:
            self._file.write(b"\n".join(self._pending) + b"\n")
            self._pending.clear()

    def replay(self) -> int:
        """Apply every line to MiniStack's tables and streams; return the number of lines."""
        lines = 0
        for account, region, table, old, new, record in self._lines():
            lines += 1
            self._restore_item(account, region, table, old, new)
            if record is not None:
                self._restore_record(account, region, table, record)
        return lines

    def compact(self) -> None:
        """Drop everything but the stream records in retention; call it when the tables have just been saved."""
        self.flush()
        draft = self._path.with_suffix(".tmp")
        with draft.open("wb") as file:
            for account, region, table, _, _, record in self._lines():
                if record is not None and self._retained(record):
                    file.write(json.dumps([account, region, table, None, None, record]).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        self._file.close()
        self._file = self._path.open("ab", buffering=0)

    def _lines(self) -> Iterator[list[Any]]:
        with self._path.open("rb") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    logger.warning(
                        "the last line of %s was cut off by the crash: its write was never answered", self._path
                    )

    def _restore_item(self, account: str, region: str, name: str, old: Item | None, new: Item | None) -> None:
        table = self._dynamodb._tables.get_scoped(account, region, name)
        item = new or old
        if table is None or item is None:
            return
        value = self._dynamodb._extract_key_val
        sort_key = value(item.get(table["sk_name"])) if table["sk_name"] else NO_SORT_KEY
        partition_key = value(item[table["pk_name"]])
        if new is None:
            self._dynamodb._remove_item(table, partition_key, sort_key)
        else:
            self._dynamodb._set_item(table, partition_key, sort_key, new)

    def _restore_record(self, account: str, region: str, name: str, record: Item) -> None:
        """Append the record to its stream; one that is switched off, or whose table is deleted, is kept apart."""
        self._numbers.observe(int(record["dynamodb"]["SequenceNumber"]))
        if not self._retained(record):
            return
        if closed := self._dynamodb._closed_streams.get_scoped(account, region, record["eventSourceARN"]):
            closed["records"].append(record)
            return
        table = self._dynamodb._tables.get_scoped(account, region, name)
        if table is None or table.get("LatestStreamArn") != record["eventSourceARN"]:
            return
        streams = self._dynamodb._stream_records
        records = streams.get_scoped(account, region, name)
        if records is None:
            records = []
            streams.set_scoped(account, region, name, records)
        records.append(record)

    def _last_record(self, table: str) -> Item | None:
        records = self._dynamodb._stream_records.get(table)
        return records[-1] if records else None

    def _retained(self, record: Item) -> bool:
        return bool(record["dynamodb"]["ApproximateCreationDateTime"] >= time.time() - self._retention)


def _encoded(line: list[Any]) -> bytes:
    """Encode one line of JSON; a text that is no valid Unicode, such as half a surrogate pair, is escaped."""
    try:
        return msgspec.json.encode(line)
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
        return json.dumps(line, separators=(",", ":")).encode()

"""MiniStack's state across restarts: what is saved when, and how it is restored after a clean stop or a crash."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from local_cloud.emulator.control_state import leave_clean_stop_mark, save_changes, take_clean_stop_mark
from local_cloud.emulator.journal import RETENTION_SECONDS, DynamoDBJournal
from local_cloud.emulator.seams import require
from local_cloud.emulator.stream_numbers import StreamNumbers
from local_cloud.uptime import Retention, Uptime
from local_cloud.wire import Answer, Handler

logger = logging.getLogger("local_cloud")


class Persistence:
    """Complete MiniStack's own persistence: a journal of DynamoDB, saves after control calls, a mark of a clean stop.

    Args:
        folder: where MiniStack keeps its state.
        emulator: ``ministack.app``.
        dynamodb: ``ministack.services.dynamodb``.

    Raises:
        SeamMovedError: MiniStack lacks a function that this needs.
    """

    def __init__(self, folder: Path, emulator: Any, dynamodb: Any) -> None:
        require(emulator, "_load_persisted_state", "_build_persistence_save_dict")
        require(
            dynamodb, "_emit_stream_event", "_tables", "_set_item", "_remove_item", "_extract_key_val", "_stream_records",
            "_closed_streams", "_STREAM_RETENTION_SECONDS",
        )  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._emulator = folder, emulator
        written = [path for path in (*folder.iterdir(), *folder.parent.glob("services.db*")) if path.is_file()]
        self.uptime = Uptime.continued(folder.parent, written, time.time())
        retention = Retention(self.uptime, RETENTION_SECONDS)
        dynamodb._STREAM_RETENTION_SECONDS = retention
        self.stream_numbers = StreamNumbers()
        self._journal = DynamoDBJournal(folder / "dynamodb.journal", dynamodb, retention, self.stream_numbers)
        self.stopped_cleanly = take_clean_stop_mark(folder)

    def attach(self) -> None:
        """Replay the journal when MiniStack has loaded its saved state; record every change from then on."""
        load = self._emulator._load_persisted_state

        def load_and_replay() -> None:
            load()
            lines = self._journal.replay()
            if not self.stopped_cleanly:
                logger.warning(
                    "the cloud did not stop cleanly: %s journal lines restored items and their stream records; records "
                    "in Kinesis are lost, so every pipe reads its source stream again from the start", lines,
                )  # fmt: skip
            self._journal.attach()

        self._emulator._load_persisted_state = load_and_replay

    def save_after(self, service: str, handler: Handler) -> Handler:
        """Return the service's handler with a save of its state after every control call."""
        return save_changes(service, handler, self._save)

    def journal(self, handler: Handler) -> Handler:
        """Return DynamoDB's handler so that it answers only when its changes are in the journal."""

        async def handle(*request: Any) -> Answer:
            try:
                return await handler(*request)
            finally:
                self._journal.flush()

        return handle

    def keep_pending(self) -> None:
        """Write the changes that no request made, such as deletions of expired items."""
        self._journal.flush()

    def close(self) -> None:
        """Compact the journal and mark a clean stop; call it when MiniStack has saved everything."""
        self._journal.compact()
        leave_clean_stop_mark(self._folder)

    def _save(self, service: str) -> None:
        from ministack.core.persistence import save_all

        states = self._emulator._build_persistence_save_dict()
        if service in states:
            save_all({service: states[service]})
        if service == "dynamodb":
            self._journal.compact()

"""The emulator's state across restarts, clean or not: what is saved when, and how it comes back."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from local_cloud.emulator.journal import RETENTION_SECONDS, DynamoDBJournal
from local_cloud.emulator.keeping import (
    KEPT_SERVICES,
    Answer,
    Handler,
    keeping,
    leave_clean_stop_mark,
    take_clean_stop_mark,
)
from local_cloud.uptime import Retention, Uptime

logger = logging.getLogger("local_cloud")


class Memory:
    """Stands beside MiniStack's own persistence: journal of DynamoDB, saves after control calls, mark of a clean stop.

    Raises:
        RuntimeError: MiniStack no longer has the functions that this stands on.
    """

    def __init__(self, folder: Path, emulator: Any, dynamodb: Any) -> None:
        needed = {emulator: ("SERVICE_HANDLERS", "_load_persisted_state", "_build_persistence_save_dict"), dynamodb: ("_emit_stream_event", "_tables", "_set_item", "_STREAM_RETENTION_SECONDS")}  # fmt: skip
        if missing := [name for module, names in needed.items() for name in names if not hasattr(module, name)]:
            raise RuntimeError(
                f"MiniStack moved {', '.join(missing)}: local_cloud/emulator was written for version 1.5.33."
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._emulator = folder, emulator
        written = [path for path in (*folder.iterdir(), *folder.parent.glob("services.db*")) if path.is_file()]
        self.uptime = Uptime.continued(folder.parent, written, time.time())
        retention = Retention(self.uptime, RETENTION_SECONDS)
        dynamodb._STREAM_RETENTION_SECONDS = retention
        self._journal = DynamoDBJournal(folder / "dynamodb.journal", dynamodb, retention)
        self.stopped_cleanly = take_clean_stop_mark(folder)

    def attach(self) -> None:
        """Restore after MiniStack has loaded what it saved; from then on keep every change."""
        load = self._emulator._load_persisted_state

        def load_and_replay() -> None:
            load()
            lines = self._journal.replay()
            if not self.stopped_cleanly:
                logger.warning(
                    "the cloud did not stop cleanly: %s journal lines restored items and their stream records; records "
                    "that stood in Kinesis are gone, so every pipe reads its source stream anew", lines,
                )  # fmt: skip
            self._journal.attach()

        self._emulator._load_persisted_state = load_and_replay
        handlers = self._emulator.SERVICE_HANDLERS
        for service in KEPT_SERVICES:
            handlers[service] = keeping(service, handlers[service], self._save)
        handlers["dynamodb"] = self._journaled(handlers["dynamodb"])

    def _journaled(self, handler: Handler) -> Handler:
        """The handler, answered once its changes are in the journal."""

        async def handle(*request: Any) -> Answer:
            try:
                return await handler(*request)
            finally:
                self._journal.flush()

        return handle

    def keep_pending(self) -> None:
        """Write the changes that came about without a request."""
        self._journal.flush()

    def close(self) -> None:
        """After MiniStack saved everything at a clean stop."""
        self._journal.compact()
        leave_clean_stop_mark(self._folder)

    def _save(self, service: str) -> None:
        from ministack.core.persistence import save_all

        states = self._emulator._build_persistence_save_dict()
        if service in states:
            save_all({service: states[service]})
        if service == "dynamodb":
            self._journal.compact()

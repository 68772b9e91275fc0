"""Hold one statement on its way: its text and context, its counts, and whether it has to end.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from local_cloud.athena.errors import QueryCancelledError
from local_cloud.athena.statement.callers import Caller

INTERRUPT_AGAIN_SECONDS = 0.05
Row = list[str | None]  # a row of a result as Athena shows it; None is NULL


@dataclass
class Cancellation:
    """The wish that a query end, by StopQueryExecution or a byte limit.

    What works for the query calls ``check``, gives ``on_cancel`` a way to interrupt it, and calls ``ended`` at its end.
    """

    reason: str | None = None
    _interrupts: list[Callable[[], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    def cancel(self, reason: str) -> None:
        """Interrupt the query again and again until it has ended.

        Once is not enough: DuckDB forgets an interruption that comes between two of the query's statements.
        """
        with self._lock:
            first, self.reason = self.reason is None, self.reason or reason
        if first:
            threading.Thread(target=self._interrupt, name="athena-cancellation", daemon=True).start()

    def _interrupt(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                interrupts = list(self._interrupts)
            for interrupt in interrupts:
                interrupt()
            self._ended.wait(INTERRUPT_AGAIN_SECONDS)

    def ended(self) -> None:
        self._ended.set()

    def on_cancel(self, interrupt: Callable[[], None]) -> None:
        with self._lock:
            self._interrupts.append(interrupt)

    def check(self) -> None:
        """Raise when the query has to end.

        Raises:
            QueryCancelledError: the query is to end.
        """
        if self.reason is not None:
            raise QueryCancelledError(self.reason)


@dataclass
class Query:
    """What the engine is given: one statement with its context, and the numbers it reports back."""

    execution_id: str
    sql: str
    catalog: str
    database: str
    parameters: list[str]
    output_folder: str
    work_group: str
    bytes_limit: int | None
    caller: Caller = field(repr=False)
    cancellation: Cancellation = field(default_factory=Cancellation)
    scanned_bytes: int = 0
    output_location: str = ""
    manifest_location: str | None = None
    changed_rows: int = 0
    written_rows: int = 0

    def scanned(self, size_bytes: int) -> None:
        """Count bytes read from S3 and hold the query to its work group's limit.

        Raises:
            QueryCancelledError: the limit is passed.
        """
        self.scanned_bytes += size_bytes
        if self.bytes_limit is not None and self.scanned_bytes > self.bytes_limit:
            raise QueryCancelledError(f"Bytes scanned limit was exceeded. Limit: {self.bytes_limit} bytes")

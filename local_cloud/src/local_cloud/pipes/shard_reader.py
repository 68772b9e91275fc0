"""Read one shard: make batches of its pages, deliver them, and move the checkpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event as Flag

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.arrivals import MIN_IDLE_SECONDS, Arrivals, longer, stream_of
from local_cloud.counters import Counters
from local_cloud.pipes.checkpoints import Checkpoint, Checkpoints, next_position, opened_now, skips_before
from local_cloud.pipes.delivery import Delivery, StoppedError
from local_cloud.pipes.settings import PipeSettings
from local_cloud.pipes.sources import Record, Source
from local_cloud.pipes.targets import with_readable_payload
from local_cloud.shards import Cursor, IteratorExpiredError, Position, PositionGoneError, is_gone

logger = logging.getLogger(__name__)

PAGE_RECORDS = 500  # small enough that the gateway answers other requests between two pages
BUSY_PAGE_RECORDS = 100
MAX_GATHERING_SECONDS = 0.25  # the longest pause while records wait for their batch's window to end
ERROR_PAUSE_SECONDS = 1.0


class ShardReader:
    """Read one shard until it ends or the pipe stops. ``problem`` says why it cannot read; None when it can."""

    def __init__(
        self,
        settings: PipeSettings,
        shard_id: str,
        source: Source,
        delivery: Delivery,
        checkpoints: Checkpoints,
        stopping: Flag,
        counters: Counters,
        cursor: Cursor | None = None,
        arrivals: Arrivals | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._shard_id, self._source = settings, shard_id, source
        self._delivery, self._checkpoints, self._stopping = delivery, checkpoints, stopping
        self._counters, self._clock = counters, clock
        self._arrivals, self._stream = arrivals or Arrivals(), stream_of(settings.source.arn)
        self._checkpoint = checkpoints.get(shard_id)
        self._cursor = cursor
        self._skips_before = 0.0
        self._pending: list[Record] = []
        self._pending_since = 0.0
        self._read_up_to: str | None = None
        self.problem: str | None = None
        self.finished = False

    def run(self) -> None:
        """Read until the shard ends or the pipe stops; retry while the source fails."""
        idle = MIN_IDLE_SECONDS
        while not self._stopping.is_set() and not self.finished:
            seen = self._arrivals.count(self._stream)
            try:
                count = self._step()
            except StoppedError:
                return
            except (IteratorExpiredError, PositionGoneError):
                self._start_over()
                continue
            except Exception as error:
                self._recover(error)
                continue
            self.problem = None
            idle = MIN_IDLE_SECONDS if count else longer(idle)
            if count < BUSY_PAGE_RECORDS:
                self._pause(idle, seen)

    def _pause(self, idle_seconds: float, seen: int) -> None:
        """Pause before the next page, until records arrive at most; those that came while the last page was read have."""
        self._stopping.wait(MIN_IDLE_SECONDS)
        longest = min(idle_seconds, MAX_GATHERING_SECONDS) if self._pending else idle_seconds
        if not self._stopping.is_set():
            self._arrivals.wait(self._stream, seen, longest - MIN_IDLE_SECONDS)

    def _step(self) -> int:
        """Read one page and deliver the batches that are due; return the number of records read."""
        cursor = self._cursor or self._open()
        records, self._cursor = self._source.read(cursor, PAGE_RECORDS)
        if records:
            self._take(records)
        ended = self._cursor is None
        self._deliver_due(flush=ended)
        self._note_oldest(self._pending)
        if ended:
            self._advance(self._checkpoint.sequence_number if self._checkpoint else None, finished=True)
        return len(records)

    def _open(self) -> Cursor:
        position = next_position(self._checkpoint)
        self._skips_before = skips_before(self._settings.source, self._checkpoint)
        try:
            return self._source.open(self._shard_id, position)
        except PositionGoneError:
            logger.warning(
                "pipe %s: the stream no longer holds %s of %s: reading from its oldest record",
                self._settings.name, position.sequence_number, self._shard_id,
            )  # fmt: skip
            return self._source.open(self._shard_id, Position("TRIM_HORIZON"))

    def _take(self, records: list[Record]) -> None:
        self._counters.add(self._settings.name, incoming=len(records))
        if not self._pending:
            self._pending_since = self._clock()
        self._pending += [record for record in records if self._passes(record)]
        self._read_up_to = records[-1].sequence_number
        if not self._pending:
            self._advance(self._read_up_to)

    def _passes(self, record: Record) -> bool:
        if record.created < self._skips_before:
            return False
        patterns = self._settings.patterns
        if not patterns:
            return True
        event = with_readable_payload(record.event)
        return any(pattern(event) for pattern in patterns)

    def _deliver_due(self, *, flush: bool) -> None:
        size = self._settings.source.batch_size
        due = flush or self._clock() - self._pending_since >= self._settings.source.window_seconds
        while len(self._pending) >= size or (due and self._pending):
            batch, rest = self._pending[:size], self._pending[size:]
            self._note_oldest(batch)
            self._delivery.deliver(self._shard_id, batch)
            self._pending = rest
            self._advance(batch[-1].sequence_number if rest else self._read_up_to)

    def _note_oldest(self, waiting: list[Record]) -> None:
        self._counters.oldest_since(self._settings.name, waiting[0].created if waiting else None, self._shard_id)

    def _advance(self, sequence_number: str | None, *, finished: bool = False) -> None:
        opened = (self._checkpoint or opened_now()).opened
        self._checkpoint = Checkpoint(sequence_number, opened, finished)
        self._checkpoints.put(self._shard_id, self._checkpoint)
        self.finished = finished

    def _start_over(self) -> None:
        """Forget records that were read but not delivered: the next page starts at the checkpoint."""
        self._cursor, self._pending, self._read_up_to = None, [], None

    def _recover(self, error: Exception) -> None:
        """Note the problem, pause and start over, unless the stream no longer has the shard."""
        self._start_over()
        try:
            self.finished = is_gone(error, self._source.shards, self._shard_id)
        except (ClientError, BotoCoreError):
            self.finished = False
        if not self.finished and self.problem != str(error):
            self.problem = str(error) or type(error).__name__
            expected = isinstance(error, ClientError | BotoCoreError)
            logger.warning(
                "pipe %s cannot read %s: %s", self._settings.name, self._shard_id, error, exc_info=not expected
            )
        self._stopping.wait(ERROR_PAUSE_SECONDS)

"""Deliver one batch of a shard: retries, record age, bisection, and the dead-letter queue at the end.

Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html and
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceDynamoDBStreamParameters.html
(``MaximumRetryAttempts``, ``MaximumRecordAgeInSeconds``, ``OnPartialBatchItemFailure``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from threading import Event as Flag
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.counters import Counters
from local_cloud.pipes.dead_letters import RECORD_TOO_OLD, RETRIES_EXHAUSTED
from local_cloud.pipes.settings import PipeSettings
from local_cloud.pipes.sources import Record
from local_cloud.pipes.targets import Failure
from local_cloud.uptime import Uptime

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
MAX_PAUSE_SECONDS = 10.0


class Target(Protocol):
    """Take records; return those that failed."""

    def send(self, records: Sequence[Record]) -> list[Failure]: ...


class DeadLetters(Protocol):
    """Take a report about records that were given up."""

    def send(self, shard_id: str, records: Sequence[Record], condition: str) -> None: ...


class StoppedError(Exception):
    """The pipe was stopped while it retried records; they are read again after the next start."""


class Delivery:
    """Bring batches of one shard to the target, or give records up as the pipe's settings say."""

    def __init__(
        self,
        settings: PipeSettings,
        target: Target,
        dead_letters: DeadLetters,
        stopping: Flag,
        counters: Counters,
        uptime: Uptime | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._target, self._dead_letters = settings, target, dead_letters
        self._stopping, self._counters, self._clock = stopping, counters, clock
        self._uptime = uptime or Uptime()
        self.last_failure: str | None = None

    def deliver(self, shard_id: str, batch: Sequence[Record]) -> None:
        """Deliver a batch; return when every record is delivered or given up.

        Raises:
            StoppedError: the pipe is stopping.
        """
        pending: Sequence[Record] = batch
        attempts = counted = 0
        while pending := self._drop_old(shard_id, pending):
            failures = self._send(pending)
            if not failures:
                return
            attempts += 1
            is_counted = any(failure.counts for failure in failures)
            counted += is_counted
            pending = [failure.record for failure in failures]
            if is_counted and self._settings.source.bisects and len(pending) > 1:
                self._pause(attempts)
                self._deliver_halves(shard_id, pending)
                return
            if self._settings.source.maximum_retries is not None and counted > self._settings.source.maximum_retries:
                self._give_up(shard_id, pending, RETRIES_EXHAUSTED)
                return
            self._pause(attempts)

    def _send(self, records: Sequence[Record]) -> list[Failure]:
        failures = self._target.send(records)
        failed = len(failures) == len(records)
        self._counters.add(
            self._settings.name, delivered=len(records) - len(failures), executions=1, executions_failed=int(failed),
            executions_partly_failed=int(bool(failures) and not failed),
        )  # fmt: skip
        self.last_failure = failures[0].reason if failures else None
        if failures:
            logger.warning(
                "pipe %s: the target took %d of %d records: %s",
                self._settings.name, len(records) - len(failures), len(records), failures[0].reason,
            )  # fmt: skip
        return failures

    def _deliver_halves(self, shard_id: str, records: Sequence[Record]) -> None:
        middle = len(records) // 2
        self.deliver(shard_id, records[:middle])
        self.deliver(shard_id, records[middle:])

    def _drop_old(self, shard_id: str, records: Sequence[Record]) -> Sequence[Record]:
        limit = self._settings.source.maximum_age_seconds
        if limit is None:
            return records
        horizon = self._uptime.horizon(self._clock(), limit)
        old = [record for record in records if record.created < horizon]
        if old:
            self._give_up(shard_id, old, RECORD_TOO_OLD)
        return [record for record in records if record.created >= horizon] if old else records

    def _give_up(self, shard_id: str, records: Sequence[Record], condition: str) -> None:
        """Report the records to the dead-letter queue, and retry until that succeeds: otherwise they would be lost silently."""
        attempts = 0
        while True:
            try:
                self._dead_letters.send(shard_id, records, condition)
                break
            except (ClientError, BotoCoreError) as error:
                attempts += 1
                self.last_failure = f"The dead-letter queue refused a message: {error}"
                logger.warning("pipe %s: %s", self._settings.name, self.last_failure)
                self._pause(attempts)
        self.last_failure = None
        logger.warning(
            "pipe %s gave up %d records of %s from %s to %s: %s",
            self._settings.name, len(records), shard_id,
            records[0].sequence_number, records[-1].sequence_number, condition,
        )  # fmt: skip

    def _pause(self, attempts: int) -> None:
        seconds = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 10))
        if self._stopping.wait(seconds):
            raise StoppedError

"""Write planned changes in transactions, several at once, at a given pace, with retries."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from math import ceil
from random import SystemRandom
from threading import Event, Lock

from sales_cdc.generate.ledger import Outcome
from sales_cdc.generate.transactional_table import TRANSACTION_CHANGES, Item, OrdersTable, holds
from sales_cdc.generate.workload import Change

CONCURRENT_TRANSACTIONS = 8
MAX_ATTEMPTS = 12
BACKOFF_SECONDS = 0.05
MAX_BACKOFF_SECONDS = 5.0
PACED_TRANSACTIONS_PER_SECOND = 10
_TOKENS = uuid.UUID("0b1f3c52-54d7-4c5e-9a44-6f3f6a0f6d0e")


class StalledError(Exception):
    """Raised when the table stayed busy through every attempt; a later retry continues from there."""


class Pace:
    """Spread changes evenly over time; ``rate_per_second`` None means as fast as possible."""

    def __init__(self, rate_per_second: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate_per_second
        self._clock = clock
        self._next = clock()
        self._lock = Lock()

    @property
    def changes_at_once(self) -> int:
        """Return how many changes a transaction may have so that the rate stays even."""
        if self._rate is None:
            return TRANSACTION_CHANGES
        return min(TRANSACTION_CHANGES, ceil(self._rate / PACED_TRANSACTIONS_PER_SECOND))

    def reserve(self, changes: int) -> float:
        """Reserve the next free time for this many changes; return the seconds until then."""
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            place = max(now, self._next)
            self._next = place + changes / self._rate
            return place - now


class ChangeWriter:
    """Write changes of one run to the table.

    ``run`` is unique to the run and its plan: DynamoDB recognises by it a transaction that is sent again. Once ``stop`` is set, the
    writer sends nothing new and stops waiting.
    """

    def __init__(self, table: OrdersTable, run: str, pace: Pace, stop: Event) -> None:
        self._table = table
        self._run = run
        self._pace = pace
        self._stop = stop
        self._random = SystemRandom()

    def write(self, changes: Sequence[Change], *, tried_before: bool) -> Iterator[list[Outcome]]:
        """Write changes of different orders, in any order; yield the outcomes as they come.

        ``tried_before``: an earlier attempt may have written some of these without keeping the outcome. Then an order that already is
        as the change would leave it counts as written by this run.

        Raises:
            StalledError, CallRefusedError, ClientError: once every transaction in flight has ended and its outcomes were yielded.
        """
        size = self._pace.changes_at_once
        failure: BaseException | None = None
        with ThreadPoolExecutor(CONCURRENT_TRANSACTIONS) as pool:
            sent = [
                pool.submit(self._settle, changes[at : at + size], tried_before) for at in range(0, len(changes), size)
            ]
            try:
                for future in as_completed(sent):
                    if future.cancelled():
                        continue
                    if future.exception() is None:
                        yield future.result()
                        continue
                    failure = failure or future.exception()
                    _cancel(sent)
            finally:
                _cancel(sent)
        if failure is not None:
            raise failure

    def _settle(self, changes: Sequence[Change], tried_before: bool) -> list[Outcome]:
        """Send the changes until each is written or refused; return fewer outcomes when stopped."""
        outcomes: list[Outcome] = []
        if self._stop.wait(self._pace.reserve(len(changes))):
            return outcomes
        pending, attempts = changes, 0
        while pending:
            attempt = self._table.write(pending, self._token(pending))
            outcomes += [Outcome(change) for change in attempt.written]
            outcomes += [Outcome(change, judge(change, item, tried_before)) for change, item in attempt.refused]
            pending = attempt.postponed
            if attempt.cause:
                attempts += 1
                self._check(attempts, attempt.cause)
                if self._stop.wait(self._backoff(attempts)):
                    break
        return outcomes

    def _check(self, attempts: int, cause: str) -> None:
        if attempts == MAX_ATTEMPTS:
            raise StalledError(
                f"The DynamoDB table {self._table.name} did not take a transaction in {attempts} attempts ({cause}). "
                "Give it more write capacity, or set rate_per_second."
            )

    def _backoff(self, attempts: int) -> float:
        """Return the seconds to wait before the next attempt: exponential, with full jitter."""
        return self._random.uniform(0, min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2**attempts))

    def _token(self, changes: Sequence[Change]) -> str:
        return str(uuid.uuid5(_TOKENS, f"{self._run} {' '.join(str(change.n) for change in changes)}"))


def judge(change: Change, item: Item | None, tried_before: bool) -> str:
    """Say why a refused change was not made; "" when an earlier attempt of this run made it."""
    if _is_made(change, item):
        return "" if tried_before else "someone else made the same change first"
    if change.event_type == "INSERT":
        return "someone else put an order with this id there"
    if item is None:
        return "someone else deleted the order"
    changed = [name for name, value in change.expected.items() if not holds(item, {name: value})]
    return f"someone else changed the order's {', '.join(changed) or 'values'}"


def _is_made(change: Change, item: Item | None) -> bool:
    if change.event_type == "REMOVE":
        return item is None
    return item is not None and holds(item, change.set)


def _cancel(futures: Sequence[Future[list[Outcome]]]) -> None:
    for future in futures:
        future.cancel()

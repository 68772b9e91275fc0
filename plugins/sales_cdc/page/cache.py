"""Keep answers for a while: the page shows the known answer at once, and an old answer is loaded again in the background."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sales_cdc.page.trouble import Trouble, trouble

logger = logging.getLogger(__name__)
MAX_ENTRIES = 256
PARALLEL_LOADS = 6
FAILURE_SECONDS = 5.0


@dataclass
class Entry:
    """One answer; ``loaded_at`` is None before the first value. After a failure the last value stays, with the trouble."""

    value: Any = None
    trouble: Trouble | None = None
    loaded_at: float | None = None
    tried_at: float | None = None
    is_loading: bool = False


@dataclass(frozen=True)
class Snapshot:
    """A copy of an entry; ``age_seconds`` is None while there is no value yet."""

    value: Any
    trouble: Trouble | None
    age_seconds: float | None
    is_loading: bool


class Cache:
    """Answers by key; each is loaded in a thread, at most once at a time."""

    def __init__(self, executor: Executor | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._executor = executor or ThreadPoolExecutor(PARALLEL_LOADS, thread_name_prefix="sales-cdc-page")
        self._clock = clock
        self._changed = threading.Condition()
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()

    def get(
        self, key: Hashable, load: Callable[[], Any], *, fresh_seconds: float, wait_seconds: float = 0.0
    ) -> Snapshot:
        """Return the known answer, and load it again when it is older than ``fresh_seconds``.

        The first call for a key waits up to ``wait_seconds`` for its answer.
        """
        with self._changed:
            entry = self._entries.setdefault(key, Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MAX_ENTRIES:
                self._entries.popitem(last=False)
            if not entry.is_loading and self._is_due(entry, fresh_seconds):
                entry.is_loading = True
                self._executor.submit(self._load, entry, load)
            if entry.tried_at is None:
                self._changed.wait_for(lambda: not entry.is_loading, timeout=wait_seconds)
            age = None if entry.loaded_at is None else self._clock() - entry.loaded_at
            return Snapshot(entry.value, entry.trouble, age, entry.is_loading)

    def forget(self, key: Hashable) -> None:
        """Load the answer again when somebody next asks for it."""
        with self._changed:
            self._entries.pop(key, None)

    def _is_due(self, entry: Entry, fresh_seconds: float) -> bool:
        if entry.tried_at is None:
            return True
        patience = min(fresh_seconds, FAILURE_SECONDS) if entry.trouble else fresh_seconds
        return self._clock() - entry.tried_at >= patience

    def _load(self, entry: Entry, load: Callable[[], Any]) -> None:
        value, found = None, None
        try:
            value = load()
        except Exception as error:
            found = trouble(error)
            if found.is_unexpected:
                logger.exception("The Sales CDC page could not load an answer.")
        with self._changed:
            entry.trouble, entry.tried_at, entry.is_loading = found, self._clock(), False
            if found is None:
                entry.value, entry.loaded_at = value, entry.tried_at
            self._changed.notify_all()

"""Share what one part of the page has just read with the others: they are asked together, and follow from the same documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar, cast

from sales_cdc.page.reader import Reader

SHARED_SECONDS = 2.0
SHARED = ("tables", "newest_report", "newest_changes", "failed_records")
P = ParamSpec("P")
R = TypeVar("R")
Clock = Callable[[], float]


@dataclass
class _Read(Generic[R]):
    """One read, by the first who asked; those who ask meanwhile wait for it."""

    begun_at: float
    lock: Lock = field(default_factory=Lock)
    found: list[R] = field(default_factory=list)

    def result(self, read: Callable[[], R]) -> R:
        with self.lock:
            if not self.found:
                self.found.append(read())
            return self.found[0]


def shared(read: Callable[P, R], clock: Clock = time.monotonic) -> Callable[P, R]:
    """Return the function with one call for all who ask the same within two seconds; a failure is not kept.

    Example::

        newest_report = shared(reader.newest_report)
    """
    lock, reads = Lock(), dict[Hashable, _Read[R]]()

    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        key, now = (args, tuple(sorted(kwargs.items()))), clock()
        with lock:
            for old in [each for each, begun in reads.items() if now - begun.begun_at >= SHARED_SECONDS]:
                del reads[old]
            one = reads.setdefault(key, _Read(now))
        return one.result(lambda: read(*args, **kwargs))

    return asked


class SharedReads:
    """A reader whose lists and documents are read once for all parts of the page that are asked together."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        for name in SHARED:
            setattr(self, name, shared(getattr(reader, name), clock))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


def shared_reads(reader: Reader, clock: Clock = time.monotonic) -> Reader:
    """Return the reader with its reads of ``SHARED`` shared.

    Example::

        answers = Answers(shared_reads(DeploymentReader(settings)), settings)
    """
    return cast(Reader, SharedReads(reader, clock))

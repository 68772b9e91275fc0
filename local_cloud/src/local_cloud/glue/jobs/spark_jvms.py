"""Keep the JVM of a Spark job's run for the next run: to start one takes most of a small job's time.

A run gets the JVM that idles if it would start one alike, and otherwise a new one: two runs at once never share. A JVM is kept after
a run that succeeded, for a minute and for ``MAX_RUNS`` runs; it ends with a run that failed, was stopped or timed out.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from local_cloud.glue.jobs.spark_environment import SparkLaunch
from local_cloud.glue.jobs.spark_jvm import SparkJvm, SparkJvmError

MAX_RUNS = 25


@dataclass
class Loan:
    """Hold the variables by which a script finds its JVM; ``succeeded`` is set once the script has."""

    environment: Mapping[str, str]
    succeeded: bool = False


def call_later(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


class SparkJvms:
    """Lend JVMs to runs; one at most idles. May be called from any thread."""

    def __init__(
        self,
        folder: Path,
        idle_seconds: float,
        start: Callable[[SparkLaunch, Path], SparkJvm] = SparkJvm,
        call_later: Callable[[float, Callable[[], None]], None] = call_later,
    ) -> None:
        """Start nothing yet.

        Args:
            folder: for the JVMs' own folders.
            idle_seconds: how long a JVM without a run is kept; at 0 none is.
            start: starts a JVM.
            call_later: calls a function after some seconds.
        """
        self._folder, self._idle_seconds, self._start, self._call_later = folder, idle_seconds, start, call_later
        self._lock = threading.Lock()
        self._all: set[SparkJvm] = set()
        self._idle: SparkJvm | None = None
        self._closed = False

    @contextmanager
    def lent(self, launch: SparkLaunch, folder: Path, properties: Mapping[str, str]) -> Iterator[Loan]:
        """Lend a JVM for the time of a run.

        Args:
            launch: what the run's JVM has to be started with.
            folder: the run's, which holds its logs.
            properties: the run's system properties.

        Raises:
            SparkJvmError: none could be started.
        """
        jvm, loan = self._borrow(launch, folder, properties)
        try:
            yield loan
        finally:
            may_stay = loan.succeeded and launch.serves_others and jvm.runs < MAX_RUNS and self._idle_seconds > 0
            if may_stay and jvm.take_back():
                self._keep(jvm)
            else:
                self._end(jvm)

    def stop(self) -> None:
        """End every JVM, those of runs too."""
        with self._lock:
            self._closed, self._idle = True, None
            jvms = list(self._all)
        for jvm in jvms:
            self._end(jvm)

    def _borrow(self, launch: SparkLaunch, folder: Path, properties: Mapping[str, str]) -> tuple[SparkJvm, Loan]:
        if idle := self._take_idle(launch):
            try:
                return idle, Loan(idle.lend(folder, properties))
            except SparkJvmError:  # it died while it idled
                self._end(idle)
        jvm = self._begin(launch)
        try:
            jvm.wait_until_ready()
            return jvm, Loan(jvm.lend(folder, properties))
        except BaseException:
            self._end(jvm)
            raise

    def _take_idle(self, launch: SparkLaunch) -> SparkJvm | None:
        with self._lock:
            found = self._idle
            if found is None or found.launch != launch:
                return None
            self._idle = None
            return found

    def _begin(self, launch: SparkLaunch) -> SparkJvm:
        with self._lock:
            if self._closed:
                raise SparkJvmError("The local cloud ends: it starts no JVM.")
            jvm = self._start(launch, self._folder / uuid.uuid4().hex)
            self._all.add(jvm)
            return jvm

    def _keep(self, jvm: SparkJvm) -> None:
        with self._lock:
            unneeded, self._idle = (jvm, None) if self._closed else (self._idle, jvm)
        if unneeded is not None:
            self._end(unneeded)
        self._call_later(self._idle_seconds, partial(self._end_unused, jvm, jvm.runs))

    def _end_unused(self, jvm: SparkJvm, runs: int) -> None:
        """End a JVM that idles and has served no run since."""
        with self._lock:
            if self._idle is not jvm or jvm.runs != runs:
                return
            self._idle = None
        self._end(jvm)

    def _end(self, jvm: SparkJvm) -> None:
        with self._lock:
            self._all.discard(jvm)
        jvm.end()

"""The pipes that exist: their documents in the store, their workers, and the work of their transient states."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from local_cloud.context import Context
from local_cloud.counters import Counters
from local_cloud.pipes.checkpoints import Checkpoints
from local_cloud.pipes.settings import parse
from local_cloud.pipes.states import FAILURE_OF, TRANSIENT, State, move, state_of
from local_cloud.pipes.worker import PipeWorker

logger = logging.getLogger(__name__)

UNREACHABLE_PAUSE_SECONDS = 0.5


class Registry:
    """Keep pipes by ARN. ``settle`` does the work of a transient state in the background and sets the next state."""

    def __init__(self, context: Context, counters: Counters) -> None:
        self._context, self._counters = context, counters
        self._documents = context.store.collection("pipes")
        self._workers: dict[str, PipeWorker] = {}
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="pipes")
        self._closing = threading.Event()
        self._settling: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self.lock = threading.RLock()

    def get(self, arn: str) -> dict[str, Any] | None:
        """Return the pipe's document, or None."""
        return self._documents.get(arn)

    def put(self, pipe: dict[str, Any]) -> None:
        """Save the pipe's document."""
        self._documents.put(pipe["Arn"], pipe)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (document for _, document in self._documents)

    def problem(self, arn: str) -> str | None:
        """Return why a running pipe moves no events; None when it does."""
        worker = self._workers.get(arn)
        return worker.problem if worker else None

    def resume(self) -> None:
        """Run the pipes that ran before the process started, and finish transient states."""
        for pipe in list(self):
            if state_of(pipe) is State.RUNNING:
                self._run(pipe)
            elif state_of(pipe) in TRANSIENT:
                self.settle(pipe["Arn"])

    def rewind(self) -> None:
        """Let every pipe read its source again from the oldest record: a crash has lost the target's records."""
        for pipe in self:
            logger.warning("pipe %s reads its source from the oldest record again", pipe["Name"])
            self._checkpoints(pipe).rewind()

    def close(self) -> None:
        """Stop every worker; states and checkpoints stay."""
        self._closing.set()
        for worker in list(self._workers.values()):
            worker.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def settle(self, arn: str) -> None:
        """Do the work of the pipe's transient state in the background."""
        self._pool.submit(self._settle, arn)

    def _settle(self, arn: str) -> None:
        """Settle one pipe's states in order, so that a deletion finds the worker of the creation."""
        with self._settling[arn]:
            pipe = self.get(arn)
            if pipe is not None and state_of(pipe) in TRANSIENT:
                self._leave(pipe)

    def _leave(self, pipe: dict[str, Any]) -> None:
        """Do the work of a transient state and set the state that follows."""
        arn, state = pipe["Arn"], state_of(pipe)
        try:
            self._stop_worker(arn)
            if state is State.DELETING:
                self._delete(pipe)
            elif pipe["DesiredState"] == "STOPPED":
                self._finish(arn, State.STOPPED)
            else:
                self._workers[arn] = worker = self._checked_worker(pipe)
                self._finish(arn, State.RUNNING)
                worker.start()
        except (ClientError, BotoCoreError) as error:
            self._finish(arn, FAILURE_OF[state], reason_of(error))
        except Exception as error:
            logger.exception("pipe %s could not leave %s", arn, state)
            self._finish(arn, FAILURE_OF[state], f"InternalException: {type(error).__name__}: {error}")

    def _checked_worker(self, pipe: dict[str, Any]) -> PipeWorker:
        worker = PipeWorker(parse(pipe), self._context, self._counters)
        while True:
            try:
                worker.check()
            except (EndpointConnectionError, HTTPClientError):
                if self._closing.wait(UNREACHABLE_PAUSE_SECONDS):
                    raise
            else:
                return worker

    def _finish(self, arn: str, state: State, reason: str | None = None) -> None:
        with self.lock:
            pipe = self.get(arn)
            if pipe is not None and not self._closing.is_set():
                move(pipe, state, reason)
                self.put(pipe)

    def _run(self, pipe: dict[str, Any]) -> None:
        worker = PipeWorker(parse(pipe), self._context, self._counters)
        self._workers[pipe["Arn"]] = worker
        worker.start()

    def _stop_worker(self, arn: str) -> None:
        worker = self._workers.pop(arn, None)
        if worker is not None:
            worker.stop()

    def _checkpoints(self, pipe: dict[str, Any]) -> Checkpoints:
        return Checkpoints(self._context.store.collection("pipe-checkpoints"), pipe["Arn"])

    def _delete(self, pipe: dict[str, Any]) -> None:
        self._checkpoints(pipe).delete()
        self._counters.forget(pipe["Name"])
        self._documents.delete(pipe["Arn"])


def reason_of(error: Exception) -> str:
    """Return what AWS shows as ``StateReason`` for a refused call."""
    if isinstance(error, ClientError):
        details = error.response["Error"]
        return f"{details.get('Code')}: {details.get('Message')} ({error.operation_name})"
    return str(error)

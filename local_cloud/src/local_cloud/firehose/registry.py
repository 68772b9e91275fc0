"""The delivery streams that exist: their documents in the store, their workers, the work of CREATING and DELETING."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from local_cloud.context import Context
from local_cloud.counters import Counters
from local_cloud.firehose.definition import s3_of
from local_cloud.firehose.journal import Journal
from local_cloud.firehose.kinesis_source import KinesisSettings, KinesisSource
from local_cloud.firehose.settings import Configuration, parse_destination
from local_cloud.firehose.states import FAILURE_OF, Status, move, status_of
from local_cloud.firehose.transformation import StreamIdentity
from local_cloud.firehose.worker import DeliveryWorker

logger = logging.getLogger(__name__)

Stream = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Running:
    """Hold the worker and the source of an active delivery stream."""

    worker: DeliveryWorker
    source: Journal | KinesisSource


class Registry:
    """Keep delivery streams by ARN. ``settle`` does the work of CREATING and DELETING in the background."""

    def __init__(self, context: Context, counters: Counters) -> None:
        self._context, self._counters = context, counters
        self._documents = context.store.collection("delivery-streams")
        self._running: dict[str, Running] = {}
        self._configurations: dict[str, Configuration] = {}
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="firehose")
        self._closing = threading.Event()
        self._settling: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self.lock = threading.RLock()

    def get(self, arn: str) -> Stream | None:
        """Return the delivery stream's document, or None."""
        return self._documents.get(arn)

    def put(self, stream: Stream) -> None:
        """Save the document; a running worker uses its destination from then on."""
        arn = stream["DeliveryStreamARN"]
        self._documents.put(arn, stream)
        self._configurations[arn] = Configuration(parse_destination(s3_of(stream)), stream["VersionId"])

    def __iter__(self) -> Iterator[Stream]:
        return (document for _, document in self._documents)

    def journal(self, arn: str) -> Journal | None:
        """Return the journal of direct puts; None when the stream takes none, or is not active."""
        running = self._running.get(arn)
        return running.source if running is not None and isinstance(running.source, Journal) else None

    def resume(self) -> None:
        """Run the streams that ran before the process started, and finish CREATING and DELETING."""
        for stream in list(self):
            self.put(stream)
            if status_of(stream) is Status.ACTIVE:
                self._run(stream)
            else:
                self.settle(stream["DeliveryStreamARN"])

    def close(self) -> None:
        """Stop every worker; documents, checkpoints and journals stay."""
        self._closing.set()
        for running in list(self._running.values()):
            running.worker.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def settle(self, arn: str) -> None:
        """Do the work of CREATING or DELETING in the background."""
        self._pool.submit(self._settle, arn)

    def _settle(self, arn: str) -> None:
        """Settle one stream's states in order, so that a deletion finds the worker of the creation."""
        with self._settling[arn]:
            stream = self.get(arn)
            if stream is None or status_of(stream) not in FAILURE_OF:
                return
            try:
                self._leave(stream)
            except Exception as error:
                logger.exception("delivery stream %s could not leave %s", arn, status_of(stream))
                self._fail(arn, f"{type(error).__name__}: {error}")

    def _leave(self, stream: Stream) -> None:
        """Do the work of CREATING or DELETING."""
        if status_of(stream) is Status.DELETING:
            self._delete(stream)
            return
        self._run(stream)
        with self.lock:
            move(stream, Status.ACTIVE)
            self.put(stream)

    def _fail(self, arn: str, details: str) -> None:
        with self.lock:
            stream = self.get(arn)
            if stream is not None and not self._closing.is_set():
                move(stream, FAILURE_OF[status_of(stream)])
                stream["FailureDescription"] = {"Type": "UNKNOWN_ERROR", "Details": details}
                self.put(stream)

    def _run(self, stream: Stream) -> None:
        name, arn = stream["DeliveryStreamName"], stream["DeliveryStreamARN"]
        source = self.source_of(stream)
        kinesis = stream.get("Source", {}).get("KinesisStreamSourceDescription")
        identity = StreamIdentity(arn, arn.split(":")[3], kinesis["KinesisStreamARN"] if kinesis else None)
        worker = DeliveryWorker(
            name, identity, source, lambda: self._configurations[arn], self._context.clients, self._counters
        )
        self._running[arn] = Running(worker, source)
        worker.start()

    def source_of(self, stream: Stream) -> Journal | KinesisSource:
        """Make the source that the document describes, without starting it."""
        arn, store = stream["DeliveryStreamARN"], self._context.store
        kinesis = stream.get("Source", {}).get("KinesisStreamSourceDescription")
        if kinesis is None:
            return Journal(store.collection("firehose-journal"), arn)
        settings = KinesisSettings(
            delivery_stream=stream["DeliveryStreamName"],
            delivery_stream_arn=arn,
            stream_arn=kinesis["KinesisStreamARN"],
            role_arn=kinesis["RoleARN"],
            start=kinesis["DeliveryStartTimestamp"],
        )
        return KinesisSource(
            settings, self._context.clients, store.collection("firehose-checkpoints"), self._context.arrivals
        )

    def _delete(self, stream: Stream) -> None:
        arn = stream["DeliveryStreamARN"]
        running = self._running.pop(arn, None)
        if running is not None:
            running.worker.stop()
        (running.source if running else self.source_of(stream)).delete()
        self._documents.delete(arn)
        self._configurations.pop(arn, None)
        self._counters.forget(stream["DeliveryStreamName"])

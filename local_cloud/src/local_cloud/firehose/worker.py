"""The worker of one delivery stream: intake, transformation, and delivery to S3, in the order of arrival.

The source's positions are committed only when the objects with their records are in S3, so a crash repeats records and loses
none. Sources: https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html,
https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html and
https://docs.aws.amazon.com/firehose/latest/dev/retry.html
"""

from __future__ import annotations

import gzip
import logging
import threading
import time
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.clients import Clients
from local_cloud.counters import Counters
from local_cloud.firehose.bucket import Bucket
from local_cloud.firehose.buffer import Intake, Output
from local_cloud.firehose.error_log import ErrorLog
from local_cloud.firehose.prefixes import PROCESSING_FAILED, data_prefix, error_prefix, object_name
from local_cloud.firehose.records import IncomingRecord, Source
from local_cloud.firehose.settings import Configuration, LambdaProcessor, S3Destination
from local_cloud.firehose.transformation import InvocationError, StreamIdentity, Transformed, Transformer

logger = logging.getLogger(__name__)

MAX_WAIT_SECONDS = 0.5
MIN_INTAKE_SECONDS = 0.2  # an interval of 0: without delay, but not one call for every few records
MIN_OUTPUT_SECONDS = 1.0  # an interval of 0: records that already wait go into one object
FIRST_PAUSE_SECONDS = 0.2
MAX_PAUSE_SECONDS = 10.0
STOP_SECONDS = 8.0


class StoppingError(Exception):
    """The delivery stream stopped while it retried a write; the source still has the records."""


class DeliveryWorker:
    """Deliver a source's records to S3 until stopped. Every step reads the configuration again."""

    def __init__(
        self,
        name: str,
        identity: StreamIdentity,
        source: Source,
        configuration: Callable[[], Configuration],
        clients: Clients,
        counters: Counters,
    ) -> None:
        self._name, self._source, self._configuration = name, source, configuration
        self._counters = counters
        self._arriving = "read" if identity.source_arn else "put"
        self._stopping = threading.Event()
        self._intake = Intake()
        self._output = Output()
        self._transformer = Transformer(identity, clients, self._stopping)
        self._bucket = Bucket(name, clients)
        self._error_log = ErrorLog(identity.arn, clients)
        self._thread = threading.Thread(target=self._run, name=f"firehose-{name}", daemon=True)
        counters.add(name, **{f"{self._arriving}_records": 0, f"{self._arriving}_bytes": 0})

    def start(self) -> None:
        """Start the thread and the source."""
        self._thread.start()
        self._source.start(self)

    def stop(self) -> None:
        """End the threads; the source still has the records that are not in S3."""
        self._stopping.set()
        self._intake.close()
        self._source.stop()
        self._thread.join(STOP_SECONDS)

    def put(self, records: list[IncomingRecord]) -> None:
        """Take records from the source; wait while the intake is full."""
        size = sum(record.size_bytes for record in records)
        self._counters.add(self._name, **{f"{self._arriving}_records": len(records), f"{self._arriving}_bytes": size})
        self._intake.put(records, time.monotonic())

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                configuration = self._configuration()
                self._intake.wait(self._seconds_until_due(configuration.destination))
                self._process_due(configuration.destination)
                if self._output_due(configuration.destination):
                    self._flush()
            except (StoppingError, InvocationError):
                return
            except Exception:
                logger.exception("delivery stream %s: unexpected; trying again", self._name)
                self._stopping.wait(1)

    def _seconds_until_due(self, destination: S3Destination) -> float:
        now = time.monotonic()
        waits = [MAX_WAIT_SECONDS]
        first = self._intake.first_at()
        if first is not None:
            waits.append(first + _intake_seconds(destination.processor) - now)
        if self._output.first_at is not None:
            waits.append(self._output.first_at + destination.interval_seconds - now)
        return max(0.0, min(waits))

    def _process_due(self, destination: S3Destination) -> None:
        """Transform the records that are due, until the output is full or due itself."""
        processor = destination.processor
        limit = processor.size_bytes if processor else destination.size_bytes
        while not self._stopping.is_set():
            first = self._intake.first_at()
            if first is None:
                break
            is_due = time.monotonic() - first >= _intake_seconds(processor)
            if not is_due and self._intake.size_bytes < limit:
                break
            self._process(destination, self._intake.take(limit))
            if self._output_due(destination, MIN_OUTPUT_SECONDS):
                break
        arrivals = [one for one in (self._output.oldest_arrival, self._intake.oldest_arrival()) if one is not None]
        self._counters.oldest_since(self._name, min(arrivals, default=None))

    def _process(self, destination: S3Destination, records: Sequence[IncomingRecord]) -> None:
        started = time.monotonic()
        try:
            result = self._transform(destination.processor, records)
        except Exception:
            self._intake.put_back(records, time.monotonic())
            raise
        delimiter = destination.delimiter
        self._output.add([piece + delimiter for piece in result.pieces] if delimiter else result.pieces)
        self._output.add_failures([failure.line() for failure in result.failures])
        self._output.note(records, started)
        self._counters.add(self._name, dropped=result.dropped, failed=len(result.failures))
        if result.failures:
            first = result.failures[0]
            logger.warning(
                "delivery stream %s: %d records could not be transformed: %s: %s",
                self._name, len(result.failures), first.code, first.message,
            )  # fmt: skip
            self._error_log.write(self._configuration(), first.code, first.message)

    def _transform(self, processor: LambdaProcessor | None, records: Sequence[IncomingRecord]) -> Transformed:
        if processor is None:
            return Transformed([record.payload() for record in records], [], 0)
        return self._transformer.transform(processor, records)

    def _output_due(self, destination: S3Destination, shortest_seconds: float = 0.0) -> bool:
        first = self._output.first_at
        if first is None:
            return False
        full = self._output.size_bytes >= destination.size_bytes
        return full or time.monotonic() - first >= max(destination.interval_seconds, shortest_seconds)

    def _flush(self) -> None:
        output = self._output
        moment = output.oldest_arrival or time.time()
        if output.pieces:
            data = b"".join(output.pieces)
            self._write(lambda configuration: self._put_data(configuration, moment, data))
            self._counters.add(self._name, delivered=output.records, delivered_bytes=len(data), objects=1)
            output.pieces = []
        if output.failures:
            lines = b"".join(output.failures)
            self._write(lambda configuration: self._put_failures(configuration, moment, lines))
            output.failures = []
        self._source.commit(output.delivered)
        self._output = Output()

    def _write(self, write: Callable[[Configuration], None]) -> None:
        """Write one object with the current configuration; retry until it succeeds.

        Raises:
            StoppingError: the delivery stream stops before that.
        """
        attempts = 0
        while True:
            configuration = self._configuration()
            try:
                write(configuration)
            except (ClientError, BotoCoreError) as error:
                attempts += 1
                self._counters.add(self._name, delivery_errors=1)
                logger.warning(
                    "delivery stream %s: attempt %d to write to bucket %s: %s",
                    self._name, attempts, configuration.destination.bucket, error,
                )  # fmt: skip
                self._error_log.write(configuration, _s3_code(error), str(error))
                pause = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 10))
                if self._stopping.wait(pause):
                    raise StoppingError from error
            else:
                return

    def _put_data(self, configuration: Configuration, moment: float, data: bytes) -> None:
        destination = configuration.destination
        key = data_prefix(destination, moment) + object_name(self._name, configuration.version, moment, destination)
        self._bucket.put(destination, key, gzip.compress(data, mtime=0) if destination.is_gzip else data)

    def _put_failures(self, configuration: Configuration, moment: float, lines: bytes) -> None:
        destination = configuration.destination
        prefix = error_prefix(destination, moment, PROCESSING_FAILED)
        name = object_name(self._name, configuration.version, moment, destination, is_error=True)
        self._bucket.put(destination, prefix + name, lines)


def _intake_seconds(processor: LambdaProcessor | None) -> float:
    return max(processor.interval_seconds, MIN_INTAKE_SECONDS) if processor else 0.0


def _s3_code(error: Exception) -> str:
    if isinstance(error, ClientError):
        if error.operation_name in {"AssumeRole", "GetRole"}:
            return "S3.AssumeRoleAccessDenied"
        return f"S3.{error.response['Error'].get('Code', 'InternalError')}"
    return "S3.HTTPError"

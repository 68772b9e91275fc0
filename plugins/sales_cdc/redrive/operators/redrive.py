"""Try failed records again: those under ``errors/``, and those that the pipe's dead-letter queue names."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Event
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException

from sales_cdc.aws.dead_letters import DeadLetterHook, Letter, StreamPositionHook, StreamSilentError
from sales_cdc.aws.stream_position import Position
from sales_cdc.aws.task_errors import final_errors
from sales_cdc.contract import bucket_keys
from sales_cdc.redrive.attempts import Outcome, SortedRecords, sort_out, summarise
from sales_cdc.redrive.error_zone import ErrorObject
from sales_cdc.redrive.failed_records import FailedRecord, is_asked_for, object_body, read_records
from sales_cdc.redrive.keys import attempt_key, error_key, raw_key
from sales_cdc.redrive.operators.error_zone_operator import ErrorZoneOperator
from sales_cdc.redrive.stream_records import REMEDY, TRIMMED, record_to_try
from sales_cdc.redrive.transformer import TransformerBrokenError, TransformerHook

PARALLEL_OBJECTS = 4
Counts = dict[str, Any]


class RedriveOperator(ErrorZoneOperator):
    """An operator that sends failed records through the transformer again.

    The DAG's parameter ``dry_run`` leaves every record where it is; ``reason`` limits the attempt to records whose reason contains
    that text.

    Args:
        bucket, function: the names of the deployment's bucket and transformer.
        delivery_stream_arn: the ARN of the delivery stream, for the event that the transformer gets.
        run_name: the run's name in the ledger; empty takes the run's id.

    Raises:
        AirflowFailException: a call was denied, or a resource is missing; another attempt would not help.
    """

    template_fields = aws_template_fields("bucket", "function", "delivery_stream_arn", "run_name")

    def __init__(self, *, function: str, delivery_stream_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.delivery_stream_arn = delivery_stream_arn
        self._stop = Event()

    def on_kill(self) -> None:
        self._stop.set()

    def execute(self, context: Any) -> Counts:
        params = context["params"]
        self._run_id = self.run_name or context["run_id"]
        self._dry_run, self._reason = bool(params.get("dry_run", False)), str(params.get("reason") or "")
        self._transformer = TransformerHook(
            function=self.function, delivery_stream_arn=self.delivery_stream_arn, **self._connection
        )
        try:
            with final_errors():
                return self._redrive()
        except TransformerBrokenError as error:
            raise AirflowException(str(error)) from error

    @abstractmethod
    def _redrive(self) -> Counts:
        """Redrive one kind of failed records, and return the counts of this attempt."""

    def _attempt(self, records: Sequence[FailedRecord]) -> SortedRecords:
        wanted = [at for at, record in enumerate(records) if is_asked_for(record, self._reason)]
        answers = dict(zip(wanted, self._transformer.transform([records[at] for at in wanted]), strict=True))
        return sort_out(records, answers, datetime.now(UTC))

    def _deliver(self, position: Position, records: Sequence[FailedRecord], tried: SortedRecords) -> Counts:
        """Put the change events of a position under ``raw/``, and what failed under ``errors/``; return under which key."""
        delivered: Counts = {}
        if tried.events:
            delivered["delivered_as"] = raw_key(position.name, records[0].arrived_ms, tried.events)
            self.hook.deliver(delivered["delivered_as"], tried.events)
        if tried.left:
            key = error_key(position.name, records[0].arrived_ms, [record.data or "" for record in records])
            self.hook.deliver(key, object_body(tried.left))
        return delivered

    def _document(self, source: str, outcome: Outcome) -> Counts:
        """Return what the ledger keeps of an attempt at one source."""
        return {"source": source, "at": datetime.now(UTC).isoformat(), **asdict(outcome)}

    def _log(self, counts: Counts) -> None:
        done = "would be" if self._dry_run else "were"
        self.log.info(
            "%s records in %s: %s %s redelivered, %s fail again, %s left in all.",
            counts["found"], counts["sources"], counts["redelivered"], done, counts["failed_again"], counts["left"],
        )  # fmt: skip


class RedriveErrorsOperator(RedriveOperator):
    """Try every failed record under ``errors/`` again, and return the counts of this attempt.

    For each object the operator first writes its change events under ``raw/``, then records the attempt in the ledger, and only
    then replaces the object by the lines that failed again, or deletes it. After a stop at any point the next attempt does the rest.

    Example::

        RedriveErrorsOperator(task_id="redrive_errors", bucket=bucket, function="sales-cdc-transformer", delivery_stream_arn=arn)
    """

    def _redrive(self) -> Counts:
        with ThreadPoolExecutor(PARALLEL_OBJECTS) as pool:
            tries = list(pool.map(self._redrive_object, self.hook.objects()))
        counts = summarise(attempt for attempt in tries if attempt)
        self._log(counts)
        return {name: counts[name] for name in ("found", "redelivered", "failed_again", "left")}

    def _redrive_object(self, listed: ErrorObject) -> Counts | None:
        body = None if self._stop.is_set() else self.hook.read(listed)
        if body is None:
            return None
        records = read_records(body)
        tried = self._attempt(records)
        attempt = self._document(listed.key, tried.outcome)
        if tried.events and not self._dry_run:
            arrived_ms = min(record.arrived_ms for record in records if record.data is not None)
            attempt["delivered_as"] = raw_key(listed.key, arrived_ms, tried.events)
            self.hook.deliver(attempt["delivered_as"], tried.events)
        self.hook.keep(attempt_key(self._run_id, "errors", listed.key, listed.etag), attempt)
        left = object_body(tried.left)
        if not self._dry_run and left != body and not self.hook.replace(listed, left):
            self.log.info("%s was changed by another run at the same time, which settles it.", listed.key)
        return attempt


class RedriveDeadLettersOperator(RedriveOperator):
    """Read the changes that the pipe's dead-letter queue names from the table's stream, and deliver them.

    A message is deleted once its changes are under ``raw/``, the changes that fail are under ``errors/`` with their payload, and
    the ledger names the position if the stream no longer holds all of it.

    Args:
        dead_letter_queue: the queue's name.

    Returns:
        The counts of this attempt, and ``trimmed``: how many changes the stream no longer holds.
    """

    template_fields = (*RedriveOperator.template_fields, "dead_letter_queue")

    def __init__(self, *, dead_letter_queue: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dead_letter_queue = dead_letter_queue

    def _redrive(self) -> Counts:
        self._stream = StreamPositionHook(**self._connection)
        queue = DeadLetterHook(queue=self.dead_letter_queue, **self._connection)
        tries = [attempt for letter in queue.letters() if (attempt := self._redrive_letter(queue, letter))]
        counts = summarise(tries)
        self._log(counts)
        shown = {name: counts[name] for name in ("found", "redelivered", "failed_again", "left")}
        return {**shown, "trimmed": sum(attempt["failed"].get(TRIMMED, 0) for attempt in tries)}

    def _redrive_letter(self, queue: DeadLetterHook, letter: Letter) -> Counts | None:
        """Redrive what one message names; return None when the message was left in the queue."""
        try:
            position = Position.from_message(letter.body)
            if self._stop.is_set() or self._reason.lower() not in position.reason.lower():
                raise ValueError("not asked for")
            records = [record_to_try(position, record) for record in self._stream.read(position)]
        except (ValueError, StreamSilentError) as error:
            self.log.warning(
                "Message %s of %s stays in the queue: %s", letter.message_id, self.dead_letter_queue, error
            )
            queue.release(letter)
            return None
        attempt = self._redrive_position(position, records)
        if self._dry_run:
            queue.release(letter)
        else:
            queue.delete(letter)
        return attempt

    def _redrive_position(self, position: Position, records: Sequence[FailedRecord]) -> Counts:
        answers = dict(enumerate(self._transformer.transform(records)))
        tried = sort_out(records, answers, datetime.now(UTC))
        attempt = self._document(position.name, tried.outcome)
        trimmed = max(0, position.records - len(records))
        if trimmed:
            attempt["found"] = {position.reason: position.records}
            attempt["failed"] = {**attempt["failed"], TRIMMED: trimmed}
            self.log.warning(
                "%s of %s changes at %s are %s. %s", trimmed, position.records, position.name, TRIMMED, REMEDY
            )
        if not self._dry_run:
            self._settle(position, records, tried, attempt, trimmed)
        self.hook.keep(attempt_key(self._run_id, "positions", position.name, "tried"), attempt)
        return attempt

    def _settle(
        self,
        position: Position,
        records: Sequence[FailedRecord],
        tried: SortedRecords,
        attempt: Counts,
        trimmed: int,
    ) -> None:
        attempt |= self._deliver(position, records, tried)
        if trimmed:
            gone = {**asdict(position), "trimmed": trimmed, "what_to_do": REMEDY}
            self.hook.keep(f"{bucket_keys.TRIMMED_POSITIONS}{position.name}.json", gone)

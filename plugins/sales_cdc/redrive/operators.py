"""Tries failed records again: those under ``errors/``, and those whose positions lie in the pipe's dead-letter queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Event
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from sales_cdc.aws.dead_letters import DeadLetterHook, Letter, StreamPositionHook, StreamSilentError
from sales_cdc.aws.errors import DeniedError, ResourceMissingError
from sales_cdc.aws.stream_position import Position
from sales_cdc.contract import bucket_keys
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.redrive import records as redrive
from sales_cdc.redrive.dead_letters import REMEDY, TRIMMED, record_to_try
from sales_cdc.redrive.error_zone import ErrorObject, ErrorZoneHook
from sales_cdc.redrive.transformer import TransformerBrokenError, TransformerHook

PARALLEL_OBJECTS = 4
SHOWN = 20
Counts = dict[str, Any]


class RedriveOperator(AwsBaseOperator[ErrorZoneHook]):
    """What the operators of a redrive have in common.

    Args:
        bucket, function: the deployment's bucket and transformer, by name.
        delivery_stream_arn: for whom the transformer is asked.
        run_name: the run's name in the ledger; the run's id when it is empty.

    Raises:
        AirflowFailException: denied, or something is missing; trying again would not help.
    """

    aws_hook_class = ErrorZoneHook
    template_fields = aws_template_fields("bucket", "function", "delivery_stream_arn", "run_name")

    def __init__(
        self, *, bucket: str, function: str, delivery_stream_arn: str, run_name: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.function = function
        self.delivery_stream_arn = delivery_stream_arn
        self.run_name = run_name
        self._stop = Event()

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}

    def on_kill(self) -> None:
        self._stop.set()

    def execute(self, context: Any) -> Counts:
        params = context["params"]
        self._run_id = self.run_name or context["run_id"]
        self._dry_run, self._reason = bool(params.get("dry_run", False)), str(params.get("reason") or "")
        self._transformer = TransformerHook(
            function=self.function, delivery_stream_arn=self.delivery_stream_arn, **self._plain_hook_parameters
        )
        try:
            return self._redrive()
        except (ResourceMissingError, DeniedError) as error:
            raise AirflowFailException(str(error)) from error
        except TransformerBrokenError as error:
            raise AirflowException(str(error)) from error

    @property
    def _plain_hook_parameters(self) -> dict[str, Any]:
        return {name: value for name, value in super()._hook_parameters.items() if name != "config"}

    def _redrive(self) -> Counts:
        raise AirflowFailException(f"{type(self).__name__} redrives nothing: use one of the operators built on it.")

    def _try(self, records: Sequence[redrive.FailedRecord]) -> redrive.Sorted:
        asked = [at for at, record in enumerate(records) if redrive.is_asked_for(record, self._reason)]
        answers = dict(zip(asked, self._transformer.transform([records[at] for at in asked]), strict=True))
        return redrive.sort_out(records, answers, datetime.now(UTC))

    def _attempt(self, source: str, outcome: redrive.Outcome, **further: Any) -> Counts:
        return {"source": source, "at": datetime.now(UTC).isoformat(), **asdict(outcome), **further}

    def _log(self, counts: Counts) -> None:
        done = "would be" if self._dry_run else "were"
        self.log.info(
            "%s records in %s: %s %s redelivered, %s fail again, %s left in all.",
            counts["found"], counts["sources"], counts["redelivered"], done, counts["failed_again"], counts["left"],
        )  # fmt: skip


class RedriveErrorsOperator(RedriveOperator):
    """Try every failed record under ``errors/`` again; returns the counts of this try.

    For each object, in this order: its change events are put under ``raw/``, what was done into the ledger, and only then the
    object is replaced by the lines that failed again, or removed. Stopped anywhere, the next try does the rest.
    """

    def _redrive(self) -> Counts:
        with ThreadPoolExecutor(PARALLEL_OBJECTS) as pool:
            tries = list(pool.map(self._redrive_object, self.hook.objects()))
        counts = redrive.summarise(attempt for attempt in tries if attempt)
        self._log(counts)
        return {name: counts[name] for name in ("found", "redelivered", "failed_again", "left")}

    def _redrive_object(self, listed: ErrorObject) -> Counts | None:
        body = None if self._stop.is_set() else self.hook.read(listed)
        if body is None:
            return None
        records = redrive.read_records(body)
        tried = self._try(records)
        attempt = self._attempt(listed.key, tried.outcome)
        if tried.events and not self._dry_run:
            arrived_ms = min(record.arrived_ms for record in records if record.data is not None)
            attempt["delivered_as"] = redrive.raw_key(listed.key, arrived_ms, tried.events)
            self.hook.deliver(attempt["delivered_as"], tried.events)
        self.hook.keep(redrive.attempt_key(self._run_id, "errors", listed.key, listed.etag), attempt)
        left = redrive.object_body(tried.left)
        if not self._dry_run and left != body and not self.hook.replace(listed, left):
            self.log.info("%s was settled by another run meanwhile: left to it.", listed.key)
        return attempt


class RedriveDeadLettersOperator(RedriveOperator):
    """Read the positions of the pipe's dead-letter queue back from the table's stream, and deliver their changes.

    A message is deleted once its changes are under ``raw/``, those that fail under ``errors/`` with their payload, and a position
    that the stream no longer holds in the ledger, by name.

    Args:
        dead_letter_queue: its name.

    Returns:
        The counts of this try, and ``trimmed``: how many changes the stream no longer holds.
    """

    template_fields = (*RedriveOperator.template_fields, "dead_letter_queue")

    def __init__(self, *, dead_letter_queue: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dead_letter_queue = dead_letter_queue

    def _redrive(self) -> Counts:
        self._stream = StreamPositionHook(**self._plain_hook_parameters)
        queue = DeadLetterHook(queue=self.dead_letter_queue, **self._plain_hook_parameters)
        tries = [attempt for letter in queue.letters() if (attempt := self._redrive_letter(queue, letter))]
        counts = redrive.summarise(tries)
        self._log(counts)
        shown = {name: counts[name] for name in ("found", "redelivered", "failed_again", "left")}
        return {**shown, "trimmed": sum(attempt["failed"].get(TRIMMED, 0) for attempt in tries)}

    def _redrive_letter(self, queue: DeadLetterHook, letter: Letter) -> Counts | None:
        """None for a message that was left in the queue."""
        try:
            position = Position.from_message(letter.body)
            if self._stop.is_set() or self._reason.lower() not in position.reason.lower():
                raise ValueError("not asked for")
            records = [record_to_try(position, record) for record in self._stream.read(position)]
        except (ValueError, StreamSilentError) as error:
            self.log.warning("Message %s of %s stays there: %s", letter.message_id, self.dead_letter_queue, error)
            queue.release(letter)
            return None
        attempt = self._redrive_position(position, records)
        if self._dry_run:
            queue.release(letter)
        else:
            queue.delete(letter)
        return attempt

    def _redrive_position(self, position: Position, records: Sequence[redrive.FailedRecord]) -> Counts:
        answers = dict(enumerate(self._transformer.transform(records)))
        tried = redrive.sort_out(records, answers, datetime.now(UTC))
        attempt = self._attempt(position.name, tried.outcome)
        trimmed = max(0, position.records - len(records))
        if trimmed:
            attempt["found"] = {position.reason: position.records}
            attempt["failed"] = {**attempt["failed"], TRIMMED: trimmed}
            self.log.warning(
                "%s of %s changes at %s are %s. %s", trimmed, position.records, position.name, TRIMMED, REMEDY
            )
        if not self._dry_run:
            self._settle(position, records, tried, attempt, trimmed)
        self.hook.keep(redrive.attempt_key(self._run_id, "positions", position.name, "tried"), attempt)
        return attempt

    def _settle(
        self,
        position: Position,
        records: Sequence[redrive.FailedRecord],
        tried: redrive.Sorted,
        attempt: Counts,
        trimmed: int,
    ) -> None:
        if tried.events:
            attempt["delivered_as"] = redrive.raw_key(position.name, records[0].arrived_ms, tried.events)
            self.hook.deliver(attempt["delivered_as"], tried.events)
        if tried.left:
            key = redrive.error_key(position.name, records[0].arrived_ms, [record.data or "" for record in records])
            self.hook.deliver(key, redrive.object_body(tried.left))
        if trimmed:
            gone = {**asdict(position), "trimmed": trimmed, "what_to_do": REMEDY}
            self.hook.keep(f"{bucket_keys.TRIMMED_POSITIONS}{position.name}.json", gone)


class ReportRedriveOperator(AwsBaseOperator[ErrorZoneHook]):
    """Write ``ledger/redrive/<run>.json`` over all tries of the run, log it, and return its counts.

    Args:
        bucket: the deployment's bucket.
        run_name: the run's name in the ledger; the run's id when it is empty.
    """

    aws_hook_class = ErrorZoneHook
    template_fields = aws_template_fields("bucket", "run_name")
    operator_extra_links = (ObjectLink(),)

    def __init__(self, *, bucket: str, run_name: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.run_name = run_name

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}

    def execute(self, context: Any) -> Counts:
        run_id = self.run_name or context["run_id"]
        params = {name: context["params"].get(name) for name in ("dry_run", "reason")}
        counts = redrive.summarise(self.hook.documents(redrive.run_prefix(run_id)))
        report = {"run_id": run_id, "at": datetime.now(UTC).isoformat(), **params, **counts}
        self.hook.keep(redrive.report_key(run_id), report)
        self.written_uri = f"s3://{self.bucket}/{redrive.report_key(run_id)}"
        self.log.info("%s\n%s", self.written_uri, as_lines(counts))
        return {name: counts[name] for name in ("found", "redelivered", "failed_again", "left")}


def as_lines(counts: Counts) -> str:
    """What was found, redelivered and left, with the reasons."""
    lines = [f"  {counts[name]:>9,}  {name.replace('_', ' ')}" for name in ("found", "redelivered", "dropped", "left")]
    for title, name in (("found with", "found_by_reason"), ("failed again with", "by_reason")):
        lines += [f"  {count:>9,}  {title}  {reason}" for reason, count in _largest(counts[name].items())]
    return "\n".join(lines)


def _largest(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return Counter(dict(counts)).most_common(SHOWN)

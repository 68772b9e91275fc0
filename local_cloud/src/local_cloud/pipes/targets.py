"""The target of a pipe: a Kinesis stream, written with the pipe's role.

The partition key is taken from the source's event, not from the input template's result. Sources:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html ("Dynamic path parameters") and
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.clients import Clients
from local_cloud.pipes.paths import PathError, resolve
from local_cloud.pipes.settings import PRINCIPAL, PipeSettings
from local_cloud.pipes.sources import Event, Record
from local_cloud.pipes.template import render, reserved_variables

PUT_LIMIT_RECORDS = 500
PUT_LIMIT_BYTES = 5 * 1024 * 1024
RECORD_LIMIT_BYTES = 1024 * 1024
KEY_LIMIT_CHARACTERS = 256
_INTERNAL_CODES = {
    "InternalFailure", "InternalFailureException", "InternalServerError", "LimitExceededException",
    "ProvisionedThroughputExceededException", "ServiceUnavailable", "ServiceUnavailableException", "500", "503",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """Hold a record that the target did not take, and the reason.

    ``counts`` is False for an internal error (no connection, throttling, a fault of the service). Such a retry does not count
    towards the pipe's maximum. Source:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
    """

    record: Record
    reason: str
    counts: bool = True


class EventError(Exception):
    """This event cannot be sent: its partition key cannot be found, or it is too large."""


class KinesisTarget:
    """Send events to a Kinesis stream, each as one record, as many at once as ``PutRecords`` takes."""

    def __init__(self, settings: PipeSettings, clients: Clients) -> None:
        self._settings = settings
        self._variables = reserved_variables(
            settings.arn, settings.name, settings.source.arn, settings.target_arn
        )  # fmt: skip
        region = settings.target_arn.split(":")[3]
        self._client = clients.client("kinesis", settings.role_arn, region=region, principal=PRINCIPAL)

    def send(self, records: Sequence[Record]) -> list[Failure]:
        """Send the records in their order; return those that were not taken, in their order."""
        failures: list[Failure] = []
        entries: list[tuple[Record, dict[str, Any]]] = []
        for record in records:
            try:
                entries.append((record, self._entry(record.event)))
            except EventError as error:
                failures.append(Failure(record, str(error)))
        for chunk in _chunks(entries):
            failures += self._put(chunk)
        position = {record.sequence_number: number for number, record in enumerate(records)}
        return sorted(failures, key=lambda failure: position[failure.record.sequence_number])

    def _entry(self, event: Event) -> dict[str, Any]:
        readable = with_readable_payload(event)
        key = self._partition_key(readable)
        template = self._settings.input_template
        text = (
            json.dumps(event, separators=(",", ":"), ensure_ascii=False)
            if template is None
            else render(template, readable, self._variables)
        )
        payload = text.encode()
        if len(payload) + len(key.encode()) > RECORD_LIMIT_BYTES:
            raise EventError(f"The event has {len(payload)} bytes; a Kinesis record has at most {RECORD_LIMIT_BYTES}.")
        return {"Data": payload, "PartitionKey": key}

    def _partition_key(self, event: Event) -> str:
        wanted = self._settings.partition_key
        if not wanted.startswith("$"):
            return wanted
        try:
            value = resolve(event, wanted)
        except PathError as error:
            raise EventError(f"PartitionKey: {error}") from error
        key = value if isinstance(value, str) else json.dumps(value)
        if not 1 <= len(key) <= KEY_LIMIT_CHARACTERS:
            raise EventError(f"PartitionKey: {wanted} gives {len(key)} characters; Kinesis takes 1 to 256.")
        return key

    def _put(self, chunk: Sequence[tuple[Record, dict[str, Any]]]) -> list[Failure]:
        try:
            answer = self._client.put_records(
                StreamARN=self._settings.target_arn, Records=[entry for _, entry in chunk]
            )  # fmt: skip
        except ClientError as error:
            counts = not _is_internal(error.response["Error"]["Code"])
            return [Failure(record, str(error), counts) for record, _ in chunk]
        except BotoCoreError as error:
            return [Failure(record, str(error), counts=False) for record, _ in chunk]
        if not answer.get("FailedRecordCount"):
            return []
        return [
            Failure(
                record,
                f"{result['ErrorCode']}: {result.get('ErrorMessage', '')}",
                not _is_internal(result["ErrorCode"]),
            )
            for (record, _), result in zip(chunk, answer["Records"], strict=True)
            if result.get("ErrorCode")
        ]


def _is_internal(code: str) -> bool:
    return code in _INTERNAL_CODES or "Throttl" in code


def with_readable_payload(event: Event) -> Event:
    """Return the event with its base64 ``data`` (of a Kinesis source) decoded when it is JSON or text."""
    if event.get("eventSource") != "aws:kinesis":
        return event
    try:
        text = base64.b64decode(event["data"]).decode()
    except ValueError:
        return event
    try:
        return {**event, "data": json.loads(text)}
    except ValueError:
        return {**event, "data": text}


def _chunks(entries: Sequence[tuple[Record, dict[str, Any]]]) -> Iterator[list[tuple[Record, dict[str, Any]]]]:
    chunk: list[tuple[Record, dict[str, Any]]] = []
    size = 0
    for pair in entries:
        entry_bytes = len(pair[1]["Data"]) + len(pair[1]["PartitionKey"].encode())
        if chunk and (len(chunk) == PUT_LIMIT_RECORDS or size + entry_bytes > PUT_LIMIT_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(pair)
        size += entry_bytes
    if chunk:
        yield chunk

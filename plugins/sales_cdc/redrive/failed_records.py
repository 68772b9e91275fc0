"""Read and write failed records in the form in which Firehose keeps them. Pure: no Airflow, no AWS client.

Firehose writes each record that it could not transform as one JSON line under ``errors/``, with its bytes and the reason.
Source: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sales_cdc.aws.batches import in_batches

Result = Literal["Ok", "Dropped", "ProcessingFailed"]
PROCESSING_FAILED_CODE = "Lambda.ProcessingFailedStatus"
NO_FAILED_RECORD = "the line is no failed record of Firehose's"
BATCH_RECORDS = 500
BATCH_BYTES = 2 * 2**20  # of base64: a third of what Lambda takes, so that the answer fits as well


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """One record to try again.

    ``data`` is base64, or None when the line holds no record and has to stay as it is. ``arrived_ms`` is when Firehose took the
    record, in milliseconds since the epoch. ``line`` is the line of the error object without its line end.
    """

    data: str | None
    reason: str
    arrived_ms: int = 0
    line: bytes = b""

    @classmethod
    def from_line(cls, line: bytes) -> FailedRecord:
        """Read one line of an error object; a line that Firehose did not write gives a record without data."""
        try:
            document = json.loads(line)
            data, arrived_ms = document["rawData"], document["arrivalTimestamp"]
            reason = f"{document['errorCode']}: {document['errorMessage']}"
            base64.b64decode(data, validate=True)
            datetime.fromtimestamp(arrived_ms / 1000, UTC)
        except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
            return cls(None, NO_FAILED_RECORD, line=line)
        return cls(data, reason, arrived_ms, line)


@dataclass(frozen=True, slots=True)
class Answer:
    """The transformer's answer for one record: ``payload`` of an Ok, ``code`` and ``message`` of a failure."""

    result: Result
    payload: bytes = b""
    code: str = ""
    message: str = ""

    @property
    def reason(self) -> str:
        return f"{self.code}: {self.message}"


def read_records(body: bytes) -> list[FailedRecord]:
    """Return the records of an error object in their order."""
    return [FailedRecord.from_line(line) for line in body.split(b"\n") if line.strip()]


def is_asked_for(record: FailedRecord, reason: str) -> bool:
    """Return whether to try a record again: it has data, and its reason contains the text ``reason`` (empty: any)."""
    return record.data is not None and reason.lower() in record.reason.lower()


def batches(records: Iterable[FailedRecord]) -> Iterator[list[FailedRecord]]:
    """Cut records into batches that one call of the transformer takes."""
    return in_batches(records, lambda record: len(record.data or ""), BATCH_BYTES, BATCH_RECORDS)


def failed_line(record: FailedRecord, answer: Answer, ended: datetime) -> bytes:
    """Return the record's line in Firehose's form, with the reason of its last attempt."""
    if record.line and record.reason == answer.reason:
        return record.line
    document = json.loads(record.line) if record.line else {"attemptsMade": 0, "arrivalTimestamp": record.arrived_ms}
    attempts = document.get("attemptsMade")
    document |= {
        "attemptsMade": attempts + 1 if isinstance(attempts, int) else 1,
        "errorCode": answer.code,
        "errorMessage": answer.message,
        "attemptEndingTimestamp": int(ended.timestamp() * 1000),
        "rawData": record.data,
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def object_body(lines: Iterable[bytes]) -> bytes:
    """Return the content of an error object that holds these lines."""
    return b"".join(line + b"\n" for line in lines)

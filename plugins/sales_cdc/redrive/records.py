"""Records that failed: what Firehose wrote of them, what another try gave, what stays. Pure: no Airflow, no AWS client.

Firehose leaves each record that it could not transform as one JSON line under ``errors/``, with its bytes and the reason.
Another try sorts the lines of such an object into change events, which go under ``raw/``, and lines that stay.
Source: *Handle failure in data transformation* (Amazon Data Firehose).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sales_cdc.contract import bucket_keys

Result = Literal["Ok", "Dropped", "ProcessingFailed"]
PROCESSING_FAILED_CODE = "Lambda.ProcessingFailedStatus"
NO_FAILED_RECORD = "the line is no failed record of Firehose's"
BATCH_RECORDS = 500
BATCH_BYTES = 2 * 2**20  # of base64: a third of what Lambda takes, so that the answer fits too


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """One record to try again.

    ``data`` is base64 (None: the line holds no record, and stays as it is); ``arrived_ms`` is when Firehose took it, in
    milliseconds since the epoch; ``line`` is what stands in the error object, without its line end.
    """

    data: str | None
    reason: str
    arrived_ms: int = 0
    line: bytes = b""

    @classmethod
    def from_line(cls, line: bytes) -> FailedRecord:
        try:
            told = json.loads(line)
            data, arrived_ms = told["rawData"], told["arrivalTimestamp"]
            reason = f"{told['errorCode']}: {told['errorMessage']}"
            base64.b64decode(data, validate=True)
            datetime.fromtimestamp(arrived_ms / 1000, UTC)
        except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
            return cls(None, NO_FAILED_RECORD, line=line)
        return cls(data, reason, arrived_ms, line)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the transformer answered for one record: ``payload`` of an Ok, ``code`` and ``message`` of a failure."""

    result: Result
    payload: bytes = b""
    code: str = ""
    message: str = ""

    @property
    def reason(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True)
class Outcome:
    """Counts of one try of one object or position; ``failed`` and ``passed_over`` (not asked for) by reason."""

    found: Mapping[str, int] = field(default_factory=dict)
    redelivered: int = 0
    dropped: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    passed_over: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sorted:
    """The records after another try: the change events to deliver, the lines that stay, the counts."""

    events: bytes
    left: Sequence[bytes]
    outcome: Outcome


def read_records(body: bytes) -> list[FailedRecord]:
    """The records of an error object, in its order."""
    return [FailedRecord.from_line(line) for line in body.split(b"\n") if line.strip()]


def is_asked_for(record: FailedRecord, reason: str) -> bool:
    """Whether to try a record again: it holds one, and its reason contains the text (empty: any reason)."""
    return record.data is not None and reason.lower() in record.reason.lower()


def batches(records: Iterable[FailedRecord]) -> Iterator[list[FailedRecord]]:
    """Cut records into what one call of the transformer takes."""
    batch: list[FailedRecord] = []
    size = 0
    for record in records:
        length = len(record.data or "")
        if batch and (len(batch) == BATCH_RECORDS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


def sort_out(records: Sequence[FailedRecord], answers: Mapping[int, Answer], ended: datetime) -> Sorted:
    """What becomes of each record; ``answers`` by the record's place, none for one that was not asked for.

    A record that fails again for the reason that it has keeps its line to the byte.
    """
    events: list[bytes] = []
    left: list[bytes] = []
    dropped = 0
    failed, passed_over = Counter[str](), Counter[str]()
    for at, record in enumerate(records):
        answer = answers.get(at)
        if answer is None:
            passed_over[record.reason] += 1
            left.append(record.line)
        elif answer.result == "Ok":
            events.append(answer.payload)
        elif answer.result == "Dropped":
            dropped += 1
        else:
            failed[answer.reason] += 1
            left.append(failed_line(record, answer, ended))
    found = Counter(record.reason for record in records)
    outcome = Outcome(dict(found), len(events), dropped, dict(failed), dict(passed_over))
    return Sorted(b"".join(events), left, outcome)


def failed_line(record: FailedRecord, answer: Answer, ended: datetime) -> bytes:
    """The record's line, in Firehose's form, with the reason of its last try."""
    if record.line and record.reason == answer.reason:
        return record.line
    told = json.loads(record.line) if record.line else {"attemptsMade": 0, "arrivalTimestamp": record.arrived_ms}
    attempts = told.get("attemptsMade")
    told |= {
        "attemptsMade": attempts + 1 if isinstance(attempts, int) else 1,
        "errorCode": answer.code,
        "errorMessage": answer.message,
        "attemptEndingTimestamp": int(ended.timestamp() * 1000),
        "rawData": record.data,
    }
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def object_body(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def raw_key(source: str, arrived_ms: int, events: bytes) -> str:
    """Where change events are delivered: the hour in which Firehose first took them; the same events give the same key.

    ``source`` is the error object or the position that they come from.
    """
    arrived = datetime.fromtimestamp(arrived_ms / 1000, UTC)
    name = f"redrive-{_plain(source.rsplit('/', 1)[-1])}-{_digest(events)}.json"
    return f"{bucket_keys.RAW_PREFIX}dt={arrived:%Y-%m-%d}/hr={arrived:%H}/{name}"


def error_key(source: str, arrived_ms: int, data: Iterable[str]) -> str:
    """Where records go that Firehose never saw and that failed; the same records give the same key."""
    arrived = datetime.fromtimestamp(arrived_ms / 1000, UTC)
    return f"{bucket_keys.PROCESSING_FAILED_PREFIX}dt={arrived:%Y-%m-%d}/redrive-{_plain(source)}-{_digest(' '.join(data).encode())}"


def run_prefix(run_id: str) -> str:
    """Where a run keeps what it did, an object a try."""
    return f"{bucket_keys.REDRIVE_RUNS}{_plain(run_id)}/"


def report_key(run_id: str) -> str:
    return f"{bucket_keys.REDRIVE_RUNS}{_plain(run_id)}.json"


def attempt_key(run_id: str, kind: str, source: str, version: str) -> str:
    """The entry of one try of one error object or position as it was (its ETag)."""
    return f"{run_prefix(run_id)}{kind}/{_digest(source.encode())}-{_plain(version)}.json"


def summarise(attempts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of a run over its tries; what failed in one and went in a later one counts as redelivered.

    An attempt is an ``Outcome`` as a document with ``source`` and ``at``.
    """
    by_source: dict[str, list[Mapping[str, Any]]] = {}
    for attempt in sorted(attempts, key=lambda each: str(each["at"])):
        by_source.setdefault(attempt["source"], []).append(attempt)
    found, failed, passed_over = Counter[str](), Counter[str](), Counter[str]()
    redelivered = dropped = 0
    for tries in by_source.values():
        found.update(tries[0]["found"])
        failed.update(tries[-1]["failed"])
        passed_over.update(tries[-1]["passed_over"])
        redelivered += sum(each["redelivered"] for each in tries)
        dropped += sum(each["dropped"] for each in tries)
    return {
        "sources": len(by_source),
        "found": found.total(),
        "redelivered": redelivered,
        "dropped": dropped,
        "failed_again": failed.total(),
        "left": failed.total() + passed_over.total(),
        "found_by_reason": dict(found.most_common()),
        "by_reason": dict(failed.most_common()),
        "passed_over_by_reason": dict(passed_over.most_common()),
    }


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]

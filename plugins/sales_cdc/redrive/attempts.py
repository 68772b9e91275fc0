"""Sort failed records by what another attempt gave, and add up the attempts of a run. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sales_cdc.redrive.failed_records import Answer, FailedRecord, failed_line


@dataclass(frozen=True)
class Outcome:
    """The counts of one attempt at an object or a position; ``failed`` and ``passed_over`` (not asked for) by reason."""

    found: Mapping[str, int] = field(default_factory=dict)
    redelivered: int = 0
    dropped: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    passed_over: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SortedRecords:
    """The records after another attempt: the change events to deliver, the lines that stay, and the counts."""

    events: bytes
    left: Sequence[bytes]
    outcome: Outcome


def sort_out(records: Sequence[FailedRecord], answers: Mapping[int, Answer], ended: datetime) -> SortedRecords:
    """Sort records into change events to deliver and lines that stay.

    A record that fails again for the same reason keeps its line byte for byte.

    >>> records = [FailedRecord("eA==", "Lambda.FunctionError: timeout", line=b"{}")]
    >>> sort_out(records, {0: Answer("Ok", b'{"orderID": "a"}\\n')}, datetime(2026, 11, 25)).outcome.redelivered
    1

    Args:
        answers: the transformer's answers by the record's place; a record that was not asked for has none.
        ended: when the attempt ended.
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
    return SortedRecords(b"".join(events), left, outcome)


def summarise(attempts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up the attempts of a run; a record that failed first and was delivered later counts as redelivered.

    Args:
        attempts: documents of ``Outcome``, each with its ``source`` and the time ``at`` which it ended.
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

"""The lines of the bucket's ledgers and zones: a written change, an arrived change event, a failed record. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sales_cdc.contract.change_contract import SEQUENCE_NUMBER_DIGITS, stream_label
from sales_cdc.contract.order_keys import KEYS

CLOCK_DIFFERENCE = timedelta(seconds=5)
"""Between Airflow's clock and DynamoDB's, whose commit times are floored to the second."""


Identity = tuple[str, str, str]
"""A change's order, the label of its stream ("" when unknown), its sequence number."""


@dataclass(frozen=True)
class WrittenChange:
    """One line of a run's ``written.jsonl``.

    ``values`` holds the attributes that were set (none for a REMOVE); ``since`` is when the run began.
    """

    run: str
    order_id: str
    event_type: str
    values: Mapping[str, Any]
    since: datetime

    @classmethod
    def from_ledger(cls, run: str, since: datetime, line: Mapping[str, Any]) -> WrittenChange:
        return cls(run, line["orderID"], line["event_type"], line.get("set") or {}, since)


@dataclass(frozen=True)
class Arrival:
    """One line of a raw object: the change event as parsed JSON, and when its object was stored."""

    event: Mapping[str, Any]
    stored_at: datetime

    @property
    def order_id(self) -> str:
        return KEYS.of_event(self.event)

    @property
    def identity(self) -> Identity:
        """The same for every delivery of one change, and for no other change; those of one order sort as they happened."""
        return self.order_id, *position_of(self.event)

    @property
    def committed_at(self) -> datetime:
        """DynamoDB floors it to the second."""
        return datetime.fromisoformat(self.event["creation_time"])

    @property
    def lag_seconds(self) -> float:
        """From the change's commit to its object."""
        return (self.stored_at - self.committed_at).total_seconds()

    def shows(self, change: WrittenChange) -> bool:
        """Whether this is the change: same type, every value that was set, and not from before its run."""
        return (
            self.event["event_type"] == change.event_type
            and self.committed_at >= change.since - CLOCK_DIFFERENCE
            and all(name in self.event and self.event[name] == value for name, value in change.values.items())
        )


@dataclass(frozen=True)
class FailedChange:
    """One line under the error prefix: a stream record that could not be transformed, and why.

    ``reason`` is Firehose's error code and message; ``key`` the object that holds the line.
    """

    order_id: str
    event_type: str
    sequence_number: str
    reason: str
    key: str
    source_stream: str = ""

    @property
    def identity(self) -> Identity:
        return self.order_id, self.source_stream, self.sequence_number

    @classmethod
    def from_line(cls, key: str, line: Mapping[str, Any]) -> FailedChange | None:
        """None for a line that does not say of which order it is: somebody else's, or a record without its key.

        Source: *Handle failure in data transformation* (Amazon Data Firehose): ``rawData`` is the record in base64.
        """
        try:
            record = json.loads(base64.b64decode(line["rawData"]))
            change = record["dynamodb"]
            order_id = KEYS.of_item(change["Keys"])
            number = str(change.get("SequenceNumber", "")).zfill(SEQUENCE_NUMBER_DIGITS)
            reason = f"{line.get('errorCode', 'no code')}: {line.get('errorMessage', 'no message')}"
            return cls(
                order_id, record["eventName"], number, reason, key, stream_label(record.get("eventSourceARN")) or ""
            )
        except (KeyError, TypeError, ValueError):
            return None


def position_of(event: Mapping[str, Any]) -> tuple[str, str]:
    """Where a change stands among those of its order: its stream's label, "" when unknown, then its sequence number."""
    label = event.get("source_stream")
    return label if isinstance(label, str) else "", event["sequence_number"].zfill(SEQUENCE_NUMBER_DIGITS)


def is_change_event(document: Mapping[str, Any]) -> bool:
    """Whether a line of raw has what a change event has; any other is somebody else's."""
    names = ("sequence_number", "event_type", "creation_time")
    return KEYS.names_event(document) and all(isinstance(document.get(name), str) for name in names)

"""Positions that the pipe gave up on, as its dead-letter queue holds them. Pure: no Airflow, no AWS client.

A message names a range of the table's stream, not the changes: those stay in the stream for 24 hours.
Source: *Amazon EventBridge Pipes error handling and troubleshooting*, "DLQ behavior".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sales_cdc.aws.stream_position import Position
from sales_cdc.redrive.records import FailedRecord

TRIMMED = "trimmed: the stream no longer holds it"
REMEDY = (
    "The stream keeps a change for 24 hours, and these are older: their payload is gone. Run sales_cdc_reconcile: it names the "
    "orders that differ from the table; then sales_cdc_repair heals them through the stream."
)


def record_to_try(position: Position, record: Mapping[str, Any]) -> FailedRecord:
    """A stream record, as boto3 reads it, in the form in which the pipe writes it to Kinesis."""
    change = dict(record["dynamodb"])
    created: datetime = change["ApproximateCreationDateTime"]
    change["ApproximateCreationDateTime"] = int(created.timestamp())
    event = {**record, "dynamodb": change, "eventSourceARN": position.stream_arn}
    if identity := record.get("userIdentity"):
        event["userIdentity"] = {name[0].lower() + name[1:]: value for name, value in identity.items()}
    payload = json.dumps(event, separators=(",", ":"), default=_base64_text).encode()
    return FailedRecord(base64.b64encode(payload).decode(), position.reason, int(created.timestamp() * 1000))


def _base64_text(value: Any) -> str:
    """Binary attributes; boto3 reads them as bytes."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"a stream record holds a {type(value).__name__}, which no JSON can carry")

"""Turn records read back from the table's stream into records that the transformer can take. Pure.

The pipe's dead-letter queue names positions of the stream, not the changes. The changes stay in the stream for 24 hours.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sales_cdc.aws.stream_position import Position
from sales_cdc.redrive.failed_records import FailedRecord

TRIMMED = "trimmed: the stream no longer holds it"
REMEDY = (
    "The stream keeps a change for 24 hours, and these changes are older, so their payload is gone. Run sales_cdc_reconcile, which "
    "names the orders that differ from the table; then sales_cdc_repair repairs them through the stream."
)


def record_to_try(position: Position, record: Mapping[str, Any]) -> FailedRecord:
    """Return a stream record, as boto3 reads it, in the form in which the pipe writes it to Kinesis."""
    change = dict(record["dynamodb"])
    created: datetime = change["ApproximateCreationDateTime"]
    change["ApproximateCreationDateTime"] = int(created.timestamp())
    event = {**record, "dynamodb": change, "eventSourceARN": position.stream_arn}
    if identity := record.get("userIdentity"):
        event["userIdentity"] = {name[0].lower() + name[1:]: value for name, value in identity.items()}
    payload = json.dumps(event, separators=(",", ":"), default=_base64_text).encode()
    return FailedRecord(base64.b64encode(payload).decode(), position.reason, int(created.timestamp() * 1000))


def _base64_text(value: Any) -> str:
    """Encode a binary attribute, which boto3 reads as bytes."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"a stream record holds a {type(value).__name__}, which no JSON can carry")

"""Records and destinations for tests of delivery streams without a cloud."""

from __future__ import annotations

import base64
from typing import Any
from zoneinfo import ZoneInfo

from local_cloud.firehose.records import IncomingRecord, Position
from local_cloud.firehose.settings import S3Destination


def incoming(*payloads: str, arrived: float = 0.0) -> list[IncomingRecord]:
    """Make records of one shard whose IDs and sequence numbers count from 0."""
    return [
        IncomingRecord(str(number), arrived, base64.b64encode(one.encode()).decode(), None, Position("s", str(number)))
        for number, one in enumerate(payloads)
    ]


def destination(**changes: Any) -> S3Destination:
    values: dict[str, Any] = {
        "bucket": "orders",
        "role_arn": "arn:aws:iam::000000000000:role/firehose",
        "prefix": "",
        "error_prefix": "",
        "size_bytes": 1024,
        "interval_seconds": 60,
        "is_gzip": False,
        "extension": None,
        "time_zone": ZoneInfo("UTC"),
        "delimiter": b"",
        "processor": None,
        "log": None,
    }
    return S3Destination(**{**values, **changes})

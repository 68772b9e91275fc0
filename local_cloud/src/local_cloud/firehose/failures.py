"""Records that could not be transformed, as Firehose writes them under the error prefix.

Source: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from local_cloud.firehose.records import IncomingRecord


@dataclass(frozen=True, slots=True)
class TransformationFailure:
    """Hold why a record was not transformed. ``ended`` (epoch seconds) is when the last attempt ended."""

    record: IncomingRecord
    attempts: int
    code: str
    message: str
    ended: float
    lambda_arn: str

    def line(self) -> bytes:
        """Return the record's line in the error object; times are milliseconds since the epoch."""
        document = {
            "attemptsMade": self.attempts,
            "arrivalTimestamp": round(self.record.arrived * 1000),
            "errorCode": self.code,
            "errorMessage": self.message,
            "attemptEndingTimestamp": round(self.ended * 1000),
            "rawData": self.record.data,
            "lambdaArn": self.lambda_arn,
        }
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

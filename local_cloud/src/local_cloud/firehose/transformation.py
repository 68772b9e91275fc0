"""The transformation by Lambda: its event, its attempts, and the result of each record.

Sources: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html,
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html,
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html; for the error codes
https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html ("Lambda invocation errors")
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.clients import Clients
from local_cloud.firehose.failures import TransformationFailure
from local_cloud.firehose.records import IncomingRecord
from local_cloud.firehose.settings import PRINCIPAL, LambdaProcessor

logger = logging.getLogger(__name__)

RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024
FIRST_PAUSE_SECONDS = 0.1
MAX_PAUSE_SECONDS = 5.0
OK, DROPPED, PROCESSING_FAILED = "Ok", "Dropped", "ProcessingFailed"
_FUNCTION_ERROR = "The Lambda function was successfully invoked but it returned an error result."
_MISSING = "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids."
_DUPLICATED = (
    "Multiple records were returned with the same record ID. "
    "Ensure that the Lambda function returns unique record IDs for each record."
)
_CODES = {
    "AccessDenied": "Lambda.InvokeAccessDenied",
    "AccessDeniedException": "Lambda.InvokeAccessDenied",
    "ResourceNotFoundException": "Lambda.ResourceNotFound",
    "TooManyRequestsException": "Lambda.InvokeLimitExceeded",
}


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """Hold what the Lambda's event says about the delivery stream; ``source_arn`` is None for direct puts."""

    arn: str
    region: str
    source_arn: str | None


@dataclass(frozen=True, slots=True)
class Transformed:
    """Hold the results of one batch: payloads in the batch's order, failures, and the number of dropped records."""

    pieces: list[bytes]
    failures: list[TransformationFailure]
    dropped: int


class InvocationError(Exception):
    """One invocation failed as a whole; ``code`` is Firehose's error code, ``may_retry`` whether another attempt is made."""

    def __init__(self, code: str, message: str, *, may_retry: bool = True) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.may_retry = code, message, may_retry


class Transformer:
    """Send batches to the Lambda function, with retries."""

    def __init__(self, identity: StreamIdentity, clients: Clients, stopping: threading.Event) -> None:
        self._identity, self._clients, self._stopping = identity, clients, stopping
        self._checked: set[LambdaProcessor] = set()

    def transform(self, processor: LambdaProcessor, records: Sequence[IncomingRecord]) -> Transformed:
        """Return the results of the records; after the last retry all of them are failures.

        Raises:
            InvocationError: the delivery stream was stopped between two attempts.
        """
        attempts = 0
        while True:
            attempts += 1
            event = invocation_event(self._identity, records)
            try:
                answer = self._invoke(processor, json.dumps(event, separators=(",", ":")).encode())
                return sort_results(answer, records, processor.function_arn, attempts)
            except InvocationError as error:
                logger.warning("%s: attempt %d at %s: %s", self._identity.arn, attempts, processor.function_arn, error)
                if attempts > processor.retries or not error.may_retry:
                    return _all_failed(records, error, attempts, processor.function_arn)
                pause = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 10))
                if self._stopping.wait(pause):
                    raise

    def _invoke(self, processor: LambdaProcessor, event: bytes) -> Any:
        try:
            client = self._clients.client("lambda", processor.role_arn, principal=PRINCIPAL)
        except (ClientError, BotoCoreError) as error:
            raise InvocationError("Lambda.AssumeRoleAccessDenied", str(error)) from error
        try:
            self._check_function(client, processor)
            answer = client.invoke(FunctionName=processor.function_arn, Payload=event)
            payload = answer["Payload"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise InvocationError(_CODES.get(code, "Lambda.InvokeFailed"), str(error)) from error
        except BotoCoreError as error:
            raise InvocationError("Lambda.FunctionRequestTimedOut", str(error)) from error
        if answer.get("FunctionError"):
            logger.warning("%s answered with an error: %s", processor.function_arn, payload.decode(errors="replace"))
            raise InvocationError("Lambda.FunctionError", _FUNCTION_ERROR)
        if len(payload) > RESPONSE_LIMIT_BYTES:
            raise InvocationError(
                "Lambda.FunctionError", f"The answer has {len(payload)} bytes; the limit is {RESPONSE_LIMIT_BYTES}."
            )
        try:
            return json.loads(payload)
        except ValueError as error:
            message = f"The answer is not JSON: {error}"
            raise InvocationError("Lambda.JsonProcessingException", message, may_retry=False) from error

    def _check_function(self, client: Any, processor: LambdaProcessor) -> None:
        """Check once that the function exists, with GetFunctionConfiguration: AWS documents a permission for it."""
        if processor not in self._checked:
            client.get_function_configuration(FunctionName=processor.function_arn)
            self._checked.add(processor)


def invocation_event(identity: StreamIdentity, records: Sequence[IncomingRecord]) -> dict[str, Any]:
    """Make the event of the Lambda function; times are milliseconds since the epoch."""
    shown: list[dict[str, Any]] = []
    for record in records:
        entry: dict[str, Any] = {
            "recordId": record.record_id,
            "approximateArrivalTimestamp": round(record.arrived * 1000),
            "data": record.data,
        }
        if record.metadata is not None:
            entry["kinesisRecordMetadata"] = record.metadata
        shown.append(entry)
    event: dict[str, Any] = {
        "invocationId": str(uuid.uuid4()),
        "deliveryStreamArn": identity.arn,
        "region": identity.region,
        "records": shown,
    }
    if identity.source_arn is not None:
        event["sourceKinesisStreamArn"] = identity.source_arn
    return event


def sort_results(answer: Any, records: Sequence[IncomingRecord], lambda_arn: str, attempts: int) -> Transformed:
    """Sort an answer's results into payloads, dropped records and failures.

    Raises:
        InvocationError: the answer has no list of records at all.
    """
    results = answer.get("records") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        message = "The answer has no list 'records'."
        raise InvocationError("Lambda.JsonProcessingException", message, may_retry=False)
    found = [one for one in results if isinstance(one, dict) and isinstance(one.get("recordId"), str)]
    counts = Counter(one.get("recordId") for one in found)
    by_id = {one.get("recordId"): one for one in found}
    pieces: list[bytes] = []
    failures: list[TransformationFailure] = []
    dropped = 0
    ended = time.time()
    for record in records:
        result = by_id.get(record.record_id)
        verdict = result.get("result") if result and counts[record.record_id] == 1 else None
        if verdict == DROPPED:
            dropped += 1
            continue
        data = _decoded(result) if result is not None and verdict == OK else None
        if data is not None:
            pieces.append(data)
            continue
        code, message = _why(result, counts[record.record_id])
        failures.append(TransformationFailure(record, attempts, code, message, ended, lambda_arn))
    return Transformed(pieces, failures, dropped)


def _decoded(result: dict[str, Any]) -> bytes | None:
    """Return the transformed payload; None when it is missing or not base64."""
    data = result.get("data")
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except ValueError:
        return None


def _why(result: dict[str, Any] | None, count: int) -> tuple[str, str]:
    """Return Firehose's error code and message for a record without a valid result."""
    if result is None:
        return "Lambda.MissingRecordId", _MISSING
    if count > 1:
        return "Lambda.DuplicatedRecordId", _DUPLICATED
    if result.get("result") == PROCESSING_FAILED:
        return "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record"
    if result.get("result") == OK:
        return "Lambda.FunctionError", "The record's data is missing or not base64."
    return (
        "Lambda.FunctionError",
        f"The record's result is {result.get('result')!r}: it must be Ok, Dropped or ProcessingFailed.",
    )


def _all_failed(
    records: Sequence[IncomingRecord], error: InvocationError, attempts: int, lambda_arn: str
) -> Transformed:
    ended = time.time()
    failures = [
        TransformationFailure(record, attempts, error.code, error.message, ended, lambda_arn) for record in records
    ]
    return Transformed([], failures, 0)

"""Call the deployed transformer in the way Firehose calls it."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Sequence
from threading import Lock
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from sales_cdc.aws.errors import explained
from sales_cdc.redrive.failed_records import PROCESSING_FAILED_CODE, Answer, FailedRecord, batches

CLIENT_CONFIG = Config(read_timeout=90, max_pool_connections=16, retries={"mode": "standard", "total_max_attempts": 5})
RECORDS_IN_LOG_TAIL = 10  # Lambda returns the last 4 KB of a call's log
MAX_FAILURES_IN_A_ROW = 16  # one bad record of a full batch is alone after nine halvings
_logged_reason = re.compile(r"ProcessingFailed recordId=(\S+) eventID=\S+: (.+)").findall


class FunctionFailedError(Exception):
    """The function answered with an error, or not in Firehose's form."""


class TransformerBrokenError(Exception):
    """The function fails at every call; nothing was changed for the records of these calls."""


class TransformerHook(AwsBaseHook):
    """Lambda, for one transformer function.

    Sources: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html,
    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
    """

    def __init__(self, *, function: str, delivery_stream_arn: str, **kwargs: Any) -> None:
        super().__init__(**{"config": CLIENT_CONFIG, **kwargs, "client_type": "lambda"})
        self.function = function
        self.delivery_stream_arn = delivery_stream_arn
        self._failures_in_a_row = 0
        self._lock = Lock()

    def transform(self, records: Sequence[FailedRecord]) -> list[Answer]:
        """Return an answer for each record in their order; a record that makes the function fail fails alone.

        Raises:
            TransformerBrokenError: the function fails for every record.
            CallRefusedError: there is no such function, it may not be called, or it does not answer.
        """
        answers = [answer for batch in batches(records) for answer in self._answers(batch)]
        refused = [at for at, answer in enumerate(answers) if answer.code == PROCESSING_FAILED_CODE]
        for start in range(0, len(refused), RECORDS_IN_LOG_TAIL):
            places = refused[start : start + RECORDS_IN_LOG_TAIL]
            explained_answers = self._answers([records[at] for at in places])
            for at, answer in zip(places, explained_answers, strict=True):
                answers[at] = answer
        return answers

    def _answers(self, batch: Sequence[FailedRecord]) -> list[Answer]:
        """Call the function for a batch; when the whole call fails, call it for each half."""
        try:
            answers = self._call(batch)
        except FunctionFailedError as error:
            self._note(failed=True)
            if self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
                raise TransformerBrokenError(
                    f"The Lambda function '{self.function}' failed {self._failures_in_a_row} times in a row, the last time with: "
                    f"{error}. Its log group has the details. Fix it (sales_cdc_setup deploys the code again), then redrive again: "
                    "the failed records are still where they were."
                ) from error
            if len(batch) == 1:
                return [_failure("Lambda.FunctionError", str(error))]
            half = len(batch) // 2
            return [*self._answers(batch[:half]), *self._answers(batch[half:])]
        self._note(failed=False)
        return answers

    def _note(self, *, failed: bool) -> None:
        with self._lock:
            self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0

    def _call(self, batch: Sequence[FailedRecord]) -> list[Answer]:
        ids = [f"redrive-{at}" for at in range(len(batch))]
        event = {
            "invocationId": "redrive",
            "deliveryStreamArn": self.delivery_stream_arn,
            "region": self.conn.meta.region_name,
            "records": [
                {"recordId": name, "approximateArrivalTimestamp": record.arrived_ms, "data": record.data}
                for name, record in zip(ids, batch, strict=True)
            ],
        }
        with explained("call the transformer function", self.function):
            called = self.conn.invoke(
                FunctionName=self.function, LogType="Tail", Payload=json.dumps(event, separators=(",", ":")).encode()
            )
            payload = called["Payload"].read()
        if called.get("FunctionError"):
            raise FunctionFailedError(_error_message(payload))
        log = base64.b64decode(called.get("LogResult", "")).decode(errors="replace")
        return _read_answers(payload, ids, dict(_logged_reason(log)))


def _read_answers(payload: bytes, ids: Sequence[str], reasons: dict[str, str]) -> list[Answer]:
    """Return the function's answer for each record, read in the way Firehose reads it."""
    try:
        results = json.loads(payload)["records"]
        by_id = {result["recordId"]: result for result in results}
        counts = Counter(result["recordId"] for result in results)
    except (ValueError, TypeError, KeyError) as error:
        raise FunctionFailedError(f"the answer has no list of records ({type(error).__name__})") from error
    return [_read_answer(by_id.get(name), counts[name], reasons.get(name)) for name in ids]


def _read_answer(result: dict[str, Any] | None, count: int, reason: str | None) -> Answer:
    if result is None or count > 1:
        return _failure(
            "Lambda.MissingRecordId" if result is None else "Lambda.DuplicatedRecordId", "not answered once"
        )
    verdict = result.get("result")
    if verdict == "Dropped":
        return Answer("Dropped")
    if verdict == "ProcessingFailed":
        return _failure(PROCESSING_FAILED_CODE, reason or "ProcessingFailed status set for record")
    try:
        payload = base64.b64decode(result["data"], validate=True)
    except (ValueError, TypeError, KeyError):
        payload = b""
    if verdict != "Ok" or not payload.endswith(b"\n") or payload.count(b"\n") != 1:
        return _failure("Lambda.FunctionError", "the answer is neither one line, nor Dropped, nor ProcessingFailed")
    return Answer("Ok", payload)


def _failure(code: str, message: str) -> Answer:
    return Answer("ProcessingFailed", code=code, message=message)


def _error_message(payload: bytes) -> str:
    """Return the function's own error, shortened."""
    try:
        document = json.loads(payload)
        return f"{document.get('errorType', 'Error')}: {document.get('errorMessage', '')}"[:300]
    except (ValueError, AttributeError):
        return "the function failed without a reason"

"""The transformer is called again: one bad record fails alone, and a broken function is recognised."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from sales_cdc.redrive.failed_records import FailedRecord
from sales_cdc.redrive.transformer import TransformerBrokenError, TransformerHook

Function = Callable[[bytes], dict[str, Any]]


class Raw(io.BytesIO):
    """A response's body, as urllib3 streams it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


class Lambda:
    """Answers a client's Invoke with a function of each record's bytes, and the log of the call."""

    def __init__(self, function: Function) -> None:
        self.function, self.calls = function, 0
        self.hook = TransformerHook(
            function="f", delivery_stream_arn="arn", aws_conn_id=None, region_name="eu-central-1"
        )
        self.hook.conn = boto3.client(
            "lambda", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.hook.conn.meta.events.register("before-send.lambda.Invoke", self.answer)

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        self.calls += 1
        records = json.loads(request.body)["records"]
        headers, log = {}, ""
        try:
            results = [
                {"recordId": each["recordId"], **self.function(base64.b64decode(each["data"]))} for each in records
            ]
            body = json.dumps({"records": results})
            log = "".join(
                f"[WARNING] ProcessingFailed recordId={result['recordId']} eventID=?: it is bad\n"
                for result in results if result["result"] == "ProcessingFailed"
            )  # fmt: skip
        except RuntimeError as error:
            headers, body = {"X-Amz-Function-Error": "Unhandled"}, json.dumps({"errorMessage": str(error)})
        headers["X-Amz-Log-Result"] = base64.b64encode(log.encode()[-4096:]).decode()
        return AWSResponse(request.url, 200, headers, Raw(body.encode()))


def records(*payloads: bytes) -> list[FailedRecord]:
    return [FailedRecord(base64.b64encode(payload).decode(), "") for payload in payloads]


def judge(payload: bytes) -> dict[str, Any]:
    if payload == b"crash":
        raise RuntimeError("not this one")
    if payload == b"bad":
        return {"result": "ProcessingFailed", "data": ""}
    if payload == b"two lines":
        return {"result": "Ok", "data": base64.b64encode(b"1\n2\n").decode()}
    return {"result": "Ok", "data": base64.b64encode(payload + b"\n").decode()}


def test_each_record_gets_its_own_answer_and_each_refusal_the_functions_reason() -> None:
    function = Lambda(judge)
    answers = function.hook.transform(records(b"a", b"bad", b"two lines", b"b"))
    assert [answer.payload for answer in answers] == [b"a\n", b"", b"", b"b\n"]
    assert answers[1].reason == "Lambda.ProcessingFailedStatus: it is bad"
    assert (
        answers[2].reason == "Lambda.FunctionError: the answer is neither one line, nor Dropped, nor ProcessingFailed"
    )


def test_a_record_that_makes_the_function_fail_fails_alone() -> None:
    payloads = [b"crash" if at == 7 else b"fine" for at in range(300)]
    answers = Lambda(judge).hook.transform(records(*payloads))
    assert [at for at, answer in enumerate(answers) if answer.result != "Ok"] == [7]
    assert "not this one" in answers[7].reason


def test_every_one_of_many_refusals_gets_its_reason() -> None:
    answers = Lambda(judge).hook.transform(records(*[b"bad"] * 450))
    assert {answer.message for answer in answers} == {"it is bad"}


def test_a_function_that_always_fails_is_called_a_few_times_only() -> None:
    function = Lambda(judge)
    with pytest.raises(TransformerBrokenError, match=r"(?s)'f' failed .* times in a row.*Fix it"):
        function.hook.transform(records(*[b"crash"] * 5000))
    assert function.calls < 40

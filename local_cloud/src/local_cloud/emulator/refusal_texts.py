"""Write refusals of Kinesis and of DynamoDB Streams with the words that AWS has for them.

Judge: answers recorded from AWS by LocalStack, and moto's Kinesis for those that LocalStack has not:
https://github.com/localstack/localstack/blob/main/tests/aws/services/kinesis/test_kinesis.snapshot.json,
https://github.com/localstack/localstack/blob/main/tests/aws/services/dynamodbstreams/test_dynamodb_streams.snapshot.json
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local_cloud.emulator.seams import require

Respond = Callable[..., Any]

_STREAM = re.compile(r"Stream (?:with ARN )?(\S+?) not found\.?")
_CONSUMER = re.compile(r"Consumer (\S+) not found\.?")
_NAMED = re.compile(r"(\bin stream|\bRequest is invalid\. Stream) ([\w.-]*\w)(?! under)\b")


def patch_refusal_texts(kinesis: Any, streams: Any) -> None:
    """Change the texts of ``ministack.services.kinesis`` and ``ministack.services.dynamodb_streams``.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(kinesis, "error_response_json", "get_account_id")
    require(streams, "error_response_json")
    kinesis.error_response_json = _with_account(kinesis.error_response_json, kinesis.get_account_id)
    streams.error_response_json = _with_stream(streams.error_response_json)


def _with_account(respond: Respond, account_of: Callable[[], str]) -> Respond:
    return lambda code, message, status=400: respond(code, kinesis_text(message, account_of()), status)


def kinesis_text(message: str, account: str) -> str:
    """Return the message with the account of the stream that it names, the stream by its name, as AWS writes it."""
    if found := _STREAM.fullmatch(message):
        return f"Stream {found[1].rpartition('/')[2]} under account {account} not found."
    if found := _CONSUMER.fullmatch(message):
        return f"Consumer {found[1]}, account {account} not found."
    return _NAMED.sub(rf"\1 \2 under account {account}", message)


def _with_stream(respond: Respond) -> Respond:
    return lambda code, message, status=400: respond(code, streams_text(message), status)


def streams_text(message: str) -> str:
    """Return the message on a stream of DynamoDB that is not there as AWS writes it."""
    before, _, arn = message.partition("Stream not found: ")
    return message if before or not arn else f"Requested resource not found: Stream: {arn} not found"

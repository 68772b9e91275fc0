"""Test that a client whose writes are withheld sends reads alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from sales_cdc.provisioning.read_only import writes_withheld

from tests.conftest import KEYS


class Body(io.BytesIO):
    """The body of an answer, as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def queues() -> tuple[Any, list[str]]:
    """A client of SQS whose requests are answered here, and what was sent of it."""
    sent: list[str] = []
    client = boto3.client("sqs", **KEYS)

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request.headers["X-Amz-Target"].decode().removeprefix("AmazonSQS."))
        return AWSResponse(request.url, 200, {}, Body(b'{"QueueUrl": "https://queue"}'))

    client.meta.events.register("before-send", answer)
    return client, sent


def write(client: Any) -> Any:
    return client.set_queue_attributes(QueueUrl="https://queue", Attributes={"DelaySeconds": "1"})


def test_writes_are_answered_unsent_and_reads_are_sent() -> None:
    client, sent = queues()
    with writes_withheld(client) as withheld:
        assert write(client) == {}
        assert client.get_queue_url(QueueName="q")["QueueUrl"] == "https://queue"
    assert (withheld, sent) == (["SetQueueAttributes"], ["GetQueueUrl"])


def test_afterwards_writes_are_sent_again() -> None:
    client, sent = queues()
    with writes_withheld(client):
        write(client)
    write(client)
    assert sent == ["SetQueueAttributes"]

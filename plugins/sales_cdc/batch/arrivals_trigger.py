"""Tells of new raw objects, many at once: what arrives while data flows is one event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from botocore.exceptions import BotoCoreError, ClientError

MOST_MESSAGES = 10  # SQS's own limit for one call
LONG_POLL_SECONDS = 10
KEPT_SECONDS = 5  # how long an event's messages stay after it was told: one that Airflow could not store is told again
PAUSE_SECONDS = 30


class ArrivalsTrigger(BaseEventTrigger):
    """An event once new raw objects were noticed and none has come for a while.

    At least once: messages are deleted only after their event was told. A queue that is not there, or refuses, is asked again
    later: setup may not have run yet, and the daily schedule does not wait for events.

    Args:
        queue: the name of the queue of notices.
        quiet_seconds: no notice for so long ends the collecting.
        most_seconds: the longest collecting, for data that never stops.

    The event's payload: ``objects``, how many notices it stands for. Source: Amazon SQS Developer Guide, *Amazon SQS short and
    long polling*, *Amazon SQS visibility timeout*.
    """

    def __init__(
        self,
        queue: str,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        quiet_seconds: float = 10,
        most_seconds: float = 60,
    ) -> None:
        super().__init__()
        self.queue = queue
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.quiet_seconds = quiet_seconds
        self.most_seconds = most_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        fields = ("queue", "aws_conn_id", "region_name", "quiet_seconds", "most_seconds")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in fields}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        hook = SqsHook(aws_conn_id=self.aws_conn_id, region_name=self.region_name)
        while True:
            try:
                async with await hook.get_async_conn() as sqs:
                    url = (await sqs.get_queue_url(QueueName=self.queue))["QueueUrl"]
                    while True:
                        notices = await self._collect(sqs, url)
                        yield TriggerEvent({"objects": len(notices)})
                        await asyncio.sleep(KEPT_SECONDS)
                        await self._delete(sqs, url, notices)
            except (ClientError, BotoCoreError) as error:
                self.log.warning("The queue '%s' cannot be read now: %s", self.queue, error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _collect(self, sqs: Any, url: str) -> list[str]:
        """The receipts of the notices that come until none does, or the time is up; at least one."""
        receipts: list[str] = []
        began = last = time.monotonic()
        while not receipts or (time.monotonic() - last < self.quiet_seconds and last - began < self.most_seconds):
            wait = LONG_POLL_SECONDS if not receipts else 1
            answer = await sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=MOST_MESSAGES,
                WaitTimeSeconds=wait,
                VisibilityTimeout=self._hidden_seconds,
            )
            if came := [message["ReceiptHandle"] for message in answer.get("Messages", [])]:
                last = time.monotonic()
                began = began if receipts else last
                receipts += came
        return receipts

    @property
    def _hidden_seconds(self) -> int:
        """So long nobody else sees a notice that was collected: until it is deleted, with time to spare."""
        return int(self.most_seconds + self.quiet_seconds + KEPT_SECONDS) + 60

    async def _delete(self, sqs: Any, url: str, receipts: list[str]) -> None:
        for at in range(0, len(receipts), MOST_MESSAGES):
            part = receipts[at : at + MOST_MESSAGES]
            entries = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(part)]
            await sqs.delete_message_batch(QueueUrl=url, Entries=entries)

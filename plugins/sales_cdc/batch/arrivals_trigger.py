"""Start the batch when new raw objects arrive: one event for all that arrive in a burst."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from botocore.exceptions import BotoCoreError, ClientError

MAX_MESSAGES = 10  # SQS's limit for one call
LONG_POLL_SECONDS = 10
REPEAT_SECONDS = 60  # a run that an event started has taken the notices by then
MAX_REPEAT_SECONDS = 300
LOOK_SECONDS = 10  # between two looks at whether a run has taken them
PAUSE_SECONDS = 30


class ArrivalsTrigger(BaseEventTrigger):
    """Fire an event when notices of new raw objects came and no further one has come for a while.

    The trigger deletes no notice: the run takes them (``take_notices``), and notices that come after that are a further event, which
    Airflow keeps while a run goes on. While nobody takes them, because the batch is paused or another run goes on, the event is
    repeated, after one minute at first and every five minutes later. Airflow drops the events of a paused DAG, so this is how notices
    start it once it is unpaused. The trigger tries a missing or denied queue again later: setup may not have run yet, and the daily
    schedule does not wait for events.

    Args:
        queue: the name of the queue of notices.
        quiet_seconds: the event fires when no notice came for so long.
        most_seconds: the event fires after so long in any case, for data that never stops.

    The event's payload is ``objects``, the number of notices. Sources:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
    """

    def __init__(
        self,
        queue: str,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        quiet_seconds: float = 5,
        most_seconds: float = 20,
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
                    announced: set[str] = set()
                    pause = REPEAT_SECONDS
                    while True:
                        notices = await self._collect(sqs, url)
                        await self._release(sqs, url, list(notices.values()))
                        yield TriggerEvent({"objects": len(notices)})
                        is_repeated = notices.keys() <= announced
                        pause = min(2 * pause, MAX_REPEAT_SECONDS) if is_repeated else REPEAT_SECONDS
                        announced = set(notices)
                        await self._rest(sqs, url, announced, pause)
            except (ClientError, BotoCoreError) as error:
                self.log.warning("The queue '%s' cannot be read now: %s", self.queue, error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _collect(self, sqs: Any, url: str) -> dict[str, str]:
        """Collect the receipts of notices by id until none comes for a while, or the time is up; at least one."""
        receipts: dict[str, str] = {}
        began = last = time.monotonic()
        while not receipts or (time.monotonic() - last < self.quiet_seconds and last - began < self.most_seconds):
            wait = LONG_POLL_SECONDS if not receipts else 1
            answer = await sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=MAX_MESSAGES,
                WaitTimeSeconds=wait,
                VisibilityTimeout=self._hidden_seconds,
            )
            if came := {message["MessageId"]: message["ReceiptHandle"] for message in answer.get("Messages", [])}:
                last = time.monotonic()
                began = began if receipts else last
                receipts |= came
        return receipts

    async def _rest(self, sqs: Any, url: str, announced: set[str], seconds: float) -> None:
        """Wait for so long, or until the announced notices are gone, because a run has taken them; the looks hide no notice."""
        for _ in range(math.ceil(seconds / LOOK_SECONDS)):
            await asyncio.sleep(LOOK_SECONDS)
            seen = await sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=MAX_MESSAGES, WaitTimeSeconds=1, VisibilityTimeout=0
            )
            if not announced & {message["MessageId"] for message in seen.get("Messages", [])}:
                return

    @property
    def _hidden_seconds(self) -> int:
        """Return how long SQS hides a collected notice from others: until it is released, with a margin."""
        return int(self.most_seconds + self.quiet_seconds) + 60

    async def _release(self, sqs: Any, url: str, receipts: list[str]) -> None:
        """Let the run that the event starts, or the next look, receive the notices at once."""
        for at in range(0, len(receipts), MAX_MESSAGES):
            part = receipts[at : at + MAX_MESSAGES]
            entries = [
                {"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": 0} for n, receipt in enumerate(part)
            ]
            await sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)

"""Read the notifications of S3 from the queue of a crawler that crawls by events.

Sources: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

MAX_MESSAGES = 100_000
"""How many messages one crawl reads at most."""
MAX_PER_CALL = 10


@dataclass(frozen=True, slots=True)
class Events:
    """What the messages of a queue name: objects of buckets, as ``s3://`` URIs; ``receipts`` by message."""

    objects: set[str] = field(default_factory=set)
    receipts: dict[str, str] = field(default_factory=dict)


class EventQueue:
    """The queue of one crawler, read as its role.

    Args:
        sqs: a client that acts as the role.
        arn: the queue's ARN.
    """

    def __init__(self, sqs: Any, arn: str) -> None:
        self._sqs, self._arn = sqs, arn
        self._url = ""

    def find(self) -> None:
        """Find the queue.

        Raises:
            botocore.exceptions.ClientError: it is missing, or the role may not look for it.
        """
        self._url = self._sqs.get_queue_url(QueueName=self._arn.rpartition(":")[2])["QueueUrl"]

    def check_access(self) -> None:
        """Ask for what AWS's page gives the role, so that what passes here passes there: when AWS asks for which is not documented.

        Raises:
            botocore.exceptions.ClientError: the queue is missing, or the role may not do one of these.
        """
        self.find()
        place = {"QueueUrl": self._url}
        timeout = self._sqs.get_queue_attributes(**place, AttributeNames=["VisibilityTimeout"])["Attributes"]
        self._sqs.set_queue_attributes(**place, Attributes=timeout)
        self._sqs.list_queue_tags(**place)
        self._allowed(lambda: self._sqs.list_dead_letter_source_queues(**place))

    @staticmethod
    def _allowed(call: Callable[[], object]) -> None:
        """Call what MiniStack checks and does not have."""
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidAction":
                raise

    def empty(self) -> None:
        """Delete every message: a crawl that lists the whole target sees the objects that they name."""
        try:
            self._sqs.purge_queue(QueueUrl=self._url)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {
                "PurgeQueueInProgress",
                "AWS.SimpleQueueService.PurgeQueueInProgress",
            }:
                raise  # SQS purges a queue once a minute; messages that stay name folders that are listed once more

    def receive(self) -> Events:
        """Return what all the messages name; they stay in the queue until ``delete``."""
        found = Events()
        while len(found.receipts) < MAX_MESSAGES:
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=MAX_PER_CALL)
            messages = {one["MessageId"]: one for one in answer.get("Messages", [])}
            known = messages.keys() <= found.receipts.keys()
            for name, message in messages.items():
                found.receipts[name] = message["ReceiptHandle"]
                found.objects.update(objects_of(message["Body"]))
            if known:
                break  # none came, or those that did had come before
        return found

    def delete(self, events: Events) -> None:
        """Delete the messages of a crawl that succeeded."""
        receipts = list(events.receipts.values())
        for start in range(0, len(receipts), MAX_PER_CALL):
            some = receipts[start : start + MAX_PER_CALL]
            entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(some)]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)


def objects_of(body: str) -> Iterator[str]:
    """Yield the objects that a message names: S3's own, or one that SNS has passed on. Any other names none.

    Example::

        list(objects_of('{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "a/b+c"}}}]}'))  # ["s3://b/a/b c"]
    """
    document = _document(body)
    if isinstance(document.get("Message"), str):
        document = _document(document["Message"])
    records = document.get("Records")
    for record in records if isinstance(records, list) else []:
        about = record.get("s3") if isinstance(record, Mapping) else None
        if isinstance(about, Mapping) and "bucket" in about and "object" in about:
            yield f"s3://{about['bucket']['name']}/{unquote_plus(about['object']['key'])}"


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

"""Provision an SQS queue: the pipe's dead-letter queue, or the queue of arrivals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook


class QueueHook(ResourceHook):
    """Provision a queue; AWS frees the name of a deleted queue after 60 seconds.

    Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    """

    service = "sqs"
    kind = "SQS queue"
    name_field = "QueueName"
    absent_codes = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
    taken_codes = frozenset({"QueueAlreadyExists", "QueueNameExists"})

    def describe(self, name: str) -> Found:
        url = self.conn.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = self.conn.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        tags = self.conn.list_queue_tags(QueueUrl=url).get("Tags", {})
        return Found(name, attributes["QueueArn"], tags, {"Attributes": attributes, "QueueUrl": url})

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_queue(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        actual = {"Attributes": _comparable(found.description["Attributes"])}
        attributes = dict(definition["Attributes"])
        if "KmsMasterKeyId" not in attributes and found.description["Attributes"].get("KmsMasterKeyId"):
            attributes["KmsMasterKeyId"] = ""  # takes the key away
        changes = drift({"Attributes": _comparable(attributes)}, actual)
        if changes:
            self.conn.set_queue_attributes(QueueUrl=found.description["QueueUrl"], Attributes=attributes)
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_queue(QueueUrl=found.description["QueueUrl"])


def _comparable(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Parse the policy, so that two texts of the same policy are equal."""
    return {name: json.loads(text) if name == "Policy" else text for name, text in attributes.items()}

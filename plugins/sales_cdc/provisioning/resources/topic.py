"""Provision the SNS topic that alarms and failed runs are told to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key

MAIL = "email"


class TopicHook(ResourceHook):
    """Provision a standard topic with its policy; subscribe the mail addresses that are not subscribed yet.

    Subscriptions that others make stay. Sources: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html,
    https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html, https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
    """

    service = "sns"
    kind = "SNS topic"
    name_field = "TopicArn"
    absent_codes = frozenset({"NotFound", "NotFoundException"})
    taken_codes = frozenset({"InvalidParameter"})

    def means_taken(self, error: ClientError) -> bool:
        """Return whether there is a topic of that name with other attributes or tags; SNS's code says only that a parameter is invalid."""
        return super().means_taken(error) and "already exists" in error.response["Error"]["Message"]

    def describe(self, name: str) -> Found:
        attributes = self.conn.get_topic_attributes(TopicArn=name)["Attributes"]
        tags = tags_by_key(self.conn.list_tags_for_resource(ResourceArn=name)["Tags"])
        pages = self.conn.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=name)
        mails = [
            each["Endpoint"] for page in pages for each in page["Subscriptions"] if each["Protocol"].startswith(MAIL)
        ]
        return Found(name, name, tags, {"Attributes": attributes, "Emails": mails})

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_topic(
            Name=definition["Name"], Attributes=dict(definition["Attributes"]), Tags=definition["Tags"]
        )

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        attributes = {"KmsMasterKeyId": "", **definition["Attributes"]}  # an empty key takes the key away
        actual = {"KmsMasterKeyId": "", **found.description["Attributes"]}
        changes = []
        for name, text in attributes.items():
            if drift({name: _comparable(name, text)}, {name: _comparable(name, actual.get(name, ""))}):
                self.conn.set_topic_attributes(TopicArn=found.name, AttributeName=name, AttributeValue=text)
                changes.append(f"Attributes.{name}")
        for email in definition["Emails"]:
            if email not in found.description["Emails"]:
                self.conn.subscribe(TopicArn=found.name, Protocol=MAIL, Endpoint=email)
                changes.append(f"Emails.{email}")
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_topic(TopicArn=found.name)


def _comparable(name: str, text: str) -> Any:
    """Parse the policy, so that two texts of the same policy are equal."""
    return json.loads(text) if name == "Policy" and text else text

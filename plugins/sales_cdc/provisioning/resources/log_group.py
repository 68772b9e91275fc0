"""Provision the CloudWatch log groups that Lambda and Firehose write to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.resources.resource import Found, ResourceHook, without


class LogGroupHook(ResourceHook):
    """Provision a log group with bounded retention, and the log streams that its writers expect to exist.

    Sources: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html,
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    """

    service = "logs"
    kind = "CloudWatch log group"
    name_field = "logGroupName"
    absent_codes = frozenset({"ResourceNotFoundException"})
    taken_codes = frozenset({"ResourceAlreadyExistsException"})

    def describe(self, name: str) -> Found | None:
        groups = self.conn.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        group = next((group for group in groups if group["logGroupName"] == name), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        return Found(name, arn, self.conn.list_tags_for_resource(resourceArn=arn).get("tags", {}), group)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_log_group(**without(definition, "retentionInDays", "logStreamNames"))

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = []
        key = definition.get("kmsKeyId")
        if found.description.get("kmsKeyId") != key:
            if key:
                self.conn.associate_kms_key(logGroupName=found.name, kmsKeyId=key)
            else:
                self.conn.disassociate_kms_key(logGroupName=found.name)
            changes.append("kmsKeyId")
        if found.description.get("retentionInDays") != definition["retentionInDays"]:
            self.conn.put_retention_policy(logGroupName=found.name, retentionInDays=definition["retentionInDays"])
            changes.append("retentionInDays")
        for stream in definition["logStreamNames"]:
            named = self.conn.describe_log_streams(logGroupName=found.name, logStreamNamePrefix=stream)["logStreams"]
            if stream not in {each["logStreamName"] for each in named}:
                self.conn.create_log_stream(logGroupName=found.name, logStreamName=stream)
                changes.append(f"logStreamNames.{stream}")
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_log_group(logGroupName=found.name)

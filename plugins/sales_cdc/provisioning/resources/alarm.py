"""Provision the CloudWatch alarms on the pipeline's metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key, without


class AlarmHook(ResourceHook):
    """Provision a metric alarm; a second PutMetricAlarm replaces the first, so nothing is ever taken.

    Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """

    service = "cloudwatch"
    kind = "CloudWatch alarm"
    name_field = "AlarmName"
    absent_codes = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
    taken_codes = frozenset[str]()

    def describe(self, name: str) -> Found | None:
        alarms = self.conn.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not alarms:
            return None
        arn = alarms[0]["AlarmArn"]
        return Found(name, arn, tags_by_key(self.conn.list_tags_for_resource(ResourceARN=arn)["Tags"]), alarms[0])

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.put_metric_alarm(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = drift(without(definition, "Tags"), found.description)
        if changes:
            self.conn.put_metric_alarm(**without(definition, "Tags"))
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_alarms(AlarmNames=[found.name])

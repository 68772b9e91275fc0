"""Provision the EventBridge rule that sends notices of new raw objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sales_cdc.aws.task_errors import ResourceError
from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key, without


class RuleHook(ResourceHook):
    """Provision a rule on the default bus, with its targets.

    Sources: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html,
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
    """

    service = "events"
    kind = "EventBridge rule"
    name_field = "Name"
    absent_codes = frozenset({"ResourceNotFoundException"})
    taken_codes = frozenset({"ResourceAlreadyExistsException"})

    def describe(self, name: str) -> Found:
        rule = self.conn.describe_rule(Name=name)
        tags = tags_by_key(self.conn.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"])
        targets = self.conn.list_targets_by_rule(Rule=name)["Targets"]
        return Found(name, rule["Arn"], tags, {**rule, "Targets": targets})

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.put_rule(**without(definition, "Targets"))

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = drift(_comparable(without(definition, "Tags", "Targets")), _comparable(found.description))
        if changes:
            self.conn.put_rule(**without(definition, "Tags", "Targets"))
        if drift({"Targets": definition["Targets"]}, found.description):
            answer = self.conn.put_targets(Rule=found.name, Targets=definition["Targets"])
            if answer.get("FailedEntryCount"):
                raise ResourceError(
                    f"EventBridge refused a target of the rule '{found.name}': {answer['FailedEntries']}."
                )
            changes.append("Targets")
        return changes

    def delete(self, found: Found) -> None:
        if targets := [target["Id"] for target in found.description["Targets"]]:
            self.conn.remove_targets(Rule=found.name, Ids=targets)
        self.conn.delete_rule(Name=found.name)


def _comparable(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the pattern, so that two texts of the same pattern are equal."""
    return {**rule, "EventPattern": json.loads(rule["EventPattern"])}

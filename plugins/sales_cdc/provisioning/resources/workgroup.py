"""Provision the Athena work group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key, without


class WorkGroupHook(ResourceHook):
    """Provision a work group.

    Athena has one error code for all refusals; only the message says which it is.
    Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html
    """

    service = "athena"
    kind = "Athena work group"
    name_field = "Name"
    absent_codes = frozenset({"InvalidRequestException"})
    taken_codes = frozenset({"InvalidRequestException"})

    def means_absent(self, error: ClientError) -> bool:
        return super().means_absent(error) and "not found" in error.response["Error"]["Message"]

    def means_taken(self, error: ClientError) -> bool:
        return super().means_taken(error) and "already" in error.response["Error"]["Message"]

    def describe(self, name: str) -> Found:
        group = self.conn.get_work_group(WorkGroup=name)["WorkGroup"]
        arn = f"arn:{self.conn_partition}:athena:{self.conn_region_name}:{self.account_id}:workgroup/{name}"
        return Found(name, arn, tags_by_key(self.conn.list_tags_for_resource(ResourceARN=arn)["Tags"]), group)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_work_group(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = drift(without(definition, "Tags"), found.description)
        if changes:
            configuration = definition["Configuration"]
            updates = without(configuration, "ResultConfiguration")
            self.conn.update_work_group(
                WorkGroup=found.name,
                Description=definition["Description"],
                ConfigurationUpdates={**updates, "ResultConfigurationUpdates": configuration["ResultConfiguration"]},
            )
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_work_group(WorkGroup=found.name, RecursiveDeleteOption=True)

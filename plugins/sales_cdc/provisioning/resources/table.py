"""DynamoDB: the orders table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sales_cdc.provisioning.definitions.flow import KEY_ATTRIBUTE
from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key, without


class TableHook(ResourceHook):
    """A table with a stream and point-in-time recovery.

    Source: Amazon DynamoDB API Reference, *CreateTable*, *UpdateTable*, *UpdateContinuousBackups*.
    """

    service = "dynamodb"
    kind = "DynamoDB table"
    name_field = "TableName"
    absent_codes = frozenset({"ResourceNotFoundException"})
    taken_codes = frozenset({"ResourceInUseException"})
    ready_waiter = "table_active"
    gone_waiter = "table_gone"

    def describe(self, name: str) -> Found:
        table = self.conn.describe_table(TableName=name)["Table"]
        return Found(
            name=name,
            arn=table["TableArn"],
            tags=tags_by_key(self.conn.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
            description={
                **table,
                "BillingMode": table.get("BillingModeSummary", {}).get("BillingMode"),
                "SSESpecification": _encryption(table.get("SSEDescription", {})),
            },
            identifiers={"stream_arn": table.get("LatestStreamArn", "")},
        )

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_table(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """A stream's view type cannot be changed: the stream is switched off and a new one, with a new ARN, on."""
        changes = drift(without(definition, "Tags", "StreamSpecification", "SSESpecification"), found.description)
        if changes:
            changeable = ("BillingMode", "DeletionProtectionEnabled")
            self.conn.update_table(TableName=found.name, **{name: definition[name] for name in changeable})
            self.wait_until_ready(found.name)
        if found.description["SSESpecification"] != definition["SSESpecification"]:
            self.conn.update_table(TableName=found.name, SSESpecification=definition["SSESpecification"])
            self.wait_until_ready(found.name)
            changes.append("SSESpecification")
        if self.stream_differs(found, definition):
            self._replace_stream(found, definition)
            changes.append("StreamSpecification")
        if self._ensure_recovery(found.name):
            changes.append("PointInTimeRecovery")
        return changes

    @staticmethod
    def stream_differs(found: Found, definition: Mapping[str, Any]) -> bool:
        return bool(drift(definition["StreamSpecification"], found.description.get("StreamSpecification", {})))

    def _replace_stream(self, found: Found, definition: Mapping[str, Any]) -> None:
        if found.description.get("StreamSpecification", {}).get("StreamEnabled"):
            self.conn.update_table(TableName=found.name, StreamSpecification={"StreamEnabled": False})
            self.wait_until_ready(found.name)
        self.conn.update_table(TableName=found.name, StreamSpecification=definition["StreamSpecification"])

    def _ensure_recovery(self, name: str) -> bool:
        """Switch point-in-time recovery on; returns whether it was off."""
        backups = self.conn.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED":
            return False
        self.conn.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        return True

    def delete(self, found: Found) -> None:
        if found.description.get("DeletionProtectionEnabled"):
            self.conn.update_table(TableName=found.name, DeletionProtectionEnabled=False)
            self.wait_until_ready(found.name)
        self.conn.delete_table(TableName=found.name)

    def put_probe_orders(self, table: str, order_ids: Iterable[str]) -> None:
        """Write orders that mean nothing, one stream record each (an item that is there already would emit none)."""
        values = {"product_name": {"S": "probe"}, "quantity": {"N": "1"}, "price": {"N": "0.01"}}
        for order_id in order_ids:
            self.conn.put_item(TableName=table, Item={KEY_ATTRIBUTE: {"S": order_id}, **values})

    def delete_orders(self, table: str, order_ids: Iterable[str]) -> None:
        for order_id in order_ids:
            self.conn.delete_item(TableName=table, Key={KEY_ATTRIBUTE: {"S": order_id}})


def _encryption(described: Mapping[str, Any]) -> dict[str, Any]:
    """The specification that a table's description answers to: of DynamoDB's own key, there is none."""
    if described.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
        return {"Enabled": False}
    return {"Enabled": True, "SSEType": described.get("SSEType"), "KMSMasterKeyId": described.get("KMSMasterKeyArn")}

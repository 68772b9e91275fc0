"""Provision the DynamoDB table of orders, and write probe orders to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key, without


class TableHook(ResourceHook):
    """Provision a table with a stream and point-in-time recovery.

    Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html
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
        """Update the table.

        DynamoDB cannot change a stream's view type: the update disables the stream and enables a new one, with a new ARN.
        """
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
        """Enable point-in-time recovery; return whether it was off."""
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

    def put_probe_orders(self, table: str, probes: Iterable[str]) -> None:
        """Write probe orders; each makes one stream record.

        Probes have to be new: writing an item that is there already makes no record.
        """
        values = {field.name: _probe_value(field.type) for field in declared_contract().fields}
        for probe in probes:
            self.conn.put_item(TableName=table, Item={**KEYS.of_probe(probe), **values})

    def delete_probe_orders(self, table: str, probes: Iterable[str]) -> None:
        for probe in probes:
            self.conn.delete_item(TableName=table, Key=KEYS.of_probe(probe))


def _probe_value(kind: str) -> dict[str, Any]:
    """Return a value of a field's type, so that a first crawl finds the type."""
    if kind.startswith("decimal"):
        precision, scale = map(int, kind[len("decimal(") : -1].split(","))
        return {"N": "0.01" if scale > 1 else "1" if precision > scale else "0.1"}
    values: dict[str, dict[str, Any]] = {
        "string": {"S": "probe"}, "bigint": {"N": "1"}, "double": {"N": "0.01"}, "boolean": {"BOOL": True},
        "timestamp": {"S": "2000-01-01T00:00:00Z"}, "json": {"M": {}},
    }  # fmt: skip
    return values[kind]


def _encryption(described: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a table's description of its encryption into a specification.

    DynamoDB describes no encryption for a table under its own key.
    """
    if described.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
        return {"Enabled": False}
    return {"Enabled": True, "SSEType": described.get("SSEType"), "KMSMasterKeyId": described.get("KMSMasterKeyArn")}

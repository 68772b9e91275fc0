"""Provision the Glue database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.glue_resource import GlueHook
from sales_cdc.provisioning.resources.resource import Found


class DatabaseHook(GlueHook):
    """Provision a Glue database; its parameters hold the deployment's tags."""

    kind = "Glue database"
    tags_are_late = False

    def name_of(self, definition: Mapping[str, Any]) -> str:
        return str(definition["DatabaseInput"]["Name"])

    def describe(self, name: str) -> Found:
        database = self.conn.get_database(Name=name)["Database"]
        return Found(name, self._arn(f"database/{name}"), database.get("Parameters", {}), database)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_database(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = drift(definition["DatabaseInput"], found.description)
        if changes:
            self.conn.update_database(Name=found.name, DatabaseInput=definition["DatabaseInput"])
        return changes

    def delete(self, found: Found) -> None:
        """Delete the database; Glue deletes its tables and views later."""
        self.conn.delete_database(Name=found.name)

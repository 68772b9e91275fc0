"""Provision the Glue crawler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.glue_resource import GlueHook
from sales_cdc.provisioning.resources.resource import Found, without


class CrawlerHook(GlueHook):
    """Provision a crawler.

    Glue updates and deletes a crawler only while it is idle: both wait for that.
    """

    kind = "Glue crawler"
    ready_waiter = "crawler_ready"

    def describe(self, name: str) -> Found:
        crawler = self.conn.get_crawler(Name=name)["Crawler"]
        arn = self._arn(f"crawler/{name}")
        return Found(name, arn, self._tags(arn), crawler)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_crawler(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Update the crawler; Glue returns its role as a name or as an ARN, so that both count as equal."""
        role = definition["Role"]
        shown = {
            "CrawlerSecurityConfiguration": "",
            **found.description,
            "Role": role if role.endswith(found.description["Role"]) else None,
        }
        wanted = {"CrawlerSecurityConfiguration": "", **without(definition, "Tags")}
        changes = drift(wanted, shown)
        if changes:
            self.conn.update_crawler(**wanted)
        return changes

    def delete(self, found: Found) -> None:
        if found.description["State"] == "RUNNING":
            self.conn.stop_crawler(Name=found.name)
        self.wait_until_ready(found.name)
        self.conn.delete_crawler(Name=found.name)

"""Provision the Glue job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.glue_resource import GlueHook
from sales_cdc.provisioning.resources.resource import Found, without


class JobHook(GlueHook):
    """Provision a Spark job; a run in progress ends by itself when the job is deleted."""

    kind = "Glue job"

    def describe(self, name: str) -> Found:
        job = self.conn.get_job(JobName=name)["Job"]
        arn = self._arn(f"job/{name}")
        return Found(name, arn, self._tags(arn), job)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_job(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        wanted = without(definition, "Name", "Tags")
        shown = {**found.description, "SecurityConfiguration": found.description.get("SecurityConfiguration") or None}
        changes = drift({"SecurityConfiguration": None, **wanted}, shown)
        if changes:
            self.conn.update_job(JobName=found.name, JobUpdate=wanted)
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_job(JobName=found.name)

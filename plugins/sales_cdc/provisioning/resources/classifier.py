"""Provision the Glue classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.glue_resource import GlueHook
from sales_cdc.provisioning.resources.resource import Found


class ClassifierHook(GlueHook):
    """Provision a JSON classifier.

    A classifier carries no tags: it is ours when it has the pipeline's path.
    """

    kind = "Glue classifier"

    def name_of(self, definition: Mapping[str, Any]) -> str:
        return str(definition["JsonClassifier"]["Name"])

    def describe(self, name: str) -> Found:
        classifier = self.conn.get_classifier(Name=name)["Classifier"]
        return Found(name, self._arn(f"classifier/{name}"), {}, classifier.get("JsonClassifier", {}))

    def is_ours(self, found: Found, tags: Mapping[str, str]) -> bool:
        return bool(found.description.get("JsonPath") == Topology.ORDERS_JSON_PATH)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_classifier(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Change nothing: a classifier has only a name and a path, and with another path it is not ours."""
        return drift(definition["JsonClassifier"], found.description)

    def delete(self, found: Found) -> None:
        self.conn.delete_classifier(Name=found.name)

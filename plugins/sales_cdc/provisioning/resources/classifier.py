"""Provision the Glue classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.contract.declared import declared_contract
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.glue_resource import GlueHook
from sales_cdc.provisioning.resources.resource import Found


class ClassifierHook(GlueHook):
    """Provision a JSON classifier.

    A classifier carries no tags: it is ours when its path begins with the contract's key and ends as the pipeline's do.
    """

    kind = "Glue classifier"
    tags_are_late = False

    def name_of(self, definition: Mapping[str, Any]) -> str:
        return str(definition["JsonClassifier"]["Name"])

    def describe(self, name: str) -> Found:
        classifier = self.conn.get_classifier(Name=name)["Classifier"]
        return Found(name, self._arn(f"classifier/{name}"), {}, classifier.get("JsonClassifier", {}))

    def is_ours(self, found: Found, tags: Mapping[str, str]) -> bool:
        path, ours = str(found.description.get("JsonPath", "")).split(","), Topology.CLASSIFIER_PATH.split(",")
        parts = len(declared_contract().key)
        return (path[:parts], path[-2:]) == (ours[:parts], ours[-2:])

    def must_be_replaced(self, found: Found, definition: Mapping[str, Any]) -> bool:
        """Return whether its path is another: the contract has got a field."""
        return bool(drift(definition["JsonClassifier"], found.description))

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_classifier(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Change nothing: a classifier has only a name and a path, and with another path it is replaced."""
        return []

    def delete(self, found: Found) -> None:
        self.conn.delete_classifier(Name=found.name)

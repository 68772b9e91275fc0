"""Provision the Glue security configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.glue_resource import GlueHook
from sales_cdc.provisioning.resources.resource import Found


class SecurityConfigurationHook(GlueHook):
    """Provision the encryption of crawler and job.

    A security configuration carries no tags: it is ours when one key encrypts everything in it.
    """

    kind = "Glue security configuration"
    tags_are_late = False

    def describe(self, name: str) -> Found:
        found = self.conn.get_security_configuration(Name=name)["SecurityConfiguration"]
        return Found(name, self._arn(f"securityConfiguration/{name}"), {}, found)

    def is_ours(self, found: Found, tags: Mapping[str, str]) -> bool:
        encryption = found.description["EncryptionConfiguration"]
        objects, logs = encryption.get("S3Encryption", []), encryption.get("CloudWatchEncryption", {})
        keys = {each.get("KmsKeyArn") for each in [*objects, logs]}
        return len(objects) == 1 and len(keys) == 1 and None not in keys

    def must_be_replaced(self, found: Found, definition: Mapping[str, Any]) -> bool:
        return bool(drift(definition, found.description))

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_security_configuration(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Return what differs; Glue cannot update a security configuration, only replace it."""
        return drift(definition, found.description)

    def delete(self, found: Found) -> None:
        self.conn.delete_security_configuration(Name=found.name)

"""Provision the IAM role of a service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key, without

POLICY_NAME = "permissions"


class RoleHook(ResourceHook):
    """Provision a role whose only permissions are one inline policy.

    Sources: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html,
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    """

    service = "iam"
    kind = "IAM role"
    name_field = "RoleName"
    absent_codes = frozenset({"NoSuchEntity"})
    taken_codes = frozenset({"EntityAlreadyExists"})

    def describe(self, name: str) -> Found:
        role = self.conn.get_role(RoleName=name)["Role"]
        return Found(
            name=name,
            arn=role["Arn"],
            tags=tags_by_key(role.get("Tags", [])),
            description={**role, "Permissions": self._permissions(name)},
        )

    def _permissions(self, name: str) -> dict[str, Any]:
        try:
            document: dict[str, Any] = self.conn.get_role_policy(RoleName=name, PolicyName=POLICY_NAME)[
                "PolicyDocument"
            ]
        except self.conn.exceptions.NoSuchEntityException:
            return {}
        return document

    def create(self, definition: Mapping[str, Any]) -> None:
        trust = json.dumps(definition["AssumeRolePolicyDocument"])
        self.conn.create_role(**{**without(definition, "Permissions"), "AssumeRolePolicyDocument": trust})

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Update the role; compare whole documents, so that an added statement counts as drift too."""
        changes = drift({"Description": definition["Description"]}, found.description)
        if changes:
            self.conn.update_role(RoleName=found.name, Description=definition["Description"])
        if found.description["AssumeRolePolicyDocument"] != definition["AssumeRolePolicyDocument"]:
            trust = json.dumps(definition["AssumeRolePolicyDocument"])
            self.conn.update_assume_role_policy(RoleName=found.name, PolicyDocument=trust)
            changes.append("AssumeRolePolicyDocument")
        if found.description["Permissions"] != definition["Permissions"]:
            document = json.dumps(definition["Permissions"])
            self.conn.put_role_policy(RoleName=found.name, PolicyName=POLICY_NAME, PolicyDocument=document)
            changes.append("Permissions")
        return changes

    def delete(self, found: Found) -> None:
        for policy in self.conn.list_role_policies(RoleName=found.name)["PolicyNames"]:
            self.conn.delete_role_policy(RoleName=found.name, PolicyName=policy)
        for attached in self.conn.list_attached_role_policies(RoleName=found.name)["AttachedPolicies"]:
            self.conn.detach_role_policy(RoleName=found.name, PolicyArn=attached["PolicyArn"])
        self.conn.delete_role(RoleName=found.name)

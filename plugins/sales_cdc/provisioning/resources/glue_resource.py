"""Glue: database, classifier, crawler and job. Source: AWS Glue Web API Reference."""

from __future__ import annotations

from abc import abstractmethod

from sales_cdc.provisioning.resources.resource import Found, ResourceHook


class GlueHook(ResourceHook):
    """What Glue's resources share: their errors and the shape of their ARNs."""

    service = "glue"
    name_field = "Name"
    absent_codes = frozenset({"EntityNotFoundException"})
    taken_codes = frozenset({"AlreadyExistsException", "IdempotentParameterMismatchException"})

    def _arn(self, path: str) -> str:
        return f"arn:{self.conn_partition}:glue:{self.conn_region_name}:{self.account_id}:{path}"

    def _tags(self, arn: str) -> dict[str, str]:
        tags: dict[str, str] = self.conn.get_tags(ResourceArn=arn).get("Tags", {})
        return tags

    @abstractmethod
    def describe(self, name: str) -> Found: ...

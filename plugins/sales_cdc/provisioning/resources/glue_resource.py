"""Hold what the hooks of Glue's resources share.

Source: https://docs.aws.amazon.com/glue/latest/webapi/web-api.html
"""

from __future__ import annotations

from abc import abstractmethod

from sales_cdc.provisioning.resources.resource import Found, ResourceHook


class GlueHook(ResourceHook):
    """Hold the error codes, ARNs and tags of Glue's resources."""

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

"""Provision the Lambda function, the transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, without


class FunctionHook(ResourceHook):
    """Provision a function whose code is a zip on S3.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    """

    service = "lambda"
    kind = "Lambda function"
    name_field = "FunctionName"
    absent_codes = frozenset({"ResourceNotFoundException"})
    taken_codes = frozenset({"ResourceConflictException"})
    ready_waiter = "function_ready"

    def describe(self, name: str) -> Found:
        function = self.conn.get_function(FunctionName=name)
        configuration = function["Configuration"]
        return Found(name, configuration["FunctionArn"], self._tags(function), configuration)

    def _tags(self, function: Mapping[str, Any]) -> dict[str, str]:
        """Return the function's tags; raise when the caller may not read them.

        ``GetFunction`` leaves them out for a caller without ``lambda:ListTags``, as for a function that has none. ``ListTags`` then
        tells the two apart.
        Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html#lambda-GetFunction-response-Tags
        """
        answer: dict[str, Any] = dict(function)
        if not answer.get("Tags") or answer.get("TagsError"):
            answer = self.conn.list_tags(Resource=function["Configuration"]["FunctionArn"])
        tags: dict[str, str] = answer.get("Tags", {})
        return tags

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_function(**without(definition, "CodeSha256"))

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Update the code before the configuration, which may need the new code."""
        code = drift({name: definition[name] for name in ("CodeSha256", "Architectures")}, found.description)
        if code:
            self.conn.update_function_code(
                FunctionName=found.name, Architectures=definition["Architectures"], **definition["Code"]
            )
            self.wait_until_ready(found.name)
        configuration = {"KMSKeyArn": "", **without(definition, "Code", "CodeSha256", "Architectures", "Tags")}
        changes = drift(configuration, {"KMSKeyArn": "", **found.description})
        if changes:
            self.conn.update_function_configuration(**configuration)
        return code + changes

    def delete(self, found: Found) -> None:
        self.conn.delete_function(FunctionName=found.name)

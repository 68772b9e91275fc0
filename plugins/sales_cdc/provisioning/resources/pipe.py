"""Provision the pipe from the table's stream to Kinesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, without

STREAM = "DynamoDBStreamParameters"


class PipeHook(ResourceHook):
    """Provision a pipe from a DynamoDB stream.

    Sources: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html,
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_UpdatePipe.html
    """

    service = "pipes"
    kind = "EventBridge pipe"
    name_field = "Name"
    absent_codes = frozenset({"NotFoundException"})
    taken_codes = frozenset({"ConflictException"})
    ready_waiter = "pipe_running"
    gone_waiter = "pipe_gone"

    def describe(self, name: str) -> Found:
        pipe = self.conn.describe_pipe(Name=name)
        return Found(name, pipe["Arn"], pipe.get("Tags", {}), pipe)

    def must_be_replaced(self, found: Found, definition: Mapping[str, Any]) -> bool:
        """Return whether its source differs, which AWS cannot update, or its creation failed.

        The table's stream has a new ARN each time that it is enabled.
        """
        failed = found.description["CurrentState"] == "CREATE_FAILED"
        return failed or bool(found.description["Source"] != definition["Source"])

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_pipe(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Update the pipe; send a failed pipe its definition again, which starts it."""
        changes = drift(without(definition, "Tags"), found.description)
        if found.description["CurrentState"].endswith("_FAILED"):
            changes.append("CurrentState")
        if changes:
            parameters = without(definition["SourceParameters"][STREAM], "StartingPosition")
            self.conn.update_pipe(**{**without(definition, "Tags", "Source"), "SourceParameters": {STREAM: parameters}})
        return changes

    def stop(self, name: str) -> None:
        """Stop the running pipe, and wait until it has stopped; an update that wants it running starts it again."""
        self.conn.stop_pipe(Name=name)
        self.get_waiter("pipe_stopped").wait(Name=name)

    def delete(self, found: Found) -> None:
        self.conn.delete_pipe(Name=found.name)

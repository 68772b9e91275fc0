"""Ask a resource's hook what it would change, without a write reaching AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse

from sales_cdc.provisioning.resources.resource import Found, ResourceHook

READS = ("Describe", "Get", "Head", "List", "Simulate")
"""How the names of operations begin that change nothing."""

NOT_UPDATABLE = "what AWS cannot update in place"


@contextmanager
def writes_withheld(client: Any) -> Iterator[list[str]]:
    """Answer every write of the client with an empty success, unsent; yield the names of the operations, as they come.

    Example::

        with writes_withheld(boto3.client("sqs")) as withheld:
            ...
    """
    withheld: list[str] = []

    def answer(model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        if model.name.startswith(READS):
            return None
        withheld.append(model.name)
        return AWSResponse("", 200, {}, None), {}

    client.meta.events.register_first("before-call", answer)
    try:
        yield withheld
    finally:
        client.meta.events.unregister("before-call", answer)


def differences(hook: ResourceHook, found: Found, definition: Mapping[str, Any]) -> list[str]:
    """Return the paths at which a resource differs from its definition, as the hook's own update finds them."""
    with writes_withheld(hook.conn):
        if hook.must_be_replaced(found, definition):
            return [NOT_UPDATABLE]
        return hook.update(found, definition)

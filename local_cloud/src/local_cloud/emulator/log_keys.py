"""The KMS key of a log group, given and taken away after it was made: MiniStack takes one at its creation only. It encrypts nothing.

Source: Amazon CloudWatch Logs API Reference, *AssociateKmsKey*, *DisassociateKmsKey*.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

Handler = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]
ACTIONS = frozenset({"AssociateKmsKey", "DisassociateKmsKey"})


def with_keys(logs: Any, handler: Handler) -> Handler:
    """``handler`` of ``logs``, MiniStack's module, with the two actions added.

    Raises:
        RuntimeError: MiniStack keeps its log groups elsewhere now.
    """
    if not hasattr(logs, "_log_groups"):
        raise RuntimeError("MiniStack's log groups moved: log_keys.py was written for version 1.5.33.")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        if headers.get("x-amz-target", "").rpartition(".")[2] not in ACTIONS:
            return await handler(method, path, headers, body, query)
        asked = json.loads(body)
        group = logs._log_groups.get(asked.get("logGroupName", ""))
        if group is None:
            return logs.error_response_json("ResourceNotFoundException", "The specified log group does not exist.", 400)
        group["kmsKeyId"] = asked.get("kmsKeyId")
        return logs.json_response({})

    return handle

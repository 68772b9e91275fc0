"""AssociateKmsKey and DisassociateKmsKey of log groups, which MiniStack lacks. The key is kept; nothing is encrypted.

Sources: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html and
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DisassociateKmsKey.html
"""

from __future__ import annotations

import json
from typing import Any

from local_cloud.emulator.seams import require
from local_cloud.wire import Handler

ACTIONS = frozenset({"AssociateKmsKey", "DisassociateKmsKey"})


def add_key_actions(logs: Any, handler: Handler) -> Handler:
    """Return the handler with the two actions added; ``logs`` is ``ministack.services.cloudwatch_logs``.

    Raises:
        SeamMovedError: MiniStack keeps its log groups elsewhere now.
    """
    require(logs, "_log_groups", "error_response_json", "json_response")

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

"""Hide a function's tags from callers of GetFunction who may not list them.

Source: botocore's documentation of GetFunctionResponse: "Lambda returns tag data only if you have explicit allow permissions for
lambda:ListTags"; ``TagsError`` then says why. https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from local_cloud.emulator.seams import require
from local_cloud.wire import Answer, Handler, json_object

_GET_FUNCTION = re.compile(r"/[\d-]+/functions/[^/]+/?")


def hide_tags(handler: Handler, emulator: Any) -> Handler:
    """Return Lambda's handler; its GetFunction has ``TagsError`` instead of ``Tags`` without ``lambda:ListTags``.

    Args:
        handler: Lambda's handler.
        emulator: ``ministack.app``.

    Raises:
        SeamMovedError: MiniStack has no such check any more.
    """
    require(emulator, "_enforce_data_plane")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        status, answer_headers, answer = await handler(method, path, headers, body, query)
        document = json_object(answer) if method == "GET" and status == 200 and _GET_FUNCTION.fullmatch(path) else {}
        if "Tags" not in document:
            return status, answer_headers, answer
        function = re.sub(r"(:function:[^:]+):.*", r"\1", document["Configuration"]["FunctionArn"])
        denial = emulator._enforce_data_plane(
            "lambda",
            "lambda:ListTags",
            headers,
            query,
            str(uuid.uuid4()),
            resource_arn=function,
            named_resource=function,
        )
        if denial is None:
            return status, answer_headers, answer
        del document["Tags"]
        reason = json_object(denial[2])
        message = reason.get("message") or reason.get("Message") or "Access denied."
        document["TagsError"] = {"ErrorCode": "AccessDeniedException", "Message": message}
        kept = {name: value for name, value in answer_headers.items() if name.lower() != "content-length"}
        return status, kept, json.dumps(document).encode()

    return handle

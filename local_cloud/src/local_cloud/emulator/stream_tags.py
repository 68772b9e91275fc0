"""Keep the tags that CreateStream gives a Kinesis stream, which MiniStack drops.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html (Tags)
"""

from __future__ import annotations

import json
from typing import Any

from local_cloud.wire import Answer, Handler, json_object


def tag_new_streams(handler: Handler) -> Handler:
    """Return Kinesis's handler; a stream that was made with tags has them."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        answered = await handler(method, path, headers, body, query)
        target, _, action = headers.get("x-amz-target", "").rpartition(".")
        if action == "CreateStream" and answered[0] == 200 and (tags := json_object(body).get("Tags")):
            tagging = json.dumps({"StreamName": json_object(body)["StreamName"], "Tags": tags}).encode()
            await handler(method, path, {**headers, "x-amz-target": f"{target}.AddTagsToStream"}, tagging, query)
        return answered

    return handle

"""Leave out of GetTables what its caller may not see, as AWS does instead of refusing the call.

Source: https://docs.aws.amazon.com/glue/latest/dg/security_iam_id-based-policy-examples.html (Filter tables by GetTables permission:
"the result contains only the two authorized tables").
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from local_cloud.emulator.callers import region_and_account
from local_cloud.emulator.seams import require
from local_cloud.wire import Answer, Handler, json_object


def filter_tables(handler: Handler, emulator: Any) -> Handler:
    """Return Glue's handler; its GetTables has only the tables on which the caller has ``glue:GetTables``.

    Args:
        handler: Glue's handler.
        emulator: ``ministack.app``.

    Raises:
        SeamMovedError: MiniStack has no such check any more.
    """
    require(emulator, "_enforce_data_plane")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        answered = await handler(method, path, headers, body, query)
        if not headers.get("x-amz-target", "").endswith(".GetTables") or answered[0] != 200:
            return answered
        document = json_object(answered[2])
        start = (
            f"arn:aws:glue:{':'.join(region_and_account())}:table/{str(json_object(body).get('DatabaseName')).lower()}"
        )

        def is_seen(table: dict[str, Any]) -> bool:
            denial = emulator._enforce_data_plane(
                "glue", "glue:GetTables", headers, query, str(uuid.uuid4()), resource_arn=f"{start}/{table['Name']}"
            )
            return denial is None

        document["TableList"] = [table for table in document.get("TableList", []) if is_seen(table)]
        kept = {name: value for name, value in answered[1].items() if name.lower() != "content-length"}
        return 200, kept, json.dumps(document).encode()

    return handle

"""Which work group each Athena query was started in: a call that names a query is checked against its work group.

Source: *Actions, resources, and condition keys for Amazon Athena*. Queries of before a restart are not known any more: calls on
them are checked against ``*``.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

Handler = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]
MOST_QUERIES = 50_000
DEFAULT_WORK_GROUP = "primary"


class QueryWorkGroups:
    """The work groups of the latest queries, by query id."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, str] = OrderedDict()

    def __call__(self, query_execution_id: str) -> str | None:
        return self._of.get(query_execution_id)

    def around(self, athena: Handler) -> Handler:
        """``athena``, whose started queries are remembered."""

        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
            answer = await athena(method, path, headers, body, query)
            if headers.get("x-amz-target", "").endswith(".StartQueryExecution") and answer[0] == 200:
                self._of[json.loads(answer[2])["QueryExecutionId"]] = (
                    json.loads(body).get("WorkGroup") or DEFAULT_WORK_GROUP
                )
                if len(self._of) > MOST_QUERIES:
                    self._of.popitem(last=False)
            return answer

        return handle

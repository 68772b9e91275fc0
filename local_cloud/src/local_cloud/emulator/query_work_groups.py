"""The work group in which each Athena query was started: a call that names a query is checked against it.

Queries from before a restart are not known: calls on them are checked against ``*``. Source:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html
"""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from local_cloud.wire import Handler

MAX_QUERIES = 50_000
DEFAULT_WORK_GROUP = "primary"


class QueryWorkGroups:
    """Remember the work groups of the latest queries, by query id."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, str] = OrderedDict()

    def __call__(self, query_execution_id: str) -> str | None:
        """Return the query's work group; None when the query is not known."""
        return self._of.get(query_execution_id)

    def around(self, athena: Handler) -> Handler:
        """Return Athena's handler; it remembers the work group of every query that is started."""

        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
            answer = await athena(method, path, headers, body, query)
            if headers.get("x-amz-target", "").endswith(".StartQueryExecution") and answer[0] == 200:
                self._of[json.loads(answer[2])["QueryExecutionId"]] = (
                    json.loads(body).get("WorkGroup") or DEFAULT_WORK_GROUP
                )
                if len(self._of) > MAX_QUERIES:
                    self._of.popitem(last=False)
            return answer

        return handle

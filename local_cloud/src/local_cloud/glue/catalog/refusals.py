"""The types of the catalog's actions, and a refusal of MiniStack's that is handed on."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from local_cloud.wire import Json

Ask = Callable[[str, Json], Awaitable[Json]]
Action = Callable[[Json, Ask], Awaitable[Json]]


class RefusedError(Exception):
    """MiniStack's own error, to be handed on as it is."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(body)
        self.answer = status, headers, body

    @property
    def detail(self) -> Json:
        """Return the error as a batch's answer lists it."""
        problem = json.loads(self.answer[2])
        return {"ErrorCode": problem.get("__type", ""), "ErrorMessage": problem.get("message", "")}

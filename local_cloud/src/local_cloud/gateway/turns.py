"""Requests for items and records take turns: between two of them every other call gets its answer.

Their handlers compute for some milliseconds without a pause, and the event loop would run all that wait one after the
other: a call of a control plane then waits for a whole crowd.
"""

from __future__ import annotations

import asyncio
from typing import Any

from local_cloud.wire import Answer, Handler


class Turns:
    """Handlers of which one runs in a pass of the event loop, first come, first served.

    A handler that asks for another turn before it has answered would wait for ever.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    def around(self, handler: Handler) -> Handler:
        """The same handler, in its turn."""

        async def handle(*request: Any) -> Answer:
            await self._turn.acquire()
            try:
                return await handler(*request)
            finally:
                asyncio.get_running_loop().call_soon(self._turn.release)  # not before the loop has looked around

        return handle

"""Let requests for items and records take turns, with control calls answered between them.

Their handlers compute for some milliseconds without a pause. Without turns the event loop would run all waiting ones before
it answers a control call.
"""

from __future__ import annotations

import asyncio
from typing import Any

from local_cloud.wire import Answer, Handler


class Turns:
    """Run one of several handlers in a pass of the event loop, in the order of their requests.

    A handler must not wait for another turn before it has answered: it would wait for ever.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    def around(self, handler: Handler) -> Handler:
        """Return the handler so that it waits for its turn."""

        async def handle(*request: Any) -> Answer:
            await self._turn.acquire()
            try:
                return await handler(*request)
            finally:
                asyncio.get_running_loop().call_soon(self._turn.release)  # the loop runs other tasks first

        return handle

"""The HTTP server of the gateway: uvicorn with parser and event loop in C."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
import uvloop

App = Callable[..., Awaitable[None]]
IDLE_SECONDS = 75
GRACE_SECONDS = 3

new_event_loop = uvloop.new_event_loop


class HttpServer(uvicorn.Server):
    """Serve one application until ``should_exit`` is set; signals do not end it."""

    def __init__(self, app: App, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                http="httptools",
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._address = (host, port)

    async def run_until_exit(self) -> None:
        """Serve until ``should_exit``.

        Raises:
            OSError: the port is taken, or the host is no address of this machine.
        """
        with socket.create_server(self._address, backlog=2048) as listener:
            await self.serve([listener])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[Any]:
        """Leave signals to the gateway."""
        yield

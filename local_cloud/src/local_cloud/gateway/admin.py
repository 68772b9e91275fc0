"""The local cloud's own endpoint, beside AWS's: ``/_local_cloud/…`` on the same port."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from local_cloud.gateway.faults import FaultPlan, Faults

App = Callable[..., Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
PREFIX = "/_local_cloud/"


class Admin:
    """Answer the admin paths and leave all others to MiniStack; an ASGI application.

    A page in a browser could send requests to loopback too. Requests with an origin, or with a host name that has a dot (as
    every public name has), are therefore refused.
    """

    def __init__(self, emulator: App, faults: Faults, services_pid: Callable[[], int | None]) -> None:
        self._emulator, self._faults, self._services_pid = emulator, faults, services_pid

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: App) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._emulator(scope, receive, send)
            return
        status, document = self._answer(scope, await _body(receive))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document).encode() + b"\n"})

    def _answer(self, scope: dict[str, Any], body: bytes) -> tuple[int, Any]:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        host = headers.get("host", "").rpartition(":")[0]
        if "origin" in headers or ("." in host and host != "127.0.0.1"):
            return 403, {"message": "This endpoint is for programs on this machine, not for pages in a browser."}
        match scope["method"], scope["path"].removeprefix(PREFIX):
            case "GET", "faults":
                return 200, self._faults.describe()
            case "PUT", "faults":
                return self._set(body)
            case "DELETE", "faults":
                self._faults.set(FaultPlan())
                return 200, self._faults.describe()
            case "POST", "crash":
                return self._crash()
        return 404, {"message": "Known here: GET, PUT and DELETE /_local_cloud/faults; POST /_local_cloud/crash."}

    def _set(self, body: bytes) -> tuple[int, Any]:
        try:
            self._faults.set(FaultPlan.parse(json.loads(body)))
        except ValueError as error:
            return 400, {"message": f"The faults were left as they were: {error}."}
        return 200, self._faults.describe()

    def _crash(self) -> tuple[int, Any]:
        pid = self._services_pid()
        try:
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                return 200, {"killed": pid}
        except ProcessLookupError:
            pass  # it has already ended
        return 409, {"message": "The services process is not running just now; it is being started: ask again."}


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body

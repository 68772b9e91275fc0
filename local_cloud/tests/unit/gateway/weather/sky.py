"""A weather with a clock of its own, over handlers that answer what a test tells them."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from ministack.core import iam_actions

from local_cloud.emulator.permission_checks import with_resources
from local_cloud.emulator.requests import Requests
from local_cloud.gateway.faults import FaultPlan, Faults
from local_cloud.gateway.weather.weather import Weather
from local_cloud.wire import Answer

SECONDS = 20.0


def routing_params(_method: str, _path: str, headers: Any, body: bytes, query: Any) -> Any:
    """Read the parameters as MiniStack does: of the query, else of a form in the body."""
    from ministack import app

    return app._routing_params(_method, _path, headers, body, query)


REQUESTS = Requests(
    SimpleNamespace(_routing_params=routing_params),
    SimpleNamespace(
        extract_iam_action=iam_actions.extract_iam_action,
        extract_resource_arn=with_resources(iam_actions.extract_resource_arn, lambda _: None),
    ),
)


class Sky:
    """Send requests through the weather; ``answers`` has what the service says, by operation."""

    def __init__(self, seed: int = 1, seconds: float = SECONDS) -> None:
        self.faults, self.time = Faults(), 1000.0
        self.faults.set(FaultPlan.parse({"seed": seed, "eventual_consistency": seconds}))
        self.weather = Weather(self.faults, REQUESTS, lambda: self.time)
        self.answers: dict[str, Any] = {}
        self.reached: list[str] = []

    def wait(self, seconds: float = SECONDS) -> None:
        self.time += seconds

    def call(self, service: str, operation: str, /, **body: Any) -> tuple[int, Any]:
        """Send a request of a JSON protocol; the status, and the answer's document."""
        return self.send(service, "POST", "/", operation, json.dumps(body).encode())

    def form(self, service: str, operation: str, /, **parameters: str) -> tuple[int, Any]:
        """Send a request of a query protocol."""
        body = urlencode({"Action": operation, **parameters}).encode()
        return self.send(service, "POST", "/", operation, body, {"content-type": "application/x-www-form-urlencoded"})

    def send(
        self, service: str, method: str, path: str, operation: str = "", body: bytes = b"{}", headers: Any = None,
        **query: str,
    ) -> tuple[int, Any]:  # fmt: skip
        async def handler(_method: str, _path: str, sent: Any, _body: bytes, _query: Any) -> Answer:
            target = sent.get("x-amz-target", "").rpartition(".")[2] or operation or f"{method} {path}"
            self.reached.append(target)
            return 200, {"Content-Length": "9"}, json.dumps(self.answers.get(target, {})).encode()

        target = {"x-amz-target": f"Any.{operation}"} if path == "/" and headers is None else {}
        request = method, path, {**target, **(headers or {})}, body, query
        status, _, answer = asyncio.run(self.weather.around(service, handler)(*request))  # type: ignore[arg-type]
        try:
            return status, json.loads(answer or b"{}")
        except ValueError:
            return status, answer.decode()

"""Middlewares wrap MiniStack's handlers in the order of their list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local_cloud.emulator.exports import Exports
from local_cloud.emulator.modules import Modules
from local_cloud.emulator.persistence import Persistence
from local_cloud.emulator.query_work_groups import QueryWorkGroups
from local_cloud.emulator.requests import Requests
from local_cloud.emulator.seams import SeamMovedError
from local_cloud.gateway.faults import Faults
from local_cloud.gateway.middlewares import Middleware, Parts, install, middlewares
from local_cloud.gateway.traffic_metrics import TrafficMetrics
from local_cloud.gateway.weather.weather import Weather
from local_cloud.wire import Answer, Handler


def appending(name: str) -> Callable[[str, Handler], Handler]:
    """Return a layer that writes its name into the answer, after what is inside it."""

    def wrap(service: str, handler: Handler) -> Handler:
        async def handle(*request: object) -> Answer:
            status, headers, body = await handler(*request)
            return status, headers, body + f" {service}:{name}".encode()

        return handle

    return wrap


async def innermost(*_: object) -> Answer:
    return 200, {}, b"MiniStack"


def test_the_last_layer_is_the_outermost_and_a_layer_concerns_its_services_only() -> None:
    handlers: dict[str, Handler] = {"s3": innermost, "sqs": innermost}
    install([Middleware("one", ["s3", "sqs"], appending("one")), Middleware("two", ["s3"], appending("two"))], handlers)
    assert asyncio.run(cast(Any, handlers["s3"]()))[2] == b"MiniStack s3:one s3:two"
    assert asyncio.run(cast(Any, handlers["sqs"]()))[2] == b"MiniStack sqs:one"


def test_a_service_that_ministack_lacks_is_an_error() -> None:
    with pytest.raises(SeamMovedError, match="SERVICE_HANDLERS has no pipes"):
        install([Middleware("one", ["pipes"], appending("one"))], {})


@pytest.mark.parametrize("enforce_iam", [True, False])
def test_permissions_to_pass_roles_are_checked_only_when_policies_are_enforced(enforce_iam: bool) -> None:
    parts = Parts(
        cast(Persistence, SimpleNamespace(save_after=None)), QueryWorkGroups(), cast(Exports, None), faults := Faults(),
        Weather(faults, cast(Requests, None)), TrafficMetrics(), cast(Any, None),
    )  # fmt: skip
    layers = middlewares(cast(Modules, None), parts, enforce_iam=enforce_iam)
    (checking,) = [layer for layer in layers if layer.purpose == "check iam:PassRole"]
    assert bool(checking.services) == enforce_iam
    assert len({layer.purpose for layer in layers}) == len(layers)

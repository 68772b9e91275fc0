"""A Glue of a test's own, whose clients reach no service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.context import Context
from local_cloud.store import Store
from local_cloud.wire import JsonService, Request

REGION = "us-east-1"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    store = Store(tmp_path / "services.db")
    yield Context(CloudConfig(9, REGION, tmp_path, True), Clients("http://127.0.0.1:9", REGION), store)
    store.close()


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Calls an action of a service as the gateway does."""

    def call(service: JsonService, action: str, **params: Any) -> Any:
        headers = {"x-amz-target": f"AWSGlue.{action}"}
        response = service.handle(
            Request("glue", "POST", "/", headers, {}, json.dumps(params).encode(), REGION, "000000000000")
        )
        return json.loads(response.body)

    return call

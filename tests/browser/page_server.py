"""Serve the page on a free port, with canned answers and a user who is logged in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import uvicorn
from airflow.api_fastapi.core_api.security import get_user
from fastapi import FastAPI
from sales_cdc.deployment.settings import Settings
from sales_cdc.page import access
from sales_cdc.page.app import PREFIX, create_app
from sales_cdc.page.run_trigger import StartedRun

USER = SimpleNamespace(get_id=lambda: "vera", get_name=lambda: "Vera")
RUN_ID = "manual__2026-11-25T14:30:20+00:00"


def application(reader: Any, **changed: Any) -> FastAPI:
    """Return the page for a user with the right to read, mounted in the way Airflow mounts it."""
    settings = replace(Settings.from_environment({"SALES_CDC_TARGET": "local"}), **changed)
    page = create_app(settings, reader, started)
    page.dependency_overrides[get_user] = lambda: USER
    for right in (access.may_read, access.may_run_batch):
        page.dependency_overrides[right] = lambda: None
    outer = FastAPI()
    outer.mount(PREFIX, page)
    return outer


def started(dag_id: str, user: str, conf: Any = None, *, unpause: bool = False) -> StartedRun:
    """Start nothing, and answer as if a paused DAG were waiting unless it was unpaused."""
    return StartedRun(
        dag_id, RUN_ID, is_paused=dag_id == "sales_cdc_batch" and not unpause, link=f"/dags/{dag_id}/runs/{RUN_ID}"
    )


@contextmanager
def serving(reader: Any, **changed: Any) -> Iterator[str]:
    """Serve the page, with some settings changed, until the block ends, and return its address."""
    config = uvicorn.Config(application(reader, **changed), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    may = {name: lambda dag_id, user: True for name in ("can_run", "can_unpause")}
    with patch.multiple(access, **may):
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the page's server ended"
            assert time.monotonic() < deadline, "the page's server did not start within 20 s"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}{PREFIX}/"
        server.should_exit = True
        thread.join(timeout=10)

"""Clients of the page behind Airflow's own auth manager, with and without rights."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from fastapi.testclient import TestClient
from sales_cdc.deployment.settings import Settings
from sales_cdc.page.app import create_app
from sales_cdc.page.run_trigger import StartedRun

from tests.browser.canned import CannedReader

Client = Callable[..., TestClient]


@pytest.fixture(scope="session")
def auth_manager() -> Any:
    manager = create_auth_manager()
    manager.init()
    return manager


@pytest.fixture
def started() -> list[tuple[str, str, bool]]:
    """The runs that were started: the DAG, the user, and whether the DAG was unpaused."""
    return []


@pytest.fixture
def client(auth_manager: Any, started: list[tuple[str, str, bool]], monkeypatch: pytest.MonkeyPatch) -> Client:
    """Clients of the page by the user's role; None for a stranger."""
    # Both would query Airflow's database, which these tests do not need.
    monkeypatch.setattr("airflow.models.revoked_token.RevokedToken.is_revoked", lambda jti, session=None: False)
    monkeypatch.setattr("airflow.models.dag.DagModel.get_team_name", lambda dag_id, session=None: None)

    def start(dag_id: str, user: str, conf: Any = None, *, unpause: bool = False) -> StartedRun:
        started.append((dag_id, user, unpause))
        return StartedRun(dag_id, "manual__1", is_paused=False, link="/dags/x")

    def make(role: str | None = "admin", reader: Any = None, **kwargs: Any) -> TestClient:
        settings = Settings.from_environment({"SALES_CDC_TARGET": "local"})
        app = create_app(settings, reader or CannedReader(), kwargs.get("start", start))
        headers = {}
        if role is not None:
            user = SimpleAuthManagerUser(username=f"the {role}", role=None if role == "nobody" else role.upper())
            headers["Authorization"] = f"Bearer {auth_manager.generate_jwt(user)}"
        return TestClient(app, headers=headers)

    return make


@pytest.fixture
def user() -> SimpleNamespace:
    return SimpleNamespace(get_id=lambda: "vera", get_name=lambda: "Vera")

"""An Airflow session analyses each endpoint of the API once, and overrides and parameters work as before."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Security
from fastapi.dependencies import utils
from fastapi.security import SecurityScopes
from fastapi.testclient import TestClient

from tests import shipped


def bag() -> str:
    return "of the application"


def scopes_of(scopes: SecurityScopes) -> list[str]:
    return scopes.scopes


def nested(number: int, held: Annotated[str, Depends(bag)]) -> tuple[int, str]:
    return number, held


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.get("/read")
    def read(
        found: Annotated[Any, Depends(nested)], scopes: Annotated[Any, Security(scopes_of, scopes=["read"])]
    ) -> Any:
        return [*found, *scopes]

    @app.get("/write")
    def write(
        found: Annotated[Any, Depends(nested)], scopes: Annotated[Any, Security(scopes_of, scopes=["write"])]
    ) -> Any:
        return [*found, *scopes]

    return TestClient(app)


def test_each_request_is_answered_as_before_and_analysed_once(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysed = []
    analyse = utils.get_dependant

    def counted(**asked: Any) -> Any:
        analysed.append(asked)
        return analyse(**asked)

    monkeypatch.setattr(utils, "get_dependant", counted)
    shipped.load("include/scripts/airflow_session.py")._analyse_endpoints_once()
    for override in ("of the first task", "of the second task"):
        client.app.dependency_overrides[bag] = lambda override=override: override  # type: ignore[attr-defined]
        answers = [client.get(f"/{path}?number={number}").json() for path in ("read", "write") for number in (1, 2)]
        assert answers == [[1, override, "read"], [2, override, "read"], [1, override, "write"], [2, override, "write"]]
        known = len(analysed)
        client.get("/read?number=3")
        assert len(analysed) == known

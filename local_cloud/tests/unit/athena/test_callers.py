"""Callers: one set of clients for each, for as long as the credentials hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_cloud.athena.statement.callers import KEPT_CALLERS, Callers
from local_cloud.clients import Clients
from local_cloud.config import CloudConfig

CONFIG = CloudConfig(4566, "us-east-1", Path("unused"), enforce_iam=True)


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def keys(name: str, expires: float | None = None) -> dict[str, Any]:
    return {"aws_access_key_id": name, "aws_secret_access_key": "s", "aws_session_token": None, "expires": expires}


def callers(clock: Clock) -> Callers:
    return Callers(CONFIG, Clients(CONFIG.endpoint, CONFIG.region), clock)


def test_a_request_without_credentials_is_the_administrators() -> None:
    known = callers(Clock())
    assert known.of(None).is_administrator
    assert not known.of(keys("somebody")).is_administrator


def test_a_caller_keeps_its_clients_until_the_session_ends() -> None:
    clock = Clock()
    known = callers(clock)
    first = known.of(keys("role", expires=1060.0))
    assert known.of(keys("role", expires=1060.0)) is first
    clock.seconds = 1061.0
    assert known.of(keys("role", expires=1060.0)) is not first


def test_a_new_secret_is_a_new_caller() -> None:
    known = callers(Clock())
    assert known.of(keys("user")) is not known.of({**keys("user"), "aws_secret_access_key": "other"})


def test_the_least_recent_caller_is_forgotten() -> None:
    known = callers(Clock())
    first, second = known.of(keys("user-0")), known.of(keys("user-1"))
    for number in range(2, KEPT_CALLERS):
        known.of(keys(f"user-{number}"))
    assert known.of(keys("user-0")) is first
    known.of(keys("one-more"))
    assert known.of(keys("user-0")) is first
    assert known.of(keys("user-1")) is not second

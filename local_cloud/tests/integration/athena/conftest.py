"""Fixtures of Athena's tests."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.athena.client import Athena


@pytest.fixture
def athena(cloud: Any, prefix: str) -> Athena:
    return Athena(cloud, prefix)

"""Ask a local cloud for faults, and for none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3


@dataclass(frozen=True)
class Faults:
    """Set the plan of faults of the local cloud at an endpoint, and read what it did."""

    endpoint: str

    @contextmanager
    def of(self, **plan: Any) -> Iterator[None]:
        """Let the cloud have these faults within the block, and none after it."""
        assert self._ask("PUT", json.dumps(plan)).status == 200
        try:
            yield
        finally:
            assert self._ask("DELETE").status == 200

    def done(self) -> dict[str, int]:
        """Return how often each fault has struck since the plan was set."""
        counts: dict[str, int] = self._ask("GET").json()["done"]
        return counts

    def _ask(self, method: str, body: str | None = None) -> Any:
        return urllib3.request(method, f"{self.endpoint}/_local_cloud/faults", body=body, retries=False)

"""The local cloud's own endpoint for faults and crashes. AWS has none: there the hook says so."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30


class FaultsRefusedError(Exception):
    """The injector does not take the plan, or does not answer."""


class FaultInjector:
    """Faults at one endpoint; ``endpoint`` is absent (None) where there is no injector."""

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint

    @property
    def is_there(self) -> bool:
        return self._endpoint is not None

    def set(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Put a plan in force; returns it with all its defaults, and what it did so far."""
        return self._ask("PUT", "faults", plan)

    def state(self) -> dict[str, Any]:
        return self._ask("GET", "faults")

    def lift(self) -> None:
        self._ask("DELETE", "faults")

    def crash(self) -> bool:
        """Kill the workers that move records, which then start again; False when they are just starting."""
        return bool(self._ask("POST", "crash").get("killed"))

    def _ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        seen = urlsplit(self._endpoint or "")
        connection = http.client.HTTPConnection(seen.hostname or "", seen.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, f"/_local_cloud/{path}", json.dumps(document) if document is not None else None)
            answer = connection.getresponse()
            told: dict[str, Any] = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise FaultsRefusedError(f"{method} {path} at the fault injector {self._endpoint}: {error}.") from error
        finally:
            connection.close()
        if answer.status not in (200, 409):
            raise FaultsRefusedError(
                f"The fault injector {self._endpoint} refused {method} {path}: {told.get('message', answer.status)}"
            )
        return told

"""Call the local cloud's endpoint for faults and crashes, which AWS does not have."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30


class FaultsRefusedError(Exception):
    """The injector refuses the plan, or does not answer."""


class FaultInjector:
    """The fault injector at one endpoint; ``endpoint`` is None where there is no injector."""

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint

    @property
    def is_there(self) -> bool:
        return self._endpoint is not None

    def set(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Put a plan in force, and return it with its defaults and the faults it has made so far."""
        return self._ask("PUT", "faults", plan)

    def state(self) -> dict[str, Any]:
        """Return the plan in force and the faults it has made so far."""
        return self._ask("GET", "faults")

    def lift(self) -> None:
        """End all faults."""
        self._ask("DELETE", "faults")

    def crash(self) -> bool:
        """Kill the workers that move records, which restart; return False while they are still restarting."""
        return bool(self._ask("POST", "crash").get("killed"))

    def _ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        seen = urlsplit(self._endpoint or "")
        connection = http.client.HTTPConnection(seen.hostname or "", seen.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, f"/_local_cloud/{path}", json.dumps(document) if document is not None else None)
            answer = connection.getresponse()
            state: dict[str, Any] = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise FaultsRefusedError(f"{method} {path} at the fault injector {self._endpoint}: {error}.") from error
        finally:
            connection.close()
        if answer.status not in (200, 409):
            raise FaultsRefusedError(
                f"The fault injector {self._endpoint} refused {method} {path}: {state.get('message', answer.status)}"
            )
        return state

"""Keep the callers: a query reads the catalog and objects, and writes its results, with the permissions of its caller.

Sources: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html,
https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.athena.catalog.glue import Catalog
from local_cloud.clients import ADMINISTRATOR, Clients
from local_cloud.config import CloudConfig

KEPT_CALLERS = 16


@dataclass(frozen=True, slots=True)
class Caller:
    """Clients that act as the caller, and the catalog as the caller may see it."""

    clients: Clients
    catalog: Catalog

    @property
    def is_administrator(self) -> bool:
        return self.clients.keys is ADMINISTRATOR


@dataclass(slots=True)
class _Known:
    caller: Caller
    expires: float | None


class Callers:
    """The latest callers, each forgotten when its credentials expire; ``now`` is in epoch seconds."""

    def __init__(self, config: CloudConfig, administrator: Clients, now: Callable[[], float] = time.time) -> None:
        self._config, self._now = config, now
        self._administrator = Caller(administrator, Catalog(administrator))
        self._lock = threading.Lock()
        self._known: dict[tuple[str | None, ...], _Known] = {}

    def of(self, credentials: Mapping[str, Any] | None) -> Caller:
        """Return the caller with these credentials; without any, the administrator."""
        if credentials is None:
            return self._administrator
        keys = {name: value for name, value in credentials.items() if name != "expires"}
        with self._lock:
            self._forget_expired()
            known = self._known.pop(tuple(keys.values()), None) or self._made(keys, credentials["expires"])
            self._known[tuple(keys.values())] = known
            if len(self._known) > KEPT_CALLERS:
                del self._known[next(iter(self._known))]
            return known.caller

    def _made(self, keys: dict[str, Any], expires: float | None) -> _Known:
        clients = Clients(self._config.endpoint, self._config.region, keys)
        return _Known(Caller(clients, Catalog(clients)), expires)

    def _forget_expired(self) -> None:
        now = self._now()
        self._known = {key: known for key, known in self._known.items() if known.expires is None or known.expires > now}

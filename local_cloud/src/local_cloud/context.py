"""What every service of ours gets when it is made."""

from __future__ import annotations

from dataclasses import dataclass

from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """Hold what a service needs of its cloud: the configuration, clients, and a store that survives a crash."""

    config: CloudConfig
    clients: Clients
    store: Store

"""What every service of ours gets when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from local_cloud.arrivals import Arrivals
from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """Hold what a service needs of its cloud: the configuration, clients, a store that survives a crash, and news of streams."""

    config: CloudConfig
    clients: Clients
    store: Store
    arrivals: Arrivals = field(default_factory=Arrivals)

"""Read one deployment for its verdict, through the same connection and endpoint guard as its DAGs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from sales_cdc.deployment.settings import Settings
from sales_cdc.verdict.clients import DeploymentClients
from sales_cdc.verdict.lake_reader import LakeReader
from sales_cdc.verdict.observation import Observation, Observer

SHARED = timedelta(seconds=2)


class DeploymentSources:
    """The deployment of the settings: its resources as AWS describes them, and its bucket."""

    def __init__(self, settings: Settings) -> None:
        self.clients = DeploymentClients(settings)
        lake = LakeReader(self.clients)
        self.observe: Callable[[], Observation] = SharedObserver(Observer(self.clients, self.now), self.now).observe
        self.newest_report = lake.newest_report
        self.newest_changes = lake.newest_changes
        self.failed_records = lake.failed_records
        self.acknowledgements = lake.acknowledgements

    def now(self) -> datetime:
        return datetime.now(UTC)


class SharedObserver:
    """Observe once for all who ask within two seconds: verdict and flow are asked together, and metrics cost by the call."""

    def __init__(self, observer: Observer, now: Callable[[], datetime]) -> None:
        self._observer = observer
        self._now = now
        self._lock = Lock()
        self._last: Observation | None = None

    def observe(self) -> Observation:
        with self._lock:
            if self._last is None or not timedelta(0) <= self._now() - self._last.at < SHARED:
                self._last = self._observer.observe()
            return self._last

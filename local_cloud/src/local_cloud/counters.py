"""Running totals of a service's resources, which become CloudWatch metrics."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping


class Counters:
    """Count the totals of named resources since the process started, and keep their gauges; safe for threads.

    A total is a number of records unless its name ends in ``_bytes``. A gauge is a moment (epoch seconds) from which an age
    is measured when it is read; a resource without a gauge has age 0.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[str, Counter[str]] = {}
        self._since: dict[str, dict[str, float]] = {}

    def add(self, resource: str, **amounts: int) -> None:
        """Add to the resource's totals, e.g. ``add("orders", incoming=500, incoming_bytes=120_000)``."""
        with self._lock:
            self._totals.setdefault(resource, Counter()).update(amounts)

    def oldest_since(self, resource: str, moment: float | None, part: str = "") -> None:
        """Set the time of the oldest record that a part of the resource (a shard) has not delivered; None: no record."""
        with self._lock:
            parts = self._since.setdefault(resource, {})
            parts.pop(part, None)
            if moment is not None:
                parts[part] = moment

    def read(self) -> Mapping[str, Mapping[str, float]]:
        """Return every resource's totals, with ``oldest_age_seconds``."""
        now = time.time()
        with self._lock:
            return {
                name: {
                    **totals,
                    "oldest_age_seconds": max(0.0, now - min(self._since.get(name, {}).values(), default=now)),
                }
                for name, totals in self._totals.items()
            }

    def forget(self, resource: str) -> None:
        """Drop the totals and gauges of a deleted resource."""
        with self._lock:
            self._totals.pop(resource, None)
            self._since.pop(resource, None)

"""Say how often tasks look at what they wait for, and whether a wait holds a worker's slot, by target. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sales_cdc.deployment.settings import Settings, Target

MAX_QUERY_SECONDS = 1800
"""Source: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html, the longest time of a statement."""

MAX_PAUSE_SECONDS = 300
"""Between two looks that back off: of the delivery that takes a buffer interval, at most 15 minutes."""


@dataclass(frozen=True)
class Polling:
    """Hold the seconds between two looks, and the arguments of those who look.

    On the laptop an answer is there within seconds, and a look costs nothing. On AWS crawls and jobs take minutes to hours, every look
    is a request that counts against a quota, and a wait leaves its slot to other tasks.

    Example::

        CrawlOperator(task_id="crawl_raw", crawler_name="sales-cdc-raw", **Polling.of(settings).crawl)
    """

    query_seconds: float
    object_seconds: float
    glue_seconds: int
    leaves_slot: bool

    @classmethod
    def of(cls, settings: Settings) -> Polling:
        return BY_TARGET[settings.target]

    @property
    def query(self) -> dict[str, Any]:
        """Return the arguments of an operator that runs a query."""
        attempts = int(MAX_QUERY_SECONDS / self.query_seconds)
        # A deferred wait counts whole seconds.
        seconds = max(1, round(self.query_seconds)) if self.leaves_slot else self.query_seconds
        return {"sleep_time": seconds, "max_polling_attempts": attempts, "deferrable": self.leaves_slot}

    @property
    def rows(self) -> dict[str, Any]:
        """Return the arguments of a sensor of a query that has run."""
        return {"sleep_time": self.query_seconds, "poke_interval": max(1.0, self.query_seconds)}

    @property
    def objects(self) -> dict[str, Any]:
        """Return the arguments of a sensor of objects that may take a buffer interval and longer."""
        back_off = {"exponential_backoff": True, "max_wait": MAX_PAUSE_SECONDS} if self.leaves_slot else {}
        return {"mode": "reschedule", "poke_interval": self.object_seconds, **back_off}

    @property
    def probe(self) -> dict[str, Any]:
        """Return the arguments of a sensor that keeps what it wrote in its process."""
        return {"poke_interval": max(1.0, self.object_seconds / 2)}

    @property
    def crawl(self) -> dict[str, Any]:
        return {"poll_interval": self.glue_seconds, "deferrable": self.leaves_slot}

    @property
    def job(self) -> dict[str, Any]:
        return {"job_poll_interval": self.glue_seconds, "deferrable": self.leaves_slot}

    @property
    def job_sensor(self) -> dict[str, Any]:
        return {"mode": "reschedule" if self.leaves_slot else "poke", "poke_interval": self.glue_seconds}


BY_TARGET: dict[Target, Polling] = {
    "local": Polling(query_seconds=0.2, object_seconds=2, glue_seconds=1, leaves_slot=False),
    "aws": Polling(query_seconds=2, object_seconds=30, glue_seconds=30, leaves_slot=True),
}

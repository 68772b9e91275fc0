"""Hold one hop of the pipeline as the page shows it, and what was read of all hops. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sales_cdc.aws.errors import Kind
from sales_cdc.verdict.lake_reader import Tail
from sales_cdc.verdict.observation import Answer, Observation, Series

MINUTES = 60
RECENT = timedelta(minutes=5)


@dataclass
class Hop:
    """One hop. ``count`` and ``unit`` say how much passed it or is in it; ``rate`` is how much a minute lately."""

    id: str
    title: str
    service: str
    state: str = "ok"
    count: int | None = None
    unit: str = ""
    rate: float | None = None
    lag_seconds: float | None = None
    lag_means: str = ""
    facts: list[str] = field(default_factory=list)
    reason: str = ""
    remedy: str = ""
    minutes: list[float] = field(default_factory=list)

    def stop(self, reason: str, remedy: str, state: str = "stopped") -> None:
        """Set the state, its reason, and what to do about it."""
        self.state, self.reason, self.remedy = state, reason, remedy


@dataclass(frozen=True)
class Seen:
    """What was read of all hops.

    ``raw`` and ``failed`` are the newest raw objects and failed records, or None when they could not be read.
    ``interval_seconds`` is Firehose's buffer interval. ``has_report``: a batch has ended with its report, so that its tables are there
    unless somebody dropped them.
    """

    observation: Observation
    raw: Tail | None
    failed: Tail | None
    interval_seconds: int
    has_report: bool = False

    @property
    def now(self) -> datetime:
        return self.observation.at

    def answer(self, name: str) -> Answer:
        """Return what AWS answered about one resource."""
        not_asked = Answer(refusal=Kind.INVALID, message="It was not asked.", remedy="Load the page again.")
        return self.observation.answers.get(name, not_asked)

    def series(self, name: str) -> Series:
        """Return one metric by minute."""
        return list(self.observation.series.get(name, []))

    def sum(self, name: str, window: timedelta = timedelta(hours=1)) -> float:
        """Return the sum of a metric over the window before now."""
        return sum(value for at, value in self.series(name) if at > self.now - window)

    def last(self, name: str) -> float | None:
        """Return the metric's latest value; None when the last five minutes have none."""
        recent = [value for at, value in self.series(name) if at > self.now - RECENT]
        return recent[-1] if recent else None

    def count_by(self, hop: Hop, metric: str, unit: str = "changes in the last hour") -> None:
        """Set the hop's count, rate and minutes from a metric; without a recent change the hop is idle.

        There is no count where CloudWatch could not be asked: a zero would say that nothing passed.
        """
        if self.observation.metrics.refusal:
            hop.facts.append(f"Not counted: {self.observation.metrics.message or 'CloudWatch did not answer.'}")
            return
        hop.count, hop.unit = int(self.sum(metric)), unit
        hop.rate = self.sum(metric, RECENT) / (RECENT.total_seconds() / 60)
        hop.minutes = by_minute(self.series(metric), self.now)
        if hop.state == "ok" and not hop.rate:
            hop.state = "idle"


def ago(past: timedelta) -> str:
    """Return how long ago something was, in one unit.

    >>> ago(timedelta(minutes=5))
    '5 min ago'
    """
    seconds = max(0, int(past.total_seconds()))
    for unit, size in (("days", 172_800), ("h", 7_200), ("min", 120)):
        if seconds >= size:
            return f"{seconds // {'days': 86_400, 'h': 3_600, 'min': 60}[unit]} {unit} ago"
    return f"{seconds} s ago"


def by_minute(series: Series, now: datetime) -> list[float]:
    """Return sixty values, oldest first, with zero where nothing was reported."""
    values = [0.0] * MINUTES
    for at, value in series:
        ago = int((now - at).total_seconds() // 60)
        if 0 <= ago < MINUTES:
            values[MINUTES - 1 - ago] += value
    return values

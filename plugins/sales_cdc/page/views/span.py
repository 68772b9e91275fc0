"""Choose a span of time and how finely it is drawn. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sales_cdc.page.views.order_filter import FilterError, moment_of

RANGES = {  # name: how far back, the unit of a bar, and the seconds of a point of CloudWatch's
    "hour": (timedelta(hours=1), "minute", 60),
    "day": (timedelta(days=1), "hour", 300),
    "week": (timedelta(days=7), "hour", 3600),
    "month": (timedelta(days=30), "day", 21_600),
}
OWN = "own"
MAX_SPAN = timedelta(days=366)
KEEPS = ((timedelta(days=15), 60), (timedelta(days=63), 300), (timedelta(days=455), 3600))
"""How long CloudWatch keeps points of how many seconds.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
"""


@dataclass(frozen=True)
class Span:
    """A span of time, ``since`` inclusive; ``unit`` is that of a bar, ``period_seconds`` that of a metric's point."""

    since: datetime
    until: datetime
    unit: str
    period_seconds: int


def begin_of(unit: str, at: datetime) -> datetime:
    """Return when the minute, hour or day of this time began."""
    minute = at.astimezone(UTC).replace(second=0, microsecond=0)
    if unit == "minute":
        return minute
    return minute.replace(minute=0, hour=0 if unit == "day" else minute.hour)


def span_of(name: str, asked: Mapping[str, str], now: datetime) -> Span:
    """Return the span of a range's name; the range "own" is from ``from`` to ``until`` of what was asked, now if it has no end.

    Raises:
        FilterError: the range is not known, has no begin, ends before it begins, or is too long.

    Example::

        span_of("day", {}, datetime.now(UTC)).unit  # "hour"
    """
    if name in RANGES:
        back, unit, period_seconds = RANGES[name]
        return Span(begin_of(unit, now - back), now, unit, period_seconds)
    if name != OWN:
        raise FilterError(f"range: one of {', '.join((*RANGES, OWN))}, not {name[:40]}.")
    since, until = moment_of("from", asked.get("from", "")), moment_of("until", asked.get("until", "")) or now
    if since is None or not timedelta(0) < until - since <= MAX_SPAN:
        raise FilterError(f"from: a time before the end of the range, at most {MAX_SPAN.days} days before it.")
    unit = next(
        (unit for longest, unit in ((3, "minute"), (192, "hour")) if until - since <= timedelta(hours=longest)), "day"
    )
    return Span(begin_of(unit, since), until, unit, _period(since, until, now))


def _period(since: datetime, until: datetime, now: datetime) -> int:
    """Return the seconds of a point so that there are at most about 200, and CloudWatch still has them."""
    kept = next((seconds for age, seconds in KEEPS if now - since <= age), 3600)
    finest = (until - since).total_seconds() / 200
    return max(kept, next((each for each in (60, 300, 900, 3600, 21_600) if each >= finest), 172_800))

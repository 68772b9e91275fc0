"""Bound the time in which an order's changes, or lines in quarantine, are looked for: thirty days, unless the user asks for more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.page.views.order_filter import EVERYTHING, MONTH, FilterError, first_day, moment_of, texted


@dataclass(frozen=True)
class Lookback:
    """A span of time, ``since`` inclusive; None and None are the whole history."""

    since: datetime | None
    before: datetime | None = None

    @classmethod
    def of(cls, asked: Mapping[str, str], now: datetime) -> Lookback:
        """Return the span that a request's query asks for: the last thirty days if it asks for none.

        Raises:
            FilterError: a value cannot be.

        Example::

            Lookback.of({"range": "all"}, datetime.now(UTC)).since  # None
        """
        named = asked.get("range", "")
        if named not in ("", EVERYTHING):
            raise FilterError(f"range: {EVERYTHING}, or none, not {named[:40]}.")
        if named == EVERYTHING:
            return cls(None)
        since, before = moment_of("since", asked.get("since", "")), moment_of("before", asked.get("before", ""))
        return cls(since or first_day(before or now), before)

    @classmethod
    def until(cls, last: datetime) -> Lookback:
        """Return the thirty days that end with the day of a change."""
        return cls(first_day(last), first_day(last) + MONTH + timedelta(days=1))

    def params(self) -> dict[str, str]:
        """Return the times that a statement is rendered with."""
        return {"from_time": texted(self.since), "until_time": texted(self.before)}

    def as_json(self) -> dict[str, Any]:
        """Return the span as the page's scripts read it."""
        return {name: at and at.isoformat() for name, at in (("since", self.since), ("before", self.before))}


def objects_since(at: datetime | None) -> str:
    """Return what the name of a raw object that came at this time or later is not less than; "" for none."""
    return f"{bucket_keys.RAW_PREFIX}dt={at.date()}" if at else ""

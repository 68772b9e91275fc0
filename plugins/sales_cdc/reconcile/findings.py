"""Collect what a reconciliation found, with bounded lists of names. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

MAX_NAMED = 10_000

Verdict = Literal["matching", "in_flight", "missing", "extra", "stale"]
FINDINGS: tuple[Verdict, ...] = ("missing", "extra", "stale")

BACKFILL = (
    "Run sales_cdc_backfill, then sales_cdc_batch: it touches every item, so that the stream carries it; it says first what that costs. "
    "For some of them, run sales_cdc_repair."
)


def is_only_missing(counts: Mapping[Any, int]) -> bool:
    """Return whether items are missing from the curated table, and nothing else differs."""
    return bool(counts["missing"]) and not counts["extra"] and not counts["stale"]


def awaited_backfill(missing: int) -> str:
    """Say of an adopted table that was never backfilled what it means when items are missing, and what to do."""
    return (
        f"The tables are not complete yet: {missing:,} items of the adopted table are not in them. Items that were in it before its stream "
        f"emit no change until somebody changes them. {BACKFILL}"
    )


@dataclass
class Reconciliation:
    """The result of one reconciliation.

    ``missing`` orders are not curated, ``extra`` orders are only curated, ``stale`` orders are curated with other values.
    Each list names at most ``MAX_NAMED`` orders; ``counts`` counts them all. ``truncated`` says that there are more findings
    than names; those without a name may be in flight. ``unsettled`` names orders in flight.
    """

    cutoff: datetime
    source_items: int = 0
    curated_items: int = 0
    counts: dict[Verdict, int] = field(
        default_factory=lambda: {"matching": 0, "in_flight": 0, "missing": 0, "extra": 0, "stale": 0}
    )
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    stale: list[dict[str, Any]] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, str]:
        """Return every named finding: the order, and whether it is missing, extra or stale."""
        stale = [str(each["orderid"]) for each in self.stale]
        named = {"missing": self.missing, "extra": self.extra, "stale": stale}
        return {order: kind for kind, orders in named.items() for order in orders}

    @property
    def names_all(self) -> bool:
        """Return whether every order is named that is not verified, so that the next comparison can look at it again."""
        return not self.truncated and self.counts["in_flight"] == len(self.unsettled)

    @property
    def differing(self) -> int:
        return sum(self.counts[kind] for kind in FINDINGS)

    @property
    def truncated(self) -> bool:
        return self.differing > len(self.missing) + len(self.extra) + len(self.stale)

    def report(self) -> dict[str, Any]:
        """Return the document of ``ledger/reconcile/<run>.json``, without the run and its time."""
        return {
            "cutoff": self.cutoff.isoformat(),
            "source_items": self.source_items,
            "curated_items": self.curated_items,
            "matching": self.counts["matching"],
            "in_flight": self.counts["in_flight"],
            "missing": sorted(self.missing),
            "extra": sorted(self.extra),
            "stale": sorted(self.stale, key=lambda each: str(each["orderid"])),
            "counts": {kind: self.counts[kind] for kind in FINDINGS},
            "truncated": self.truncated,
        }

    def add(self, order_id: str, verdict: Verdict, fields: Mapping[str, Any]) -> None:
        """Count a verdict on an order, and name the order when it is a finding and its list has room."""
        self.counts[verdict] += 1
        if verdict == "stale" and len(self.stale) < MAX_NAMED:
            self.stale.append({"orderid": order_id, "fields": dict(fields)})
        named = {"missing": self.missing, "extra": self.extra, "in_flight": self.unsettled}.get(verdict)
        if named is not None and len(named) < MAX_NAMED:
            named.append(order_id)

"""Keep which part of the orders was compared when, what is open, and what the next comparison has to read. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sales_cdc.contract import rotation
from sales_cdc.contract.rotation import PARTS, TableFacts

CLOCK_MARGIN = timedelta(hours=1)
"""By which a time may be ahead of S3's clock before the document counts as wrong."""
A_DAY, CATCH_UP = timedelta(hours=20), rotation.WEEK - timedelta(hours=12)
"""A part is read a day, if none was read within 20 hours; and each that would be older than a week when the next day reads it."""


@dataclass(frozen=True)
class Part:
    """When a part was compared whole, and the list of keys that its scan saw.

    ``scan`` names the list; "" when none was kept, as of small tables. ``scanned_at`` is when that scan began, and is earlier than
    ``verified_at`` where an export has compared the part since. ``files``: how many objects hold the list.
    """

    verified_at: datetime
    scan: str = ""
    scanned_at: datetime | None = None
    files: int = 0

    def document(self) -> dict[str, Any]:
        scanned = self.scanned_at.isoformat() if self.scanned_at else None
        return {
            "verified_at": self.verified_at.isoformat(),
            "scan": self.scan,
            "scanned_at": scanned,
            "files": self.files,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Part:
        scanned = document["scanned_at"]
        return cls(
            datetime.fromisoformat(document["verified_at"]),
            str(document["scan"]),
            datetime.fromisoformat(scanned) if scanned else None,
            int(document["files"]),
        )


@dataclass(frozen=True)
class Coverage:
    """What the comparisons until now have covered.

    ``began``: when the newest began to read; changes that were taken before are compared. ``table``, ``lake``: of which DynamoDB table
    and which change log, by their own ids. ``findings``: the orders that differ and how, until they are found equal. ``unsettled``: orders
    whose changes were on their way. ``repeat``: why nothing of this counts, "" when it does.
    """

    run_id: str
    began: datetime
    table: str
    lake: str
    parts: tuple[Part, ...]
    findings: Mapping[str, str] = field(default_factory=dict)
    unsettled: tuple[str, ...] = ()
    repeat: str = ""

    @property
    def open_orders(self) -> list[str]:
        """Return the orders that the next comparison has to look at, wherever they are."""
        return [*self.findings, *(each for each in self.unsettled if each not in self.findings)]

    def document(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {
            "run_id": self.run_id,
            "began": self.began.isoformat(),
            "table": self.table,
            "lake": self.lake,
            "segments": rotation.SEGMENTS,
            "parts": [part.document() for part in self.parts],
            "findings": dict(self.findings),
            "unsettled": list(self.unsettled),
            "repeat": self.repeat,
        }

    @classmethod
    def of(cls, document: Any, now: datetime) -> Coverage | None:
        """Read its document; None when there is none, or it is damaged, ahead of S3's clock ``now``, or of other segments."""
        try:
            parts = tuple(Part.of(each) for each in document["parts"])
            found = cls(
                str(document["run_id"]),
                datetime.fromisoformat(document["began"]),
                str(document["table"]),
                str(document["lake"]),
                parts,
                {str(order): str(kind) for order, kind in document["findings"].items()},
                tuple(map(str, document["unsettled"])),
                str(document["repeat"]),
            )
            times = [found.began, *(part.verified_at for part in parts), *(part.scanned_at or now for part in parts)]
            is_whole = len(parts) == PARTS and document["segments"] == rotation.SEGMENTS
            return found if is_whole and max(times) <= now + CLOCK_MARGIN else None
        except (TypeError, ValueError, KeyError, AttributeError):
            return None

    def due(self, now: datetime) -> tuple[int, ...]:
        """Return the parts that a comparison reads now: one a day, and those that would be older than a week tomorrow."""
        scanned = [part.scanned_at or part.verified_at for part in self.parts]
        oldest = min(range(PARTS), key=lambda part: scanned[part])
        daily = {oldest} if now - max(scanned) >= A_DAY or now - scanned[oldest] >= rotation.WEEK else set()
        return tuple(sorted(daily | {part for part in range(PARTS) if now - scanned[part] > CATCH_UP}))

    def after_parts(self, read: Collection[int], scan: str, files: Mapping[int, int], began: datetime) -> Coverage:
        """Return the coverage once these parts were compared; ``scan`` names the lists of their keys."""
        fresh = {part: Part(began, f"{scan}/{part}", began, files.get(part, 0)) for part in read}
        return replace(self, parts=tuple(fresh.get(at, part) for at, part in enumerate(self.parts)))


@dataclass(frozen=True)
class Plan:
    """What a comparison reads: these parts and what has changed, or all orders because ``why_whole``; ``keeps``: with lists of keys."""

    parts: tuple[int, ...] = ()
    why_whole: str = ""
    keeps: bool = False


def whole(why: str, table: TableFacts) -> Plan:
    """Return the plan to read all orders. Lists are kept of a table that is not read whole each time."""
    return Plan(tuple(range(PARTS)), why, keeps=not table.is_small)


def plan_of(
    known: Coverage | None,
    table: TableFacts,
    lake: str | None,
    now: datetime,
    *,
    full: bool = False,
    lists: Collection[str] = (),
) -> Plan:
    """Decide what to read.

    Args:
        known: what the comparisons before have covered.
        lake: which change log there is.
        full: all orders are asked for.
        lists: the names of the objects with lists of keys that there are.
    """
    if full:
        return whole("the run asks for all", table)
    if table.is_small:
        return whole("a table of this size is read whole each time", table)
    if known is None:
        return whole("what was compared before is not known", table)
    if known.table != table.id:
        return whole("the table was made again", table)
    if lake is None or known.lake != lake:
        return whole("the curated tables were made again", table)
    if known.repeat:
        return whole(known.repeat, table)
    if not all(part.scan and part.scanned_at for part in known.parts) or not listed(known) <= set(lists):
        return whole("the lists of what was compared before are not there", table)
    return Plan(known.due(now), keeps=True)


def afforded(plan: Plan, table: TableFacts, singly: int) -> Plan:
    """Return the plan, or all orders where these take no more read units than the plan's parts and ``singly`` read orders."""
    all_units = rotation.read_units(table.size_bytes)
    if all_units * len(plan.parts) // PARTS + singly * table.order_units < all_units:
        return plan
    return whole("so many orders have changed that reading all takes fewer read units", table)


def listed(known: Coverage) -> set[str]:
    """Return the names of the objects that hold the lists of keys."""
    return {file_name(part.scan, at) for part in known.parts for at in range(part.files)}


def file_name(scan: str, at: int) -> str:
    """Name an object of a list, below the folder of all lists."""
    return f"{scan}-{at:05}.jsonl.gz"

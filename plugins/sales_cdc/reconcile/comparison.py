"""Compare what is due: the parts of a day with what has changed and what is open, or all orders. Pure: no Airflow, no AWS client.

What a comparison finds stays open until a later one has found it equal: each looks again at every order that one before has named.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sales_cdc.contract.curated_row import Item
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.contract.rotation import PARTS, TableFacts
from sales_cdc.reconcile.coverage import Coverage, Part, Plan, afforded, plan_of, whole
from sales_cdc.reconcile.findings import Reconciliation
from sales_cdc.reconcile.fingerprint_join import Fingerprint
from sales_cdc.reconcile.reconciliation import SUSPECTS_AT_ONCE, reconcile
from sales_cdc.reconcile.sides import Chain, Curated, RotatingCurated, RotatingSource, Version
from sales_cdc.reconcile.suspects import SuspectResolver

TAKEN_BEFORE = timedelta(hours=3)
"""Raw objects count as taken when the job's run began; it commits within an hour, and the crawl may know their hour only a batch later."""
CLOCKS_DIFFER = timedelta(minutes=5)
READ_AT_ONCE = 10_000
SINGLY = "singly"
MAX_ORPHANS_SEEN = 1_000


class Ledger(Protocol):
    """Keeps the coverage, for comparisons of which two may run at once."""

    def now(self) -> datetime:
        """Return the time by which everything in the ledger is dated."""

    def read(self, now: datetime) -> Coverage | None:
        """Return the coverage; None when there is none that can be used."""

    def write(self, coverage: Coverage) -> bool:
        """Write it in the place of what was read last; return False when that has changed since."""

    def lists(self) -> Collection[str]:
        """Return the names of the objects with lists of keys."""

    def forget(self, coverage: Coverage, now: datetime) -> None:
        """Delete old lists that the coverage does not name."""


class Lists(Protocol):
    """Takes the keys that one comparison sees; ``scan`` names it."""

    scan: str

    @property
    def files(self) -> Mapping[str, int]:
        """Return how many objects hold each list."""

    def add(self, name: str, order_id: str) -> None:
        """Put a key on a list."""

    def close(self) -> None:
        """End all lists; from then on they can be read."""


class Slice:
    """What one comparison reads of both sides: whole parts of the orders table, and single orders.

    The curated side follows the source's keys: it is asked for the orders on their lists, and for orphans, because an order that DynamoDB
    has lost is on none. Without ``known`` coverage it is read whole.
    """

    def __init__(
        self, source: RotatingSource, curated: RotatingCurated, lists: Lists, parts: Collection[int],
        singly: Iterable[str] = (), known: Coverage | None = None,
    ) -> None:  # fmt: skip
        self._source, self._curated, self._lists, self._parts = source, curated, lists, parts
        self._singly, self._known = singly, known
        self.get = source.get
        self.orphans: list[str] = []

    @property
    def columns(self) -> Sequence[str]:
        return self._curated.columns

    def scan(self) -> Iterator[Item]:
        """Return the items of the parts, then the single orders; an order of both comes twice."""
        for part, item in self._source.scan_parts(self._parts) if self._parts else ():
            self._lists.add(str(part), KEYS.of_item(item))
            yield item
        singly = iter(self._singly)
        while some := list(itertools.islice(singly, READ_AT_ONCE)):
            for order_id in some:
                self._lists.add(SINGLY, order_id)
            yield from self._source.get(some).values()
        self._lists.close()

    def fingerprints(self) -> Iterator[Fingerprint]:
        return self._curated.fingerprints() if self._known is None else self._listed(self._known)

    def _listed(self, known: Coverage) -> Iterator[Fingerprint]:
        asked = [f"{self._lists.scan}/{name}" for name in (*map(str, self._parts), SINGLY)]
        others = [part for at, part in enumerate(known.parts) if at not in self._parts]
        began = [part.scanned_at for part in others if part.scanned_at] or [known.began]
        listed = self._curated.listed_fingerprints(asked, [part.scan for part in others], min(began) - CLOCKS_DIFFER)
        for order_id, hashed, is_orphan in listed:
            if is_orphan and not KEYS.is_probe(order_id) and len(self.orphans) < MAX_ORPHANS_SEEN:
                self.orphans.append(order_id)
            yield order_id, hashed

    def versions(self, order_ids: Collection[str]) -> Mapping[str, Version]:
        return self._curated.versions(order_ids)


@dataclass(frozen=True)
class Compared:
    """One comparison: what it found, what it read, and what all comparisons until now have covered."""

    found: Reconciliation
    coverage: Coverage
    plan: Plan
    changed: int = 0
    reopened: int = 0

    def report(self) -> dict[str, Any]:
        """Return what the report says of its coverage; ``verified_at`` has a time for each part."""
        return {
            "reads_all": bool(self.plan.why_whole),
            "why": self.plan.why_whole,
            "parts": [part + 1 for part in self.plan.parts],
            "changed": self.changed,
            "open": self.reopened,
            "verified_at": [part.verified_at.isoformat() for part in self.coverage.parts],
            "oldest": min(part.verified_at for part in self.coverage.parts).isoformat(),
        }


class Comparison:
    """Compares what is due, and keeps what was covered.

    Args:
        full: all orders are asked for.
        is_export: the source is an export, which holds all orders and no parts.
    """

    def __init__(
        self, source: RotatingSource, curated: RotatingCurated, chain: Chain, ledger: Ledger, lists: Lists,
        *, run_id: str, full: bool = False, is_export: bool = False,
    ) -> None:  # fmt: skip
        self._source, self._curated, self._chain, self._ledger, self._lists = source, curated, chain, ledger, lists
        self._run_id, self._full, self._is_export = run_id, full, is_export

    def run(self, cutoff: datetime) -> Compared:
        """Compare, and write the coverage; changes committed after ``cutoff`` may be in flight.

        Raises:
            Exception: whatever the sides, the chain or the ledger raises. The coverage is then as it was.
        """
        began = self._ledger.now()
        known, table, lake = self._ledger.read(began), self._source.facts(), self._curated.lake
        plan, changed = self._planned(known, table, lake, began)
        reopened = known.open_orders if known is not None else []
        singly = () if plan.why_whole else itertools.chain(reopened, changed or ())
        listed = None if plan.why_whole else known
        part = Slice(self._source, self._curated, self._lists, plan.parts, singly, listed)
        sides: tuple[Any, Curated] = (part, part) if plan.keeps else (self._source, self._curated)
        found = reconcile(*sides, self._chain, cutoff)
        coverage = Coverage(
            self._run_id, began, table.id, lake or "", self._parts(known, table, lake, plan, began), repeat=self._doubt(part)
        )  # fmt: skip
        coverage = self._kept(_with_findings(coverage, found), found, plan)
        self._ledger.forget(coverage, began)
        return Compared(found, coverage, plan, changed.count if changed else 0, 0 if plan.why_whole else len(reopened))

    def _planned(
        self, known: Coverage | None, table: TableFacts, lake: str | None, began: datetime
    ) -> tuple[Plan, Any]:
        """Return the plan, and the orders that have changed, None when all are read."""
        if self._is_export:
            return Plan(tuple(range(PARTS)), "an export holds all"), None
        plan = plan_of(known, table, lake, began, full=self._full, lists=self._ledger.lists())
        if plan.why_whole or known is None:
            return plan, None
        hours = self._curated.hours_taken(known.began - TAKEN_BEFORE)
        if hours is None:
            return whole("what was taken since the last comparison is in too many hours, or in none", table), None
        changed = self._curated.changed(hours)
        plan = afforded(plan, table, changed.count + len(known.open_orders))
        return plan, None if plan.why_whole else changed

    def _parts(
        self, known: Coverage | None, table: TableFacts, lake: str | None, plan: Plan, began: datetime
    ) -> tuple[Part, ...]:
        if known is None or known.table != table.id or known.lake != lake:
            known = Coverage("", began, "", "", tuple(Part(began) for _ in range(PARTS)))
        if plan.keeps:
            files = {part: self._lists.files[str(part)] for part in plan.parts if str(part) in self._lists.files}
            return known.after_parts(plan.parts, self._lists.scan, files, began).parts
        kept = known.parts if self._is_export else [Part(began)] * PARTS
        return tuple(replace(part, verified_at=began) for part in kept)

    def _doubt(self, part: Slice) -> str:
        """Return why all orders have to be read next: DynamoDB holds an order that no scan of its part has seen."""
        if part.orphans and self._source.get(part.orphans):
            return "an order was in another part than before"
        return ""

    def _kept(self, coverage: Coverage, found: Reconciliation, plan: Plan) -> Coverage:
        """Write the coverage; where another comparison has ended meanwhile, look again at what that one found, and join both."""
        while not self._ledger.write(coverage):
            other = self._ledger.read(self._ledger.now())
            if other is None:
                continue
            looked_at = set(coverage.open_orders)
            more = [order_id for order_id in other.open_orders if order_id not in looked_at]
            for at in range(0, len(more), SUSPECTS_AT_ONCE):
                resolver = SuspectResolver(self._source, self._curated, self._chain, found)
                resolver.resolve(more[at : at + SUSPECTS_AT_ONCE])
            coverage = _with_findings(_joined(coverage, other, bool(plan.why_whole)), found)
        return coverage


def _with_findings(coverage: Coverage, found: Reconciliation) -> Coverage:
    unnamed = "" if found.names_all else "more orders differed than the last comparison could name"
    return replace(coverage, findings=found.kinds, unsettled=tuple(found.unsettled), repeat=coverage.repeat or unnamed)


def _joined(ours: Coverage, other: Coverage, reads_all: bool) -> Coverage:
    """Return ours with the parts that the other has read later; what it doubted stays doubted until all orders are read."""
    if (other.table, other.lake) != (ours.table, ours.lake):
        return ours
    parts = tuple(max(pair, key=lambda part: part.verified_at) for pair in zip(ours.parts, other.parts, strict=True))
    return replace(ours, parts=parts, repeat=ours.repeat or ("" if reads_all else other.repeat))

"""Is what the table holds what the curated table shows, order by order? Pure: no Airflow, no AWS client.

Both sides give a fingerprint for each order. Fingerprints go into files, by the hash of the order's key, and one file's worth of
keys is compared at a time (a hash join in partitions): memory stays bounded at any size of the table, and each side is read
once, in whatever order it comes.

Orders whose fingerprints differ are suspects, not findings: writers go on while the table is read, and what they write needs
time to arrive. An item carries no commit time, so a suspect is judged by evidence, in rounds. A round reads the item, lets the
chain deliver everything that was committed until then, and looks again, at what was curated, at what has arrived since, and at
the item. What then still differs, with nothing on its way, is a finding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Literal, Protocol

from sales_cdc.contract.change_contract import is_probe
from sales_cdc.contract.curated_row import Item, Row, comparable, differences, fingerprint, item_row
from sales_cdc.reconcile.partitions import Partitions, Print

MAX_NAMED = 10_000
SUSPECTS_AT_ONCE = 20_000
ROUNDS = 4

Verdict = Literal["matching", "in_flight", "missing", "extra", "stale"]
FINDINGS: tuple[Verdict, ...] = ("missing", "extra", "stale")


@dataclass(frozen=True)
class Version:
    """One state of an order, and the change that made it; ``row`` is None when that was a REMOVE."""

    sequence_number: str
    row: Row | None


class Source(Protocol):
    """The orders table."""

    def scan(self) -> Iterator[Item]: ...

    def get(self, order_ids: Collection[str]) -> Mapping[str, Item]: ...


class Curated(Protocol):
    """The curated table: the fingerprints of the orders that stand; versions, tombstones included, of some orders."""

    def fingerprints(self) -> Iterator[Print]: ...

    def versions(self, order_ids: Collection[str]) -> Mapping[str, Version]: ...


class Chain(Protocol):
    """What lies between: ``deliver`` returns once all changes committed before the call have arrived, or never will;
    ``pending`` has the latest change of each order that has arrived but was not curated yet."""

    def deliver(self) -> None: ...

    def pending(self, order_ids: Collection[str]) -> Mapping[str, Version]: ...


@dataclass
class Reconciliation:
    """What was found. ``missing`` orders are not curated, ``extra`` ones only curated, ``stale`` ones curated with other values.

    Lists name at most ``MAX_NAMED`` orders each; ``counts`` goes on counting. ``truncated``: there are more findings than
    named, and those beyond may be in flight.
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

    @property
    def differing(self) -> int:
        return sum(self.counts[kind] for kind in FINDINGS)

    @property
    def truncated(self) -> bool:
        return self.differing > len(self.missing) + len(self.extra) + len(self.stale)

    def report(self) -> dict[str, Any]:
        """As in ``ledger/reconcile/<run>.json``, less the run and its time."""
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
        self.counts[verdict] += 1
        if verdict == "stale" and len(self.stale) < MAX_NAMED:
            self.stale.append({"orderid": order_id, "fields": dict(fields)})
        named = {"missing": self.missing, "extra": self.extra}.get(verdict)
        if named is not None and len(named) < MAX_NAMED:
            named.append(order_id)


def reconcile(source: Source, curated: Curated, chain: Chain, cutoff: datetime) -> Reconciliation:
    """Compare every order of both sides; probe orders are left out. Changes committed after ``cutoff`` may be in flight.

    What is found is wrong, and stays so. The one thing that only the next run may find: an order whose last change was lost
    while earlier ones are still on their way, and which is as it was before those.

    Raises:
        whatever its arguments raise: then nothing is known.
    """
    found = Reconciliation(cutoff)
    with Partitions() as partitions:
        fingerprints = curated.fingerprints()  # computed while the table is scanned
        for item in source.scan():
            order_id = item["orderid"]["S"]
            if not is_probe(order_id):
                found.source_items += 1
                partitions.add("source", order_id, fingerprint(item_row(item)))
        for order_id, hashed in fingerprints:
            if not is_probe(order_id):
                found.curated_items += 1
                partitions.add("curated", order_id, hashed)
        suspects = _suspects(partitions, found)
        while chunk := list(islice(suspects, SUSPECTS_AT_ONCE)):
            if found.differing >= MAX_NAMED:
                _count(chunk, found)
            else:
                Suspicion(source, curated, chain, found).settle([order_id for order_id, _, _ in chunk])
    return found


def _suspects(partitions: Partitions, found: Reconciliation) -> Iterator[tuple[str, str | None, str | None]]:
    """Orders whose fingerprints differ, or that one side lacks; the others are counted."""
    for order_id, of_source, of_curated in partitions.pairs():
        if of_source and of_source == of_curated:
            found.counts["matching"] += 1
        else:
            yield order_id, of_source, of_curated


def _count(chunk: Iterable[tuple[str, str | None, str | None]], found: Reconciliation) -> None:
    """More orders differ than can be named: nobody will look at each, so these are counted as they stand."""
    for _, of_source, of_curated in chunk:
        kind: Verdict = "extra" if of_source is None else "missing" if of_curated is None else "stale"
        found.counts[kind] += 1


class Suspicion:
    """Judges suspects until each is settled."""

    def __init__(self, source: Source, curated: Curated, chain: Chain, found: Reconciliation) -> None:
        self._source, self._curated, self._chain, self._found = source, curated, chain, found

    def settle(self, order_ids: Collection[str]) -> None:
        """In rounds, since a change that arrives in one may belong to a writer who has changed the order back meanwhile."""
        known = self._latest(order_ids)
        for _ in range(ROUNDS):
            if not order_ids:
                return
            before = self._source.get(order_ids)
            self._chain.deliver()
            latest = self._latest(order_ids)
            now = self._source.get(order_ids)
            unclear = []
            for order_id in order_ids:
                seen = Sighting(before.get(order_id), now.get(order_id), latest.get(order_id), known.get(order_id))
                verdict = seen.verdict(order_id in self._arrived)
                if verdict is None:
                    unclear.append(order_id)
                elif verdict != "gone":
                    self._found.add(order_id, verdict, differences(seen.now, seen.row))
            order_ids, known = unclear, latest
        for order_id in order_ids:
            self._found.add(order_id, "in_flight", {})  # its changes keep coming in: each brings the whole order anew

    def _latest(self, order_ids: Collection[str]) -> dict[str, Version]:
        """The newest version known of each order.

        Arrivals are read first: one that is curated meanwhile is then among them or in the curated table, or in both.
        """
        latest = dict(self._chain.pending(order_ids))
        self._arrived = set(latest)
        for order_id, version in self._curated.versions(order_ids).items():
            pending = latest.get(order_id)
            if pending is None or pending.sequence_number <= version.sequence_number:
                latest[order_id] = version
                self._arrived.discard(order_id)
        return latest


@dataclass(frozen=True)
class Sighting:
    """One round's evidence of an order: its item before and after delivery, its newest version, and the one known before."""

    before: Item | None
    now: Item | None
    latest: Version | None
    known: Version | None

    @property
    def row(self) -> Row | None:
        return self.latest.row if self.latest else None

    def verdict(self, arrived: bool) -> Verdict | Literal["gone"] | None:
        """None: look again. ``gone``: deleted on both sides. ``arrived``: the newest version is not curated yet."""
        if (self.now is None) == (self.row is None) and not differences(self.now, self.row):
            return "in_flight" if arrived else "matching" if self.now else "gone"
        if not same_item(self.before, self.now):
            return "in_flight"
        if self.latest != self.known:
            return None
        return "extra" if self.now is None else "missing" if self.row is None else "stale"


def same_item(one: Item | None, other: Item | None) -> bool:
    """Whether two reads saw the same item."""
    if one is None or other is None:
        return one is other
    return {name: comparable(value) for name, value in one.items()} == {
        name: comparable(value) for name, value in other.items()
    }

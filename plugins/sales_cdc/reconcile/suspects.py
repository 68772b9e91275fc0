"""Judge the orders whose fingerprints differ, by evidence, while others keep writing. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sales_cdc.contract.compared_values import comparable
from sales_cdc.contract.curated_row import Item, Row, differences
from sales_cdc.reconcile.findings import Reconciliation, Verdict
from sales_cdc.reconcile.sides import Chain, Curated, Source, Version

ROUNDS = 4


class SuspectResolver:
    """Judges suspects in rounds until each has a verdict."""

    def __init__(self, source: Source, curated: Curated, chain: Chain, found: Reconciliation) -> None:
        self._source, self._curated, self._chain, self._found = source, curated, chain, found

    def resolve(self, order_ids: Collection[str]) -> None:
        """Add a verdict on each of these orders to the findings.

        One round is not always enough: a change that arrives during a round may belong to a writer who has changed the order
        back since then.
        """
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
                evidence = Evidence(before.get(order_id), now.get(order_id), latest.get(order_id), known.get(order_id))
                verdict = evidence.verdict(order_id in self._arrived)
                if verdict is None:
                    unclear.append(order_id)
                elif verdict != "gone":
                    self._found.add(order_id, verdict, differences(evidence.now, evidence.row))
            order_ids, known = unclear, latest
        for order_id in order_ids:
            self._found.add(order_id, "in_flight", {})  # its changes keep arriving, and each carries the whole order

    def _latest(self, order_ids: Collection[str]) -> dict[str, Version]:
        """Return the newest known version of each order.

        The arrivals are read before the curated table, so a change that is curated in between is seen at least once.
        """
        latest = dict(self._chain.pending(order_ids))
        self._arrived = set(latest)
        for order_id, version in self._curated.versions(order_ids).items():
            pending = latest.get(order_id)
            if pending is None or pending.position <= version.position:
                latest[order_id] = version
                self._arrived.discard(order_id)
        return latest


@dataclass(frozen=True)
class Evidence:
    """What one round saw of an order: its item before and after delivery, its newest version, and the version known before."""

    before: Item | None
    now: Item | None
    latest: Version | None
    known: Version | None

    @property
    def row(self) -> Row | None:
        return self.latest.row if self.latest else None

    def verdict(self, arrived: bool) -> Verdict | Literal["gone"] | None:
        """Return the verdict; ``gone`` when both sides deleted the order; None when another round is needed.

        Args:
            arrived: whether the newest version is in the raw zone but not curated yet.
        """
        if (self.now is None) == (self.row is None) and not differences(self.now, self.row):
            return "in_flight" if arrived else "matching" if self.now else "gone"
        if not same_item(self.before, self.now):
            return "in_flight"
        if self.latest != self.known:
            return None
        return "extra" if self.now is None else "missing" if self.row is None else "stale"


def same_item(one: Item | None, other: Item | None) -> bool:
    """Return whether two reads saw the same item."""
    if one is None or other is None:
        return one is other
    return {name: comparable(value) for name, value in one.items()} == {
        name: comparable(value) for name, value in other.items()
    }

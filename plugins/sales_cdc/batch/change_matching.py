"""Match the changes that the ledgers name with the change events in the landing zone. Pure.

Others write to the table too, so more may arrive than the ledgers name, interleaved with it. A ledger's changes of one order are
delivered when they are among that order's change events, in sequence, each with its event type and the values that were set, and none
older than the run that wrote it. Each event matches one change only, over all runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.contract.lines import Arrival, FailedChange, Identity, WrittenChange


@dataclass
class Delivery:
    """Hold what arrived: counts by event type, missing changes, lags in seconds, and duplicates.

    ``arrived`` has the identities of all change events of the orders that the ledgers name; ``matched`` has each delivered change with
    its event.
    """

    delivered: Counter[str] = field(default_factory=Counter)
    missing: list[WrittenChange] = field(default_factory=list)
    lags_seconds: list[float] = field(default_factory=list)
    duplicates: int = 0
    arrived: set[Identity] = field(default_factory=set)
    matched: list[tuple[WrittenChange, Arrival]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.missing

    def missing_because(self, failed: Iterable[FailedChange]) -> list[tuple[WrittenChange, FailedChange]]:
        """Pair the missing changes with the failed records that explain them.

        One record explains one change. A record that has arrived since explains none.
        """
        by_change: dict[tuple[str, str], dict[Identity, FailedChange]] = {}
        for record in failed:
            if record.identity not in self.arrived:
                of_change = by_change.setdefault((record.order_id, record.event_type), {})
                of_change.setdefault(record.identity, record)
        explained = []
        for change in self.missing:
            records = by_change.get((change.order_id, change.event_type))
            if records:
                explained.append((change, records.pop(min(records))))
        return explained

    def summary(self) -> dict[str, Any]:
        """Return the counts, ready for JSON; the lags are None when nothing was delivered."""
        lags = sorted(self.lags_seconds)
        return {
            "delivered": {kind: self.delivered[kind] for kind in EVENT_TYPES},
            "missing": len(self.missing),
            "duplicates_in_raw": self.duplicates,
            "lag_seconds": {name: quantile(lags, share) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))},
        }


def compare(written: Iterable[WrittenChange], arrivals: Iterable[Arrival]) -> Delivery:
    """Look for every written change among the arrivals of its order.

    The written changes of one run and order have to be in the order in which they were written; runs may interleave.

    Example::

        compare(written, arrivals).missing
    """
    by_run_and_order: dict[tuple[str, str], list[WrittenChange]] = {}
    for change in written:
        by_run_and_order.setdefault((change.run, change.order_id), []).append(change)
    histories, duplicates = _histories(arrivals, {order_id for _, order_id in by_run_and_order})
    delivery = Delivery(duplicates=duplicates)
    delivery.arrived = {arrival.identity for history in histories.values() for arrival in history}
    taken: set[Identity] = set()
    for (_, order_id), changes in sorted(by_run_and_order.items(), key=lambda entry: entry[1][0].since):
        _match(changes, histories.get(order_id, []), taken, delivery)
    return delivery


def _histories(arrivals: Iterable[Arrival], order_ids: set[str]) -> tuple[dict[str, list[Arrival]], int]:
    """Return the orders' distinct arrivals, as they happened, and the number of duplicates."""
    distinct: dict[Identity, Arrival] = {}
    duplicates = 0
    for arrival in arrivals:
        if arrival.order_id not in order_ids:
            continue
        if arrival.identity in distinct:
            duplicates += 1
            continue
        distinct[arrival.identity] = arrival
    histories: dict[str, list[Arrival]] = {}
    for identity in sorted(distinct):
        histories.setdefault(identity[0], []).append(distinct[identity])
    return histories, duplicates


def _match(
    changes: Sequence[WrittenChange], history: Sequence[Arrival], taken: set[Identity], delivery: Delivery
) -> None:
    """Match the changes, in order, with the earliest events of the history that no other change has taken."""
    position = 0
    for change in changes:
        free = (at for at in range(position, len(history)) if history[at].identity not in taken)
        found = next((at for at in free if history[at].shows(change)), None)
        if found is None:
            delivery.missing.append(change)
            continue
        position = found + 1
        taken.add(history[found].identity)
        delivery.matched.append((change, history[found]))
        delivery.delivered[change.event_type] += 1
        delivery.lags_seconds.append(history[found].lag_seconds)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the nearest-rank quantile of sorted values, rounded to milliseconds; None when there are none."""
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return round(ordered[rank - 1], 3)

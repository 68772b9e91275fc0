"""Account for every written change, hop by hop. Pure: no Airflow, no AWS client.

A batch run accounts for the changes of the generate runs that it waits for. It looks for each change by order, in sequence, with its
values (``change_matching.compare``), never by a count. A change in ``raw/`` is delivered, one under ``errors/`` is failed, and one whose
position is in the pipe's dead-letter queue is dropped. A change in none of the three is unaccounted for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sales_cdc.batch.change_matching import Delivery, quantile
from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.contract.lines import FailedChange, Identity, WrittenChange

MAX_NAMED = 10
SHARES = (0.5, 0.99, 1.0)


@dataclass(frozen=True)
class Entry:
    """Hold the counts of one event type.

    ``lags`` has the seconds from commit to S3, then to the curated tables: p50, p99 and max of each; None when no change came so far.
    """

    event_type: str
    written: int
    delivered: int
    failed: int
    dropped: int
    curated: int
    lags: tuple[float | None, ...]

    @property
    def captured(self) -> int:
        """Return how many changes the pipe read from the table's stream, wherever they ended."""
        return self.delivered + self.failed + self.dropped


@dataclass(frozen=True)
class Account:
    """Hold the entries by event type, and the changes that are unaccounted for."""

    entries: Sequence[Entry]
    unaccounted: Sequence[WrittenChange]


def account(
    written: Iterable[WrittenChange],
    delivery: Delivery,
    failed: Iterable[FailedChange],
    dropped: Iterable[FailedChange],
    curated: Collection[Identity],
    curated_at: datetime,
) -> Account:
    """Account for every written change.

    Args:
        written: the changes of the generate runs.
        delivery: what ``change_matching.compare`` found of them in ``raw/``.
        failed: the records under ``errors/``.
        dropped: the stream's records at the positions in the dead-letter queue.
        curated: the identities of the changes in the curated tables.
        curated_at: a time by which they were there.

    Example::

        account(written, compare(written, arrivals), failed, dropped, curated, datetime.now(UTC)).unaccounted
    """
    written_by_type = Counter(change.event_type for change in written)
    failures, rest = _explained(delivery, failed)
    drops, unaccounted = _explained(Delivery(missing=rest, arrived=delivery.arrived), dropped)
    entries = []
    for event_type in EVENT_TYPES:
        arrivals = [arrival for change, arrival in delivery.matched if change.event_type == event_type]
        landed = [arrival for arrival in arrivals if arrival.identity in curated]
        raw = [arrival.lag_seconds for arrival in arrivals]
        lags = raw, [(curated_at - arrival.committed_at).total_seconds() for arrival in landed]
        entries.append(
            Entry(
                event_type=event_type,
                written=written_by_type[event_type],
                delivered=len(arrivals),
                failed=failures[event_type],
                dropped=drops[event_type],
                curated=len(landed),
                lags=tuple(quantile(sorted(seconds), share) for seconds in lags for share in SHARES),
            )
        )
    return Account(entries, unaccounted)


def _explained(delivery: Delivery, records: Iterable[FailedChange]) -> tuple[Counter[str], list[WrittenChange]]:
    """Return how many missing changes of each type the records explain, and the changes that none explains."""
    explained = [change for change, _ in delivery.missing_because(records)]
    known = {id(change) for change in explained}
    rest = [change for change in delivery.missing if id(change) not in known]
    return Counter(change.event_type for change in explained), rest


def as_document(run_id: str, found: Account) -> dict[str, Any]:
    """Return what the verdict needs of an account: how many changes are unaccounted for, the first of them, and since when."""
    lost = found.unaccounted
    return {
        "run_id": run_id,
        "unaccounted": len(lost),
        "orders": [each.order_id for each in lost[:MAX_NAMED]],
        "since": min(each.since for each in lost).isoformat() if lost else None,
    }


def as_rows(found: Account) -> tuple[list[str], list[list[str]]]:
    """Return the entries as the header and rows of a table for people."""
    header = ["event type", "written", "captured", "delivered", "failed", "dropped", "curated"]
    header += [f"{name} to {place}" for place in ("S3", "curated") for name in ("p50", "p99", "max")]
    rows = []
    for entry in found.entries:
        counts = (entry.written, entry.captured, entry.delivered, entry.failed, entry.dropped, entry.curated)
        lags = ["" if lag is None else f"{lag:,.1f} s" for lag in entry.lags]
        rows.append([entry.event_type, *(f"{count:,}" for count in counts), *lags])
    return header, rows

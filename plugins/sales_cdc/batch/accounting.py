"""Is every change that was written accounted for, hop by hop? Pure: no Airflow, no AWS client.

What a run answers for are the changes of the generate runs that it waits for. Each is looked for by order, in sequence, with its
values (``delivery.compare``), never by a count: delivered are those in ``raw/``; failed those that lie under ``errors/``, dropped
those whose position the pipe left in its dead-letter queue. What is in none of the three is unaccounted for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sales_cdc.batch.change_matching import Delivery, quantile
from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.contract.lines import FailedChange, WrittenChange

SHARES = (0.5, 0.99, 1.0)


@dataclass(frozen=True)
class Entry:
    """One event type's row. ``lags``: seconds from commit to S3, then to the curated tables, p50, p99 and max of each; None when
    nothing came so far."""

    event_type: str
    written: int
    delivered: int
    failed: int
    dropped: int
    curated: int
    lags: tuple[float | None, ...]

    @property
    def captured(self) -> int:
        """What came out of the table's stream, wherever it ended."""
        return self.delivered + self.failed + self.dropped


@dataclass(frozen=True)
class Account:
    """All entries, and the changes that are in none."""

    entries: Sequence[Entry]
    unaccounted: Sequence[WrittenChange]


def account(
    written: Iterable[WrittenChange],
    delivery: Delivery,
    failed: Iterable[FailedChange],
    dropped: Iterable[FailedChange],
    curated: Collection[tuple[str, str]],
    curated_at: datetime,
) -> Account:
    """Account for every written change.

    ``dropped`` are the stream's records at the positions in the dead-letter queue. ``curated`` holds the identities of the
    changes in the curated tables, and ``curated_at`` is when they were there at the latest.
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
    """How many missing changes of each type the records explain, and the changes that none does."""
    explained = [change for change, _ in delivery.missing_because(records)]
    known = {id(change) for change in explained}
    rest = [change for change in delivery.missing if id(change) not in known]
    return Counter(change.event_type for change in explained), rest


def as_rows(found: Account) -> tuple[list[str], list[list[str]]]:
    """The entries as a table for people."""
    header = ["event type", "written", "captured", "delivered", "failed", "dropped", "curated"]
    header += [f"{name} to {place}" for place in ("S3", "curated") for name in ("p50", "p99", "max")]
    rows = []
    for entry in found.entries:
        counts = (entry.written, entry.captured, entry.delivered, entry.failed, entry.dropped, entry.curated)
        lags = ["" if lag is None else f"{lag:,.1f} s" for lag in entry.lags]
        rows.append([entry.event_type, *(f"{count:,}" for count in counts), *lags])
    return header, rows

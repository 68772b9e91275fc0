"""Compare what the orders table holds with what the curated table shows, order by order. Pure: no Airflow, no AWS client.

Both sides give a fingerprint for each order. A hash join in files pairs the fingerprints, so memory stays bounded at any size of
the table, and each side is read once, in any order.

An order whose fingerprints differ is a suspect, not yet a finding: writers keep writing while the table is read, and their
changes need time to arrive. An item carries no commit time, so suspects are judged by evidence, in rounds. A round reads the item,
waits until the chain has delivered everything that was committed before, and reads again: the curated table, the changes that have
arrived since, and the item. What still differs then, with nothing on its way, is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from sales_cdc.contract.curated_row import fingerprint, item_row
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.reconcile import findings
from sales_cdc.reconcile.findings import Reconciliation, Verdict
from sales_cdc.reconcile.fingerprint_join import FingerprintJoin, Pair
from sales_cdc.reconcile.sides import Chain, Curated, Source
from sales_cdc.reconcile.suspects import SuspectResolver

SUSPECTS_AT_ONCE = 20_000


def reconcile(source: Source, curated: Curated, chain: Chain, cutoff: datetime) -> Reconciliation:
    """Compare every order of both sides, without the probe orders; changes committed after ``cutoff`` may be in flight.

    A finding is never a false alarm. Only one kind of difference may have to wait for the next run: an order whose last change was
    lost while earlier changes are still on their way, and whose values are those from before these changes.

    Example::

        found = reconcile(table, curated_table, chain, cutoff=datetime.now(UTC))
        found.counts["missing"], found.missing

    Raises:
        Exception: whatever ``source``, ``curated`` or ``chain`` raises. Nothing is known then.
    """
    found = Reconciliation(cutoff)
    with FingerprintJoin() as join:
        columns = frozenset(curated.columns)
        fingerprints = curated.fingerprints()  # Athena computes them while the table is scanned
        for item in source.scan():
            order_id = KEYS.of_item(item)
            if not KEYS.is_probe(order_id):
                join.add("source", order_id, fingerprint(item_row(item, columns)))
        for order_id, hashed in fingerprints:
            if not KEYS.is_probe(order_id):
                found.curated_items += 1
                join.add("curated", order_id, hashed)
        suspects = _suspects(join, found)
        while chunk := list(islice(suspects, SUSPECTS_AT_ONCE)):
            if found.differing >= findings.MAX_NAMED:
                _count(chunk, found)
            else:
                SuspectResolver(source, curated, chain, found).resolve([order_id for order_id, _, _ in chunk])
    return found


def _suspects(join: FingerprintJoin, found: Reconciliation) -> Iterator[Pair]:
    """Return the orders whose fingerprints differ or that one side lacks; count the items, and the other orders as matching."""
    for order_id, of_source, of_curated in join.pairs():
        found.source_items += of_source is not None
        if of_source and of_source == of_curated:
            found.counts["matching"] += 1
        else:
            yield order_id, of_source, of_curated


def _count(chunk: Iterable[Pair], found: Reconciliation) -> None:
    """Count suspects without judging them, because more orders differ than the report can name."""
    for _, of_source, of_curated in chunk:
        kind: Verdict = "extra" if of_source is None else "missing" if of_curated is None else "stale"
        found.counts[kind] += 1

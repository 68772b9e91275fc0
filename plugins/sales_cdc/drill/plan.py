"""Decide how many changes of each kind a drill makes, and from which seed. Pure: no Airflow, no AWS client."""

from __future__ import annotations

import hashlib

UPDATES_OF_TEN, DELETES_OF_TEN = 4, 1  # the rest are inserts


def change_counts(changes: int) -> dict[str, int]:
    """Return how many of a drill's changes are inserts, updates and deletes.

    >>> change_counts(20)
    {'inserts': 10, 'updates': 8, 'deletes': 2}
    """
    updates, deletes = changes * UPDATES_OF_TEN // 10, changes * DELETES_OF_TEN // 10
    return {"inserts": changes - updates - deletes, "updates": updates, "deletes": deletes}


def seed_of(name: str, seed: int) -> int:
    """Return a seed for the drill alone, so that no two drills write orders with the same id."""
    return int(hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()[:8], 16)

"""Turn an order's changes into versions, each with its fields before and after. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sales_cdc.contract.change_contract import METADATA, PARTITION_COLUMNS, STATE_COLUMNS
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.page.entity import ENTITY
from sales_cdc.page.views.texts import moment

FIRST_FIELDS = tuple(ENTITY.fields)
METADATA_COLUMNS = {*KEYS.columns, *METADATA, *PARTITION_COLUMNS, *STATE_COLUMNS} - {"rescued_data"}

Row = Mapping[str, str | None]


def versions(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the order's changes once each, oldest first, with their fields before and after.

    ``ended_at`` is the time of the next change; None for the newest change.
    """
    by_position = {(row.get("source_stream") or "", str(row["sequence_number"]).zfill(40)): row for row in rows}
    ordered = [by_position[position] for position in sorted(by_position)]
    found: list[dict[str, Any]] = []
    before: Row = {}
    for at, row in enumerate(ordered):
        following = ordered[at + 1] if at + 1 < len(ordered) else None
        after = {} if row["event_type"] == "REMOVE" else row
        found.append(
            {
                "event_type": row["event_type"],
                "at": moment(row["creation_time"]),
                "ended_at": moment(following["creation_time"]) if following else None,
                "actor": row.get("actor") or "user",
                "sequence_number": row["sequence_number"],
                "fields": compared(before, after),
            }
        )
        before = after
    return found


def compared(before: Row, after: Row) -> list[dict[str, Any]]:
    """Return every field that either side has, the contract's fields first; ``changed`` where the values differ."""
    names = [name for name in {**after, **before} if name not in METADATA_COLUMNS]
    names.sort(key=lambda name: (FIRST_FIELDS.index(name) if name in FIRST_FIELDS else len(FIRST_FIELDS), name))
    fields = [
        {"name": name, "before": before.get(name), "after": after.get(name), "changed": _differ(before, after, name)}
        for name in names
    ]
    return [each for each in fields if each["before"] is not None or each["after"] is not None]


def _differ(before: Row, after: Row, name: str) -> bool:
    """Return whether a field differs; numbers compare as numbers, because the crawled 10.5 is the curated 10.50."""
    old, new = before.get(name), after.get(name)
    if old is None or new is None:
        return old != new
    try:
        return Decimal(old) != Decimal(new)
    except InvalidOperation:
        return old != new

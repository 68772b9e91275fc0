"""Turn an order's changes into versions, each with its fields before and after. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sales_cdc.contract.change_contract import METADATA, PARTITION_COLUMNS, STATE_COLUMNS
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.page.entity import ENTITY
from sales_cdc.page.views.order_filter import PAGE_SIZE
from sales_cdc.page.views.texts import moment

FIRST_FIELDS = tuple(ENTITY.fields)
NUMBER, TOTAL = "page_number", "page_total"
OWN_COLUMNS = {NUMBER, TOTAL, "page_copy"}  # of the statements, not of the order
METADATA_COLUMNS = {*OWN_COLUMNS, *KEYS.columns, *METADATA, *PARTITION_COLUMNS, *STATE_COLUMNS} - {"rescued_data"}

Row = Mapping[str, str | None]


def versions(rows: Sequence[Row], size: int = PAGE_SIZE) -> list[dict[str, Any]]:
    """Return the order's changes, newest first, with their fields before and after.

    The first change that was captured has no known state before it, unless it is the insert.

    Of more than ``size`` rows the oldest is no version of the page: it only says what was before the others. So no version is compared
    with nothing while there is a change before it.
    """
    ordered = sorted(rows, key=lambda row: int(row[NUMBER] or 0))
    found: list[dict[str, Any]] = []
    before: Row = {}
    for row in ordered:
        after = {} if row["event_type"] == "REMOVE" else row
        found.append(
            {
                "number": int(row[NUMBER] or 0),
                "event_type": row["event_type"],
                "at": moment(row["creation_time"]),
                "actor": row.get("actor") or "user",
                "sequence_number": row["sequence_number"],
                "is_before_known": bool(found) or row["event_type"] == "INSERT",
                "fields": compared(before, after),
                "row": {name: text for name, text in row.items() if text is not None and name not in OWN_COLUMNS},
            }
        )
        before = after
    return list(reversed(found[-size:]))


def total_of(rows: Sequence[Row]) -> int:
    """Return how many there are in all, of which these rows are some; 0 when there is none."""
    return int(rows[0][TOTAL] or 0) if rows else 0


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

"""Name the tables and views that every batch leaves in the database. Pure."""

from __future__ import annotations

from collections.abc import Collection

from sales_cdc.contract.declared import declared_contract

CONTRACT = declared_contract()
EXPECTED = (
    CONTRACT.raw_table,
    *(CONTRACT.table(part) for part in ("changes", "current")),
    CONTRACT.view,
    CONTRACT.table("history"),
    *(CONTRACT.table(part) for part in ("quarantine", "intake")),
)


def gone(names: Collection[str]) -> list[str]:
    """Return which of the expected tables are not among the names."""
    return [name for name in EXPECTED if name not in names]


def listed(names: Collection[str]) -> str:
    """Return names as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last

"""Keep which orders hold a rescued value, so that a day reads no more than the orders that changed. Pure.

The ledger has the orders as the batch found them whose gate moved the watermark last. Of the days that have changed since then, a query
returns the orders that hold a value now, and those that held one. All others are as they were. Without such a document, and where more
orders hold a value than a query shows, all orders are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sales_cdc.aws.athena import MAX_ROWS
from sales_cdc.contract.order_keys import KEYS

MAX_NAMED = 20


@dataclass(frozen=True)
class RescuedOrders:
    """Hold which orders have a rescued value, by id with the time of their last change.

    ``run_id``: of the batch that moved the watermark to which this belongs. ``count``: how many there are; more than ``orders`` has when
    these are too many to name all.
    """

    run_id: str
    orders: Mapping[str, str]
    count: int
    since: str | None = None
    newest: str | None = None

    @classmethod
    def of(cls, document: Any) -> RescuedOrders | None:
        """Read its document; None when there is none, or when it is damaged."""
        try:
            orders = {str(order): str(at) for order, at in document["orders"].items()}
            return cls(
                str(document["run_id"]), orders, int(document["count"]), document.get("since"), document.get("newest")
            )
        except (TypeError, ValueError, KeyError, AttributeError):
            return None

    def document(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        named = {"run_id": self.run_id, "orders": dict(self.orders), "count": self.count}
        return named | {"since": self.since, "newest": self.newest}

    @property
    def names_all(self) -> bool:
        return self.count == len(self.orders)

    def firsts(self) -> list[str]:
        """Return the first column of each order's key: what the query compares."""
        return sorted({KEYS.texts(order)[0] for order in self.orders})

    def after(self, run_id: str, rows: Sequence[Sequence[Any]]) -> RescuedOrders | None:
        """Return what holds after a day: the rows are those of the query of the day; None when it has more rows than it shows."""
        if not _is_whole(rows):
            return None
        asked = {KEYS.of_texts(row): row for row in rows}
        kept = {order: at for order, at in self.orders.items() if order not in asked}
        now = {order: _utc(row[-5]) for order, row in asked.items() if _is_true(row[-4])}
        orders = kept | now
        if len(orders) > MAX_ROWS:
            return None
        return RescuedOrders(run_id, orders, len(orders), min(orders.values(), default=None), max(orders.values(), default=None))  # fmt: skip

    @classmethod
    def of_all(cls, run_id: str, rows: Sequence[Sequence[Any]]) -> RescuedOrders:
        """Return what a query of all orders found."""
        if not rows:
            return cls(run_id, {}, 0)
        *_, count, since, newest = rows[0]
        orders = {KEYS.of_texts(row): _utc(row[-5]) for row in rows}
        return cls(run_id, orders, int(count), _utc(since), _utc(newest))

    def open(self) -> dict[str, Any]:
        """Return how many orders hold a rescued value, those that changed last, and between which times they got it."""
        if not self.count:
            return {"orders": 0, "keys": []}
        newest_first = sorted(sorted(self.orders), key=lambda order: self.orders[order], reverse=True)
        return {"orders": self.count, "keys": newest_first[:MAX_NAMED], "since": self.since, "newest": self.newest}


def _is_whole(rows: Sequence[Sequence[Any]]) -> bool:
    return not rows or int(rows[0][-3]) == len(rows)


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _utc(value: Any) -> str:
    """Return a timestamp of Athena, which is in UTC without saying so, in ISO-8601."""
    return datetime.fromisoformat(str(value).removesuffix(" UTC")).replace(tzinfo=UTC).isoformat()

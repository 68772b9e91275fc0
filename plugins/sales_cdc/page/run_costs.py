"""Forecast what one run of a DAG costs on AWS, from what the deployment holds now. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from sales_cdc.cost.forecast import ORDER_BYTES, PLAIN_WRITE, Usage, forecast
from sales_cdc.cost.prices import REGION, prices_of

DRILL_CHANGES = 20_000
WRITES_PER_REPAIR = 2
CENT, MARGIN = Decimal("0.01"), Decimal("1.2")


@dataclass(frozen=True)
class Holdings:
    """What the deployment holds: orders and their bytes, orders that differ, records that failed."""

    orders: int = 0
    table_bytes: int = 0
    differing: int = 0
    failed: int = 0
    region: str = REGION

    @property
    def item_bytes(self) -> int:
        return max(1, self.table_bytes // self.orders) if self.orders else ORDER_BYTES


def dollars_of(name: str, held: Holdings) -> Decimal:
    """Return the dollars of one run of the DAG ``sales_cdc_<name>``.

    Example::

        dollars_of("batch", Holdings(orders=500, table_bytes=100_000))
    """
    return COSTS[name](held)


def ceiling(dollars: Decimal) -> Decimal:
    """Return the amount that a user confirms: the forecast with a fifth more, because orders come in meanwhile, in whole cents."""
    return (dollars * MARGIN).quantize(CENT, ROUND_UP)


def _setup(held: Holdings) -> Decimal:
    """Return what the pipeline costs on its first day without a change: the run itself costs next to nothing."""
    return forecast(Usage(0, Decimal(1), batches_per_day=1), held.region).dollars


def _batch(held: Holdings) -> Decimal:
    """Return what one more batch a day adds to a day."""
    once, more = (_day(held, batches) for batches in (1, 2))
    return more - once


def _day(held: Holdings, batches: int) -> Decimal:
    usage = Usage(held.orders, Decimal(1), held.item_bytes, table_bytes=held.table_bytes, batches_per_day=batches)
    return forecast(usage, held.region).dollars


def _reconcile(held: Holdings) -> Decimal:
    price = prices_of(held.region)[1]["athena_scan"]
    scan = Usage(held.orders, Decimal(1), held.item_bytes).scanned(1) * price.dollars / price.per
    return forecast(Usage(0, read_bytes=held.table_bytes), held.region).dollars + scan


def _repair(held: Holdings) -> Decimal:
    touches = Usage(WRITES_PER_REPAIR * held.differing, item_bytes=held.item_bytes, units_per_write=PLAIN_WRITE)
    return forecast(touches, held.region).dollars + _batch(held)


def _backfill(held: Holdings) -> Decimal:
    usage = Usage(held.orders, item_bytes=held.item_bytes, units_per_write=PLAIN_WRITE, read_bytes=held.table_bytes)
    return forecast(usage, held.region).dollars


def _drill(held: Holdings) -> Decimal:
    return forecast(Usage(DRILL_CHANGES), held.region).dollars + _batch(held) + _reconcile(held)


def _redrive(held: Holdings) -> Decimal:
    return forecast(Usage(held.failed), held.region).dollars


COSTS: dict[str, Callable[[Holdings], Decimal]] = {
    "setup": _setup,
    "batch": _batch,
    "reconcile": _reconcile,
    "repair": _repair,
    "redrive": _redrive,
    "backfill": _backfill,
    "drill": _drill,
}

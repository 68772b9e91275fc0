"""Plan inserts, updates and deletes of orders, the same for the same seed. Pure: no Airflow, no AWS client, no clock.

The plan is complete before anything is written: first all inserts, then updates of live orders, then deletes. Each change holds the
values that it replaces, so that it is written exactly once, and never over somebody else's change.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any

from sales_cdc.contract.change_contract import EventType

Value = str | int | Decimal

LAPTOP = "laptop"
LAPTOP_QUANTITY = 5
LAPTOPS_BY_FIVE_EVERY = 50
CATALOGUE_CENTS = {
    LAPTOP: (79_900, 249_900),
    "phone": (29_900, 119_900),
    "monitor": (14_900, 69_900),
    "desk": (19_900, 89_900),
    "chair": (8_900, 49_900),
    "headset": (3_900, 29_900),
    "keyboard": (2_900, 17_900),
    "mouse": (900, 9_900),
}
FOREIGN_PRODUCT_CENTS = (500, 50_000)
POPULARITY = (8, 6, 4, 2, 3, 4, 3, 4)
STATUSES = ("placed", "paid", "shipped", "delivered", "returned")
QUANTITIES = range(1, 11)
CUSTOMERS = 100
MAX_CHANGES = 10_000_000
"""Of a kind in one run: the plan is one object of the bucket, and the orders that it changes are kept in memory."""
REVISED = ("quantity", "price", "order_status")
REVISIONS: tuple[tuple[str, ...], ...] = (("quantity",), ("price",), ("order_status",), ("quantity", "price"))


class WorkloadError(ValueError):
    """Raised when the workload cannot be planned as asked for; nothing was written."""


@dataclass(frozen=True)
class Workload:
    """Hold how many changes of each kind to make, drawn from ``seed``.

    Raises:
        WorkloadError: a count is negative, above ``MAX_CHANGES`` or no whole number, or the seed is no whole number.

    Example::

        list(plan_changes(Workload(seed=1, inserts=500, updates=100), live={}))
    """

    seed: int
    inserts: int = 0
    updates: int = 0
    deletes: int = 0

    def __post_init__(self) -> None:
        for name, least in (("seed", None), ("inserts", 0), ("updates", 0), ("deletes", 0)):
            value = getattr(self, name)
            if type(value) is not int or (least is not None and value < least):
                rule = "a whole number" if least is None else f"a whole number, {least} or more"
                raise WorkloadError(f"{name} is {value!r}: it has to be {rule}. Nothing was written.")
            if least is not None and value > MAX_CHANGES:
                raise WorkloadError(
                    f"{name} is {value:,}: one run makes at most {MAX_CHANGES:,} changes of a kind. Nothing was written."
                )

    @property
    def counts(self) -> dict[EventType, int]:
        """Return the counts by event type, in the order in which the changes are written."""
        return {"INSERT": self.inserts, "MODIFY": self.updates, "REMOVE": self.deletes}


def require_rate(rate_per_second: float | Decimal | None) -> None:
    """Refuse a rate that is no finite number above 0; None means as fast as possible.

    A form's ``exclusiveMinimum`` accepts NaN and Infinity.

    Raises:
        WorkloadError: the rate is no finite number above 0.
    """
    if rate_per_second is not None and not 0 < rate_per_second < float("inf"):
        raise WorkloadError(
            f"rate_per_second is {rate_per_second}: it has to be a finite number above 0, or empty for as fast as the table "
            "takes changes. Nothing was written."
        )


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """Hold what the table has of one order now; ``order_status`` is None when the item has none."""

    product_name: str
    quantity: int
    price: Decimal
    order_status: str | None = None

    def attributes(self) -> dict[str, Value]:
        known: dict[str, Value] = {
            "product_name": self.product_name,
            "quantity": self.quantity,
            "price": self.price,
        }
        return known if self.order_status is None else {**known, "order_status": self.order_status}


@dataclass(frozen=True, slots=True)
class Change:
    """Hold one change to write.

    ``n`` is its place in the plan, from 0. ``set`` has the attributes that get new values: all but the key for an INSERT, none for a
    REMOVE. ``expected`` has what the order must hold for the change to be written: the old values of the attributes set; none for an
    INSERT, which expects no order; for a REMOVE the values that updates change.
    """

    n: int
    event_type: EventType
    order_id: str
    set: Mapping[str, Value] = field(default_factory=dict)
    expected: Mapping[str, Value] = field(default_factory=dict)


def plan_changes(
    workload: Workload, live: Mapping[str, LiveOrder], taken: Collection[str] = frozenset()
) -> Iterator[Change]:
    """Return the changes in the order in which they have to be written; equal arguments give equal changes.

    The iterator is lazy, so that a plan need not fit into memory. Orders inserted by the plan may be changed and deleted by it too.

    Args:
        live: the orders that may be changed, by id.
        taken: further ids that no insert may use.

    Raises:
        WorkloadError: there are fewer live orders than deletes, or none to update; raised by the call, not by the iterator.
    """
    available = len(live) + workload.inserts
    found = f"{len(live)} in the table and {workload.inserts} inserted by this run"
    if workload.updates and not available:
        raise WorkloadError(
            f"updates is {workload.updates}, but there is no live order to update ({found}). Nothing was written. "
            "Ask for inserts too, or insert some first."
        )
    if workload.deletes > available:
        raise WorkloadError(
            f"deletes is {workload.deletes}, but only {available} orders could be deleted ({found}). Nothing was "
            f"written. Ask for at most {available} deletes, or for more inserts."
        )
    return _draw(workload, dict(live), taken)


def _draw(workload: Workload, orders: dict[str, LiveOrder], taken: Collection[str]) -> Iterator[Change]:
    """Draw every change; keep ``orders`` as the table will be after it."""
    n = 0
    for order_id, order, customer in _new_orders(workload, orders, taken):
        orders[order_id] = order
        yield Change(n, "INSERT", order_id, {**order.attributes(), "customer": customer})
        n += 1
    rng = Random(f"{workload.seed}:updates")
    for order_id in islice(_victims(rng, orders), workload.updates):
        order = orders[order_id]
        revised = _revise(rng, order)
        old = order.attributes()
        orders[order_id] = replace(order, **revised)
        yield Change(n, "MODIFY", order_id, revised, {name: old[name] for name in revised})
        n += 1
    if workload.deletes:
        for order_id in Random(f"{workload.seed}:deletes").sample(sorted(orders), workload.deletes):
            old = orders[order_id].attributes()
            yield Change(n, "REMOVE", order_id, {}, {name: old[name] for name in REVISED if name in old})
            n += 1


def _new_orders(
    workload: Workload, orders: Mapping[str, LiveOrder], taken: Collection[str]
) -> Iterator[tuple[str, LiveOrder, str]]:
    """Yield new orders under ids that the table does not hold yet, and their customers."""
    ids = Random(f"{workload.seed}:ids")
    rng = Random(f"{workload.seed}:orders")
    customers = _customers(workload) if workload.inserts else []
    made = 0
    while made < workload.inserts:
        order_id = str(uuid.UUID(int=ids.getrandbits(128), version=4))
        if order_id in orders or order_id in taken:
            continue
        yield order_id, _new_order(rng, laptops_by_five=made % LAPTOPS_BY_FIVE_EVERY == 0), rng.choice(customers)
        made += 1


def _customers(workload: Workload) -> list[str]:
    from faker import Faker  # here, because a DAG file is parsed every minute and would load it each time

    fake = Faker("en_US", use_weighting=False)
    fake.seed_instance(workload.seed)
    return [fake.company() for _ in range(CUSTOMERS)]


def _new_order(rng: Random, *, laptops_by_five: bool) -> LiveOrder:
    product = LAPTOP if laptops_by_five else rng.choices(tuple(CATALOGUE_CENTS), POPULARITY)[0]
    quantity = LAPTOP_QUANTITY if laptops_by_five else rng.choice(QUANTITIES)
    return LiveOrder(product, quantity, _price(rng, product), STATUSES[0])


def _price(rng: Random, product: str) -> Decimal:
    low, high = CATALOGUE_CENTS.get(product, FOREIGN_PRODUCT_CENTS)
    return Decimal(rng.randrange(low, high)).scaleb(-2)


def _victims(rng: Random, orders: Mapping[str, LiveOrder]) -> Iterator[str]:
    """Yield orders to update, without end, in waves of a third of them.

    Some orders change often, some once, some never. No wave has an order more than once, so a wave can be written in any order.
    """
    ids = sorted(orders)
    while True:
        yield from rng.sample(ids, -(-len(ids) // 3))


def _revise(rng: Random, order: LiveOrder) -> dict[str, Any]:
    """Return new values for one or two attributes, each different from the old one."""
    revised: dict[str, Any] = {}
    for name in rng.choice(REVISIONS):
        if name == "price":
            revised["price"] = _other_price(rng, order)
        elif name == "order_status" and order.order_status in STATUSES[:-1]:
            revised["order_status"] = STATUSES[STATUSES.index(order.order_status) + 1]
        else:
            revised["quantity"] = _other_quantity(rng, order)
    return revised


def _other_price(rng: Random, order: LiveOrder) -> Decimal:
    price = _price(rng, order.product_name)
    return price if price != order.price else price + Decimal("0.01")


def _other_quantity(rng: Random, order: LiveOrder) -> int:
    """Return another quantity; for laptops often 5, so that the brief's select on ``quantity=5`` has rows."""
    if order.product_name == LAPTOP and order.quantity != LAPTOP_QUANTITY and rng.randrange(3) == 0:
        return LAPTOP_QUANTITY
    return rng.choice([quantity for quantity in QUANTITIES if quantity != order.quantity])

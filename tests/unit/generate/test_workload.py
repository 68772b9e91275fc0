"""Test that planned changes are deterministic, change something, and start from the orders' real values."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.generate.workload import Change, LiveOrder, Workload, WorkloadError, plan_changes

PLACED = LiveOrder("laptop", 5, Decimal("999.00"), "placed")


def planned(
    workload: Workload, live: dict[str, LiveOrder] | None = None, taken: frozenset[str] = frozenset()
) -> list[Change]:
    return list(plan_changes(workload, live or {}, taken))


def test_the_same_seed_and_orders_give_the_same_changes() -> None:
    workload = Workload(7, inserts=150, updates=90, deletes=40)
    assert planned(workload) == planned(workload)
    assert planned(workload) != planned(replace(workload, seed=8))


def test_the_order_of_the_live_orders_does_not_matter() -> None:
    live = {f"order-{n}": replace(PLACED, quantity=n) for n in range(9)}
    workload = Workload(7, inserts=5, updates=20, deletes=9)
    assert planned(workload, live) == planned(workload, dict(reversed(live.items())))


def test_inserts_come_first_then_updates_then_deletes_numbered_from_zero() -> None:
    changes = planned(Workload(1, inserts=30, updates=20, deletes=10))
    assert [change.event_type for change in changes] == ["INSERT"] * 30 + ["MODIFY"] * 20 + ["REMOVE"] * 10
    assert [change.n for change in changes] == list(range(60))


def test_every_hundred_inserts_hold_laptops_by_five_and_many_laptops() -> None:
    for seed in range(20):
        orders = [change.set for change in planned(Workload(seed, inserts=100))]
        assert sum(order["product_name"] == "laptop" for order in orders) >= 10
        assert any((order["product_name"], order["quantity"]) == ("laptop", 5) for order in orders)


def test_updates_turn_laptops_to_and_from_five() -> None:
    changes = planned(Workload(3, inserts=500, updates=300))
    laptops = {change.order_id for change in changes if change.set.get("product_name") == "laptop"}
    updates = [change for change in changes if change.event_type == "MODIFY" and change.order_id in laptops]
    assert any(change.set.get("quantity") == 5 for change in updates)
    assert any(change.expected.get("quantity") == 5 for change in updates)


def test_some_orders_change_more_than_once_and_some_never() -> None:
    updates = Counter(change.order_id for change in planned(Workload(1, inserts=90, updates=60))[90:])
    assert max(updates.values()) > 1
    assert len(updates) < 90


def test_prices_have_two_decimal_places() -> None:
    prices = [change.set["price"] for change in planned(Workload(2, inserts=200, updates=200)) if "price" in change.set]
    assert {-price.as_tuple().exponent for price in prices if isinstance(price, Decimal)} == {2}
    assert all(isinstance(price, Decimal) and price > 0 for price in prices)


def test_inserts_skip_ids_that_the_table_holds_the_same_way_each_time() -> None:
    first = [change.order_id for change in planned(Workload(7, inserts=20))]
    live = dict.fromkeys(first[:10], PLACED)
    again = [change.order_id for change in planned(Workload(7, inserts=20), live, frozenset(first[10:15]))]
    assert again[:5] == first[15:]
    assert not set(again) & set(first[:15])
    assert again == [change.order_id for change in planned(Workload(7, inserts=20), live, frozenset(first[10:15]))]


@given(
    seed=st.integers(),
    inserts=st.integers(0, 30),
    updates=st.integers(0, 120),
    deletes=st.integers(0, 40),
    live=st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.builds(
            LiveOrder,
            st.sampled_from(["laptop", "desk", "something of others"]),
            st.integers(-5, 12),
            st.decimals("0", "99999", places=2),
            st.sampled_from(["placed", "returned", "unheard of", None]),
        ),
        max_size=12,
    ),
)
def test_every_expectation_holds_when_the_plan_is_replayed(
    seed: int, inserts: int, updates: int, deletes: int, live: dict[str, LiveOrder]
) -> None:
    workload = Workload(seed, inserts, updates if live or inserts else 0, min(deletes, inserts + len(live)))
    table = {order_id: order.attributes() for order_id, order in live.items()}
    for change in plan_changes(workload, live):
        if change.event_type == "INSERT":
            assert change.order_id not in table
            table[change.order_id] = dict(change.set)
            continue
        order = table[change.order_id]
        assert change.expected.items() <= order.items()
        assert all(order[name] != value for name, value in change.set.items())
        assert bool(change.set) == (change.event_type == "MODIFY")
        order.update(change.set)
        if change.event_type == "REMOVE":
            del table[change.order_id]
    assert len(table) == len(live) + inserts - workload.deletes


def test_more_deletes_than_orders_are_refused_before_the_first_change() -> None:
    with pytest.raises(WorkloadError, match=r"deletes is 5, but only 4 .*1 in the table and 3 inserted.* at most 4"):
        plan_changes(Workload(1, inserts=3, deletes=5), {"order": PLACED})


def test_updates_without_any_order_are_refused_before_the_first_change() -> None:
    with pytest.raises(WorkloadError, match="no live order to update"):
        plan_changes(Workload(1, updates=1), {})


@pytest.mark.parametrize(
    ("name", "value"),
    [("inserts", -1), ("updates", -3), ("deletes", 1.5), ("inserts", True), ("seed", "7"), ("seed", None)],
)
def test_a_wrong_count_or_seed_is_named(name: str, value: object) -> None:
    with pytest.raises(WorkloadError, match=f"{name} is {value!r}: it has to be a whole number"):
        Workload(**{"seed": 1, name: value})  # type: ignore[arg-type]

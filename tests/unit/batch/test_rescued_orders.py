"""Day by day, the ledger knows which orders hold a rescued value as a query of all orders would."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.batch import rescued_orders
from sales_cdc.batch.rescued_orders import RescuedOrders

ORDERS = st.sampled_from(["a", "b", "c", "d"])
STATES = st.sampled_from(["rescued", "plain", "deleted"])
DAYS = st.lists(st.dictionaries(ORDERS, STATES, max_size=4), min_size=1, max_size=6)


def query(orders: dict[str, tuple[str, str]], *, limit: int = 999) -> list[list[Any]]:
    """Return what the statement does for these orders, each with its state and its time; the newest first."""
    newest_first = sorted(sorted(orders), key=lambda order: orders[order][1], reverse=True)
    times = sorted(at for _, at in orders.values())
    return [
        [order, orders[order][1], orders[order][0] == "rescued", len(orders), times[0], times[-1]]
        for order in newest_first[:limit]
    ]


def ask_all(table: dict[str, tuple[str, str]], *, limit: int = 999) -> list[list[Any]]:
    return query({order: each for order, each in table.items() if each[0] == "rescued"}, limit=limit)


@given(DAYS)
def test_the_days_together_know_what_a_query_of_all_orders_knows(days: list[dict[str, str]]) -> None:
    table: dict[str, tuple[str, str]] = {}
    known = RescuedOrders.of_all("run-0", ask_all(table))
    for number, day in enumerate(days):
        changed = {order: (state, f"2026-11-{number + 1:02} 10:00:00.000") for order, state in day.items()}
        table |= changed
        asked = {order: each for order, each in changed.items() if each[0] == "rescued" or order in known.firsts()}
        after = known.after(f"run-{number}", query(asked))
        assert after is not None
        known = RescuedOrders.of(after.document()) or known
        assert known.document() == RescuedOrders.of_all(f"run-{number}", ask_all(table)).document()


def test_more_orders_than_a_query_shows_are_counted_and_asked_again() -> None:
    table = {f"order-{number:04}": ("rescued", "2026-11-20 08:00:00.000 UTC") for number in range(1200)}
    found = RescuedOrders.of_all("run-1", ask_all(table, limit=999))
    assert (found.count, found.names_all) == (1200, False)
    assert RescuedOrders.of_all("run-1", []).after("run-2", ask_all(table, limit=999)) is None


def test_a_day_that_makes_the_orders_too_many_to_name_asks_for_all() -> None:
    known = RescuedOrders("run-1", {f"order-{number}": "2026-11-20T08:00:00+00:00" for number in range(999)}, 999)
    assert known.after("run-2", query({"one more": ("rescued", "2026-11-21 08:00:00.000")})) is None


def test_the_report_names_the_newest_and_counts_all() -> None:
    table = {"a": ("rescued", "2026-11-25 10:00:00.000"), "b": ("rescued", "2026-11-20 08:00:00.000 UTC")}
    assert RescuedOrders.of_all("run-1", ask_all(table)).open() == {
        "orders": 2,
        "keys": ["a", "b"],
        "since": "2026-11-20T08:00:00+00:00",
        "newest": "2026-11-25T10:00:00+00:00",
    }
    assert RescuedOrders.of_all("run-1", []).open() == {"orders": 0, "keys": []}


def test_a_damaged_document_is_none() -> None:
    for document in (None, [], {}, {"run_id": "x", "orders": [], "count": 0}, {"run_id": "x", "orders": {}}):
        assert RescuedOrders.of(document) is None
    assert rescued_orders.MAX_ROWS == 999

"""Test what the page calls an entity and its fields."""

from __future__ import annotations

from pathlib import Path

from sales_cdc.contract.declared import declared_contract
from sales_cdc.page.entity import PageEntity

from tests.unit.contract.invoices import contract_of


def test_orders_are_called_as_ever() -> None:
    orders = PageEntity(declared_contract())
    assert (orders.title, orders.one, orders.search_label) == (
        "Orders",
        "order",
        "Order id, its beginning, or a product's name",
    )
    shown = orders.as_json()
    assert [(field["label"], field["is_number"]) for field in shown["fields"]] == [
        ("Product", False),
        ("Quantity", True),
        ("Price", True),
    ]
    assert (shown["is_orders"], shown["is_pair"]) == (True, False)


def test_another_entity_has_its_own_words_and_first_fields(tmp_path: Path) -> None:
    fields = [{"attribute": "open_since", "type": "timestamp"}, {"attribute": "weight", "type": "double"}]
    other = PageEntity(contract_of(tmp_path, entity="open_deliveries", fields=fields))
    assert (other.title, other.one, other.search_label) == (
        "Open deliveries",
        "open delivery",
        "Open delivery id or its beginning",
    )
    assert other.as_json()["is_pair"]
    assert other.values({"open_since": "2026-01-01", "more": "x"}) == {"open_since": "2026-01-01", "weight": None}

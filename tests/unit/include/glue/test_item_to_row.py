"""Reconciliation knows what becomes of an item: the same row as through the transformer and the job, and the same fingerprint."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from raw_lines import LineParser
from sales_cdc.contract.curated_row import differences, event_row, item_row

from tests.unit.include import items
from tests.unit.include.glue.conftest import ORDERS

fields = st.fixed_dictionaries(
    {},
    optional={
        "product_name": st.one_of(items.texts.map(lambda text: {"S": text}), st.sampled_from([{"NULL": True}, {"N": "5"}])),
        "quantity": st.one_of(
            st.integers(-(2**63), 2**63).map(lambda number: {"N": str(number)}),
            st.sampled_from([{"N": "2.0"}, {"N": "-0"}, {"N": "1E+3"}, {"N": "2.5"}, {"S": "5"}]),
        ),
        "price": st.one_of(
            st.decimals(-(10**11), 10**11, places=2).map(lambda price: {"N": str(price)}),
            items.numbers.map(lambda text: {"N": text}),
            st.sampled_from([{"N": "-0"}, {"N": "10.5"}, {"N": "1E+1"}, {"N": "10.505"}, {"NULL": True}, {"BOOL": True}]),
        ),
    },
)  # fmt: skip
further = st.dictionaries(items.names.filter(lambda name: name not in items.OWN_NAMES), items.typed_values, max_size=6)


CONTENT = {"product_name", "quantity", "price", "rescued_data"}


def curated(item: dict[str, Any]) -> dict[str, str]:
    """The columns and texts that the chain makes of the item."""
    line = items.line_of(item)
    assert line is not None
    texts, further_texts = LineParser(ORDERS).change(line.encode())
    row = {name: text for name, text in zip(ORDERS.columns, texts, strict=True) if name in CONTENT}
    if row["price"] is not None and not float(row["price"]):
        row["price"] = "0.00"  # decimal(12,2) has no negative zero
    return {name: text for name, text in (row | dict(further_texts)).items() if text is not None}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(order=fields, further=further)
@example(
    order={},
    further={"Dt": {"N": "1"}, "is_deleted": {"BOOL": False}, "2nd": {"S": ""}, "a b": {"S": "x"}, "A_B": {"S": "y"}},
)
@example(
    order={}, further={"m": {"M": {"no name": {"N": "1e5"}, "in": {"M": {"1": {"NS": ["1.50"]}}}}}, "n": {"N": "1.50"}}
)
def test_an_item_has_the_row_that_the_chain_makes_of_it(order: Any, further: Any) -> None:
    item = {"orderid": {"S": "order-1"}, **order, **further}
    through_the_chain = curated(item)
    assert item_row(item) == through_the_chain
    assert list(item_row(item)) == sorted(through_the_chain)
    assert differences(item, through_the_chain) == {}
    assert event_row(json.loads(items.line_of(item), parse_float=Decimal)) == through_the_chain


@settings(max_examples=50, deadline=None)
@given(order=fields, further=further, cut=st.integers(0, 6))
def test_attributes_without_a_column_are_compared_in_the_column_that_they_share(
    order: Any, further: Any, cut: int
) -> None:
    item = {"orderid": {"S": "order-1"}, **order, **further}
    whole = item_row(item)
    columns = {name for name in list(whole)[:cut] if name not in CONTENT}
    capped = item_row(item, columns)
    assert capped == event_row(json.loads(items.line_of(item), parse_float=Decimal), columns)
    assert capped.keys() <= columns | CONTENT | {"further_attributes"}
    assert differences(item, capped) == {}
    for column, text in json.loads(capped.get("further_attributes", "{}")).items():
        assert whole[column] == text
        assert differences(item, {**capped, "further_attributes": "{}"})[column]["source"] == text


@pytest.mark.parametrize(
    ("source", "curated_text", "equal"),
    [
        ({"S": "5"}, '{"quantity":{"S":"5"}}', True),
        ({"S": "5"}, '{"quantity":{"S":"6"}}', False),
        ({"S": "5"}, '{"quantity":{"N":"5"}}', False),
        ({"SS": ["a", "b"]}, '{"quantity":{"SS":["b","a"]}}', True),
        ({"M": {"a": {"N": "1"}, "b": {"N": "2"}}}, '{"quantity":{"M":{"b":{"N":"2"},"a":{"N":"1.0"}}}}', True),
        ({"S": "5"}, "no JSON", False),
        ({"S": "5"}, None, False),
    ],
)
def test_rescued_values_are_compared_as_dynamodb_does(source: Any, curated_text: str | None, equal: bool) -> None:
    item = {"orderid": {"S": "1"}, "quantity": source}
    row = {} if curated_text is None else {"rescued_data": curated_text}
    assert (differences(item, row) == {}) is equal


@pytest.mark.parametrize(
    ("typed", "text", "equal"),
    [
        ({"M": {"b": {"N": "1"}, "a": {"SS": ["x", "y"]}}}, '{"a":["y","x"],"b":1.0}', True),
        ({"M": {"b": {"N": "1"}}}, '{"b":"1"}', False),
        ({"M": {"b": {"N": "1"}}}, '{"b":1,"c":2}', False),
        ({"L": [{"N": "1"}, {"N": "2"}]}, "[2,1]", False),
        ({"NS": ["1.5", "20"]}, "[2E+1,1.50]", True),
        ({"NS": ["1"]}, "[true]", False),
        ({"SS": ["a"]}, "[1]", False),
        ({"L": [{"NULL": True}, {"BOOL": True}]}, "[null,true]", True),
        ({"L": [{"BOOL": True}]}, "[1]", False),
        ({"N": "10.50"}, "10.5", True),
        ({"N": "10.5"}, "10.51", False),
        ({"S": "10.50"}, "10.5", False),
        ({"S": '{"b":1,"a":2}'}, '{"a":2,"b":1}', False),
        ({"M": {"a": {"N": "1"}}}, "no JSON", False),
        ({"M": {}}, None, False),
    ],
)
def test_structures_are_compared_by_what_they_hold_and_texts_to_the_letter(typed: Any, text: Any, equal: bool) -> None:
    item = {"orderid": {"S": "1"}, "extra": typed}
    assert (differences(item, {"extra": text} if text is not None else {}) == {}) is equal


def test_differing_fields_are_named_with_both_values() -> None:
    item = {"orderid": {"S": "1"}, "price": {"N": "10.505"}, "quantity": {"N": "5"}, "gift": {"S": "yes"}}
    assert differences(item, {"price": "10.50", "quantity": "5", "colour": "red"}) == {
        "colour": {"source": None, "curated": "red"},
        "gift": {"source": "yes", "curated": None},
        "price": {"source": None, "curated": "10.50"},
        "rescued_data": {"source": '{"price":{"N":"10.505"}}', "curated": None},
    }
    assert differences(None, None) == {}

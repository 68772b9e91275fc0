"""Test that a key is the same order in every form."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import NoOrderKeyError, OrderKeys

from tests.unit.contract.invoices import contract_of

ORDERS = OrderKeys(declared_contract())
texts = st.text(min_size=1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> OrderKeys:
    return OrderKeys(contract_of(tmp_path_factory.mktemp("contract")))


def test_an_id_of_one_text_is_the_text() -> None:
    assert ORDERS.of_item({"orderid": {"S": '["a"]'}, "price": {"N": "1"}}) == '["a"]'
    assert ORDERS.typed('["a"]') == {"orderid": {"S": '["a"]'}}
    assert ORDERS.of_event({"orderID": "a", "price": 1}) == ORDERS.of_texts(["a", "hash"]) == ORDERS.named("a") == "a"


@given(customer=texts, line=st.decimals(-(10**20), 10**20, places=3))
def test_the_forms_of_a_key_of_two_parts_are_one_order(keys: OrderKeys, customer: str, line: Decimal) -> None:
    order_id = keys.of_item({"Customer": {"S": customer}, "line no": {"N": str(line)}, "units": {"N": "1"}})
    typed: dict[str, Any] = keys.typed(order_id)
    assert (typed["Customer"]["S"], Decimal(typed["line no"]["N"])) == (customer, line)
    assert keys.of_item(typed) == order_id
    event = {"Customer": customer, "Position": typed["line no"]["N"], "units": 1}
    assert keys.of_event(event) == keys.of_texts([*keys.texts(order_id), "more"]) == keys.named(order_id) == order_id
    assert not keys.is_probe(order_id)


def test_equal_numbers_are_one_order(keys: OrderKeys) -> None:
    same = [{"N": "7"}, {"N": "7.0"}, {"N": "70E-1"}]
    assert {keys.of_item({"Customer": {"S": "a"}, "line no": number}) for number in same} == {'["a","7"]'}
    assert keys.named(["a", 7]) == keys.named('["a","7.0"]') == '["a","7"]'


@pytest.mark.parametrize(
    "wrong", ["a", '["a"]', '["a","b"]', ["a", 1, 2], ["", 1], ["a", True], {}, None, 5, '[1,"a"]']
)
def test_what_names_no_order_is_refused_and_the_form_is_said(keys: OrderKeys, wrong: Any) -> None:
    with pytest.raises(
        NoOrderKeyError, match=r'names no order: the key is Customer \(S\) and line no \(N\), as in \["…","…"\]'
    ):
        keys.named(wrong)


def test_a_probe_is_known_by_its_text_or_its_number(keys: OrderKeys, tmp_path: Path) -> None:
    numbers = OrderKeys(
        contract_of(tmp_path, key=[{"attribute": "no", "type": "N"}, {"attribute": "line", "type": "N"}])
    )
    for each in (ORDERS, keys, numbers):
        probe, other = each.new_probe(), each.new_probe()
        assert each.is_probe(each.of_item(each.of_probe(probe)))
        assert each.of_probe(probe) == each.of_probe(probe) != each.of_probe(other)
    assert len(numbers.new_probe()) == 39
    assert not ORDERS.is_probe(numbers.new_probe()), "a number's probe is data where the key is a text"

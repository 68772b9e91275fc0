"""The contract's file: what it declares, and what is refused with the remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sales_cdc.contract.change_contract import Attribute, Contract, ContractError, load_contract
from sales_cdc.contract.declared import declared_contract

ORDERS: dict[str, Any] = {
    "entity": "orders",
    "key": [{"attribute": "orderid", "type": "S", "member": "orderID"}],
    "fields": [
        {"attribute": "product_name", "type": "string"},
        {"attribute": "quantity", "type": "bigint"},
        {"attribute": "price", "type": "decimal(12,2)"},
    ],
}


def contract_of(folder: Path, declared: Any) -> Contract:
    (folder / "some.json").write_text(declared if isinstance(declared, str) else json.dumps(declared))
    return load_contract(folder / "some.json")


def test_the_project_s_contract_is_the_brief_s(tmp_path: Path) -> None:
    contract = declared_contract()
    assert contract == contract_of(tmp_path, ORDERS)
    assert contract.key == (Attribute("orderid", "S", "orderID"),)
    assert contract.members == (
        "orderID", "product_name", "quantity", "price", "event_type", "creation_time", "event_id", "sequence_number", "actor",
    )  # fmt: skip
    assert contract.columns == {
        "orderid": "string", "product_name": "string", "quantity": "bigint", "price": "decimal(12,2)", "event_type": "string",
        "creation_time": "timestamp", "event_id": "string", "sequence_number": "string", "actor": "string",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("{", "some.json: it is no JSON document"),
        ([], "members entity, key and fields"),
        ({"entity": "two words"}, "entity has to be a name"),
        ({"extra": 1}, "and no other"),
        ({"key": []}, "key has to declare one attribute"),
        ({"key": {}}, "key has to be a list"),
        ({"key": [{"attribute": "id", "type": "BOOL"}]}, r"key\[0\]: BOOL is no type"),
        ({"fields": [{"attribute": "a"}]}, r"fields\[0\] has to be"),
        (
            {"fields": [{"attribute": "a", "type": "text"}]},
            r"fields\[0\]: text is no type of this pipeline. Write string",
        ),
        ({"fields": [{"attribute": "a", "type": "decimal(39,2)"}]}, "is no type"),
        ({"fields": [{"attribute": "a", "type": "decimal(3,4)"}]}, "is no type"),
        ({"fields": [{"attribute": "a b", "type": "string"}]}, 'a b is no name of a column. Give it a "member"'),
        ({"fields": [{"attribute": "Actor", "type": "string"}]}, "the name Actor is taken"),
        ({"fields": [{"attribute": "dt", "type": "string"}]}, "the name dt is taken"),
        ({"fields": [{"attribute": "ORDERID", "type": "string"}]}, "the name ORDERID is taken"),
        ({"fields": [{"attribute": "sales_cdc_touch", "type": "string"}]}, "is taken"),
    ],
    ids=str,
)
def test_what_declares_no_contract_is_refused_with_the_place_and_the_remedy(
    tmp_path: Path, change: Any, refusal: str
) -> None:
    with pytest.raises(ContractError, match=refusal):
        contract_of(tmp_path, ORDERS | change if isinstance(change, dict) else change)

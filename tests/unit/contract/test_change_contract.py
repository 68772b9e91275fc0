"""The contract's file: what it declares, and what is refused with the remedy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sales_cdc.contract.change_contract import (
    PROBE_PATTERN,
    Attribute,
    Contract,
    ContractError,
    is_probe,
    load_contract,
    probe_key,
)
from sales_cdc.contract.declared import declared_contract

PROBE = "sales-cdc-probe-0b0a8d2e-9d2c-4f0e-8a7e-0d2f4c1b7a55"
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
        "source_stream", "rescued_data",
    )  # fmt: skip
    assert contract.columns == {
        "orderid": "string", "product_name": "string", "quantity": "bigint", "price": "decimal(12,2)", "event_type": "string",
        "creation_time": "timestamp", "event_id": "string", "sequence_number": "string", "actor": "string",
        "source_stream": "string", "rescued_data": "string",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("{", "some.json: it is no JSON document"),
        ([], "members entity, key and fields"),
        ({"entity": "two words"}, "entity has to be a name"),
        ({"extra": 1}, "and no other"),
        ({"key": []}, "key has to declare one attribute"),
        ({"key": [{"attribute": name, "type": "S"} for name in "abc"]}, "key has to declare one attribute, or two"),
        ({"fields": []}, "fields has to declare one attribute or more"),
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
        ({"fields": [{"attribute": "rescued_data", "type": "json"}]}, "the name rescued_data is taken"),
        ({"fields": [{"attribute": "further_attributes", "type": "json"}]}, "the name further_attributes is taken"),
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


def test_every_type_has_its_column(tmp_path: Path) -> None:
    types = ["string", "bigint", "double", "decimal(38,0)", "boolean", "timestamp", "json"]
    key = [{"attribute": "Customer", "type": "S"}, {"attribute": "line no", "type": "N", "member": "line"}]
    fields = [{"attribute": f"f{number}", "type": kind} for number, kind in enumerate(types)]
    contract = contract_of(tmp_path, {"entity": "invoices", "key": key, "fields": fields})
    assert list(contract.columns.items())[:9] == [
        ("customer", "string"), ("line", "string"), ("f0", "string"), ("f1", "bigint"), ("f2", "double"),
        ("f3", "decimal(38,0)"), ("f4", "boolean"), ("f5", "timestamp"), ("f6", "string"),
    ]  # fmt: skip
    assert contract.members[:2] == ("Customer", "line")


@pytest.mark.parametrize(
    "key",
    [
        "microprobe-1",
        "probe-1",
        "sales-cdc-probe-1",
        "sales-cdc-probe-",
        "",
        f"{PROBE}x",
        f"x{PROBE}",
        PROBE.upper(),
    ],
)
def test_only_a_key_that_the_pipeline_issues_is_a_probe(key: str) -> None:
    assert not is_probe(key)
    assert is_probe(probe_key())
    assert re.search(PROBE_PATTERN, probe_key())
    assert re.search(PROBE_PATTERN, key) is None

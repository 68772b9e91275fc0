"""What a contract declares, and which keys are probes."""

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
    is_probe,
    probe_key,
)
from sales_cdc.contract.contract_file import load_contract
from sales_cdc.contract.declared import declared_contract

from tests import shipped

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


def test_the_project_s_contract_opens_with_the_brief_s() -> None:
    shipped_one, brief = (
        load_contract(path) for path in (shipped.ROOT / "include" / "contract" / "orders.json", shipped.CONTRACT)
    )
    assert (shipped_one.entity, shipped_one.key) == (brief.entity, brief.key)
    assert shipped_one.fields[: len(brief.fields)] == brief.fields


def test_the_tests_contract_is_the_brief_s(tmp_path: Path) -> None:
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

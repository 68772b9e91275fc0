"""A contract unlike that of orders: a key of two parts, every type, and names that SQL reserves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sales_cdc.contract.change_contract import Contract
from sales_cdc.contract.contract_file import load_contract

DECLARED: dict[str, Any] = {
    "entity": "order",
    "key": [{"attribute": "Customer", "type": "S"}, {"attribute": "line no", "type": "N", "member": "Position"}],
    "fields": [
        {"attribute": "table", "type": "string"},
        {"attribute": "units", "type": "bigint"},
        {"attribute": "weight", "type": "double"},
        {"attribute": "newest", "type": "decimal(38,10)"},
        {"attribute": "paid", "type": "boolean"},
        {"attribute": "due", "type": "timestamp"},
        {"attribute": "terms", "type": "json"},
    ],
}


def contract_of(folder: Path, **changed: Any) -> Contract:
    """Return the contract that a file with these members declares."""
    path = folder / "contract.json"
    path.write_text(json.dumps(DECLARED | changed))
    return load_contract(path)

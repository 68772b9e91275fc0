"""Where this project's contract is, and what it declares. Reads that one file, once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sales_cdc.contract.change_contract import Contract, load_contract


def include_folder() -> Path:
    """The folder ``include/``: beside ``plugins/`` in a checkout, within it where only plugins can be shipped (MWAA)."""
    plugins = Path(__file__).resolve().parents[2]
    beside = plugins.parent / "include"
    return beside if beside.is_dir() else plugins / "include"


@cache
def declared_contract() -> Contract:
    """Return the contract of ``include/contract/orders.json``.

    Raises:
        ContractError: the file declares none.
    """
    return load_contract(include_folder() / "contract" / "orders.json")

"""Where this project's contract is, and what it declares. Reads that one file, once."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from sales_cdc.contract.change_contract import Contract
from sales_cdc.contract.contract_file import load_contract

VARIABLE = "SALES_CDC_CONTRACT"


def include_folder() -> Path:
    """The folder ``include/``: beside ``plugins/`` in a checkout, within it where only plugins can be shipped (MWAA)."""
    plugins = Path(__file__).resolve().parents[2]
    beside = plugins.parent / "include"
    return beside if beside.is_dir() else plugins / "include"


def contract_path() -> Path:
    """Return the contract's file: ``SALES_CDC_CONTRACT``, from the folder that holds ``include/``, or the project's own."""
    include = include_folder()
    named = os.environ.get(VARIABLE)
    return include.parent / named if named else include / "contract" / "orders.json"


ORDERS = {"orderid": "string", "product_name": "string", "quantity": "bigint", "price": "decimal(12,2)"}
"""Columns that insights, mock orders and the drill need."""


def holds_orders() -> bool:
    """Whether the declared contract is that of orders, perhaps with further fields: what is written for orders works with it."""
    contract = declared_contract()
    key = [(each.name, each.type) for each in contract.key]
    return (contract.view, key) == ("orders", [("orderid", "S")]) and ORDERS.items() <= contract.columns.items()


def refusal_without_orders(what: str) -> str:
    """Say why something that is for mock orders alone cannot be done with the declared contract; "" when it can."""
    if holds_orders():
        return ""
    return (
        f"{what} mock orders, and the contract {contract_path()} declares {declared_contract().entity}, or orders without one of "
        f"{', '.join(ORDERS)}. Nothing was written. Write items of your own into the table, or run it with the contract of orders: "
        f"unset {VARIABLE}."
    )


@cache
def declared_contract() -> Contract:
    """Return the contract of this process's deployment.

    Raises:
        ContractError: its file declares none, or is not there.
    """
    return load_contract(contract_path())

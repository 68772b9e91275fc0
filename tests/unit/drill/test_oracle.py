"""The oracle finds every way in which the tables can be wrong, and each has its own claim."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.drill.claims import Claim, as_markdown, as_table
from sales_cdc.drill.oracle import VALUES, Oracle, compare, text_of

Rows = list[dict[str, str]]


def line(event_type: str, order: str, **values: Any) -> bytes:
    document = {"n": 0, "event_type": event_type, "orderID": order, "set": values}
    return json.dumps(document).encode()


LEDGER = [
    line("INSERT", "kept", product_name="desk", quantity=1, price=10.50, order_status="placed"),
    line("INSERT", "gone", product_name="mouse", quantity=2, price=5),
    line("MODIFY", "kept", quantity=3),
    line("REMOVE", "gone"),
]
ORACLE = Oracle.replay(LEDGER)
DESK = {"product_name": "desk", "price": "10.50", "order_status": "placed", "customer": ""}


def row(order: str, event_type: str, at: int, **values: str) -> dict[str, str]:
    empty = dict.fromkeys(VALUES, "")
    return {"orderid": order, "event_type": event_type, "sequence_number": str(at).zfill(40), **empty, **values}


def change_rows() -> Rows:
    return [
        row("kept", "MODIFY", 3, **DESK, quantity="3"), row("kept", "INSERT", 1, **DESK, quantity="1"),
        row("gone", "INSERT", 2, product_name="mouse", quantity="2", price="5.00"), row("gone", "REMOVE", 4),
        row("somebody-elses", "MODIFY", 9),
    ]  # fmt: skip


def current_rows(*, gone: str = "true", quantity: str = "3") -> Rows:
    return [
        {**row("kept", "", 0, **DESK, quantity=quantity), "is_deleted": "false"},
        {**row("gone", "", 0), "is_deleted": gone},
        {**row("somebody-elses", "", 0), "is_deleted": "false"},
    ]


def test_tables_that_equal_the_ledger_are_exact() -> None:
    found = compare(ORACLE, change_rows(), current_rows())
    assert (found.lost, found.duplicated) == (0, 0)
    assert not [*found.out_of_order, *found.resurrected, *found.differing]
    assert found.oracle_hash == found.table_hash


def test_lost_and_duplicated_changes_are_counted() -> None:
    rows = change_rows()
    found = compare(ORACLE, [*rows[1:], rows[3]], current_rows())
    assert (found.lost, found.duplicated) == (1, 1)


def test_changes_in_another_sequence_are_out_of_order() -> None:
    rows = change_rows()
    rows[0]["sequence_number"] = "0"
    assert compare(ORACLE, rows, current_rows()).out_of_order == ["kept"]


def test_a_deleted_order_that_is_current_again_is_resurrected_and_changes_the_hash() -> None:
    found = compare(ORACLE, change_rows(), current_rows(gone="false"))
    assert found.resurrected == ["gone"]
    assert found.oracle_hash != found.table_hash


@pytest.mark.parametrize("rows", [current_rows(quantity="4"), current_rows()[1:]])
def test_an_order_with_other_values_or_none_differs_and_changes_the_hash(rows: Rows) -> None:
    found = compare(ORACLE, change_rows(), rows)
    assert found.differing == ["kept"]
    assert found.oracle_hash != found.table_hash


def test_every_order_that_differs_is_counted() -> None:
    oracle = Oracle.replay([line("INSERT", f"order-{n}", quantity=n) for n in range(50)])
    found = compare(oracle, [], [])
    assert (found.lost, len(found.differing)) == (50, 50)


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_trailing_zeros_do_not_distinguish_numbers(number: Any) -> None:
    assert text_of("price", number) == text_of("price", f"{number:.2f}")
    assert text_of("price", str(number)) != text_of("price", str(number + 1))


def test_the_table_marks_a_claim_that_does_not_hold() -> None:
    text = as_table([Claim("lost", 0, 0), Claim("duplicated", 0, 1_000)])
    assert text.splitlines()[2].startswith("ok")
    assert text.splitlines()[3].split() == ["NO", "duplicated", "0", "1,000"]
    assert "| ✗ | duplicated | 0 | 1,000 |" in as_markdown([Claim("duplicated", 0, 1_000)])

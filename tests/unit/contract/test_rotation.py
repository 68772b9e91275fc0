"""Test how the orders table is divided into parts, and what reading it takes."""

from __future__ import annotations

from decimal import Decimal

from sales_cdc.contract.rotation import (
    MAX_WHOLE_BYTES,
    MAX_WHOLE_ORDERS,
    PARTS,
    SEGMENTS,
    TableFacts,
    compared_units,
    part_of,
    read_units,
    segments,
)


def test_parts_share_all_segments_without_overlap() -> None:
    assert sorted(segments(range(PARTS))) == list(range(SEGMENTS))
    assert {part_of(segment) for segment in segments([2, 5])} == {2, 5}


def test_a_table_is_small_by_its_orders_and_by_its_bytes() -> None:
    assert TableFacts("t", MAX_WHOLE_ORDERS, MAX_WHOLE_BYTES).is_small
    assert not TableFacts("t", MAX_WHOLE_ORDERS + 1, 0).is_small
    assert not TableFacts("t", 1, MAX_WHOLE_BYTES + 1).is_small


def test_each_order_that_is_read_by_its_key_takes_a_whole_unit() -> None:
    assert [read_units(size) for size in (0, 1, 4096, 4097)] == [0, 1, 1, 2]
    assert TableFacts("t", 10, 2_000).order_units == 1
    assert TableFacts("t", 10, 50_000).order_units == 2
    assert TableFacts("t", 0, 0).order_units == 1


def test_daily_comparisons_read_a_seventh_and_what_changed_and_never_more_than_all() -> None:
    table = 4096 * 7_000_000
    assert compared_units(table, 4096, 1_000, 30, Decimal(30)) == 30 * 1_000_000 + 1_000
    assert (
        compared_units(table, 4096, 1_000, 60, Decimal(30)) == 30 * 1_000_000 + 1_000
    )  # a part a day, however many batches
    assert compared_units(table, 4096, 10**9, 30, Decimal(30)) == 30 * 7_000_000
    assert compared_units(4096 * 100, 4096, 1, 30, Decimal(30)) == 30 * 100  # a small table is read whole

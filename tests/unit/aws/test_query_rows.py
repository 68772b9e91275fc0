"""Test rows of an answer, and how a log shows them."""

from __future__ import annotations

from sales_cdc.aws.query_rows import as_table


def test_a_table_is_as_wide_as_its_widest_values() -> None:
    assert as_table(["a", "long"], [["wide value", "1"]]).splitlines() == [
        "a          | long",
        "-----------+-----",
        "wide value | 1   ",
    ]

"""Test that a history that the benchmarks write into the change log is one that the log takes."""

from __future__ import annotations

import sqlglot
from sales_cdc.contract.declared import declared_contract

from benchmarks.order_history import history_sql


def test_a_history_has_every_column_of_the_change_log() -> None:
    made = sqlglot.parse_one(history_sql(1000), dialect="spark").named_selects
    assert sorted(made) == sorted(declared_contract().columns)

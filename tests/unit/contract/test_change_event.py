"""The raw table's columns: which types the pipeline's own lines explain."""

from __future__ import annotations

import pytest
from sales_cdc.contract.change_event import foreign_types

OURS = {
    "orderid": "string", "product_name": "string", "quantity": "int", "price": "double", "event_type": "string",
    "creation_time": "string", "event_id": "string", "sequence_number": "string", "actor": "string", "gift": "struct<to:string>",
}  # fmt: skip


@pytest.mark.parametrize("types", [{}, {"quantity": "bigint"}, {"price": "int"}, {"price": "decimal(12,2)"}])
def test_raw_columns_that_the_pipeline_s_own_lines_explain_are_not_foreign(types: dict[str, str]) -> None:
    assert foreign_types(OURS | types) == {}


@pytest.mark.parametrize(
    "types", [{"price": "string"}, {"quantity": "double"}, {"orderid": "bigint", "product_name": "array<string>"}]
)
def test_raw_columns_of_another_type_are_foreign(types: dict[str, str]) -> None:
    assert foreign_types(OURS | types) == types

"""Changes with values that do not fit their columns, and what former versions of the job made of them."""

from __future__ import annotations

import json
from decimal import Decimal

from curated_tables import Lake

from tests.unit.include.glue.raw_zone import RawZone, content, event


def test_a_value_that_fits_no_column_is_rescued_and_the_change_is_kept(lake: Lake) -> None:
    raw = RawZone()
    before = '{"price":{"S":"much"}}'
    raw.put(
        "1.json",
        event("a", 1, price=10.999),
        event("b", 2, quantity="5", price=None, rescued_data=before),
        event("c", 3, actor="somebody", product_name=["x", 1, None, {"y": True}]),
        event("microprobe-1", 4),
    )
    counts = raw.curate(lake)
    assert content(lake, "orders_changes", ("orderid", "product_name", "quantity", "price", "actor", "rescued_data")) == [
        ("a", "laptop", 2, None, "user", '{"price":{"N":"10.999"}}'),
        ("b", "laptop", None, None, "user", '{"price":{"S":"much"},"quantity":{"S":"5"}}'),
        ("c", None, 2, Decimal("10.50"), None, '{"actor":{"S":"somebody"},"product_name":{"L":[{"S":"x"},{"N":"1"},{"NULL":true},{"M":{"y":{"BOOL":true}}}]}}'),
        ("microprobe-1", "laptop", 2, Decimal("10.50"), "user", None),
    ]  # fmt: skip
    assert counts["quarantined"] == 0
    values = [tuple(each.values()) for each in counts["rescued"].pop("values")]
    assert counts["rescued"] == {
        "changes": 3, "fields": ["actor", "price", "product_name", "quantity"], "keys": ["a", "b", "c"],
    }  # fmt: skip
    assert values == [
        ("c", "actor", "string", "S", "1.json"),
        ("a", "price", "decimal(12,2)", "N", "1.json"),
        ("c", "product_name", "string", "L", "1.json"),
        ("b", "quantity", "bigint", "S", "1.json"),
        ("b", "price", "decimal(12,2)", "S", "1.json"),
    ]


def test_tables_of_a_former_version_get_the_new_columns_in_place(lake: Lake) -> None:
    raw = RawZone()
    raw.put("1.json", event("a", 1), event("b", 2))
    raw.curate(lake)
    for table in ("orders_changes", "orders_current"):
        lake.spark.sql(f"ALTER TABLE {lake.name(table)} DROP COLUMNS (source_stream, rescued_data)")
    raw.put("2.json", event("a", 1, source_stream="s"), event("b", 3, price=1.005))
    assert raw.curate(lake)["changes"] == 2
    shown = ("orderid", "sequence_number", "price", "source_stream", "rescued_data")
    assert content(lake, "orders_current", shown) == [
        ("a", "1".zfill(40), Decimal("10.50"), "s", None),
        ("b", "3".zfill(40), None, None, '{"price":{"N":"1.005"}}'),
    ]


def test_lines_that_a_former_version_refused_for_a_value_are_taken_out_of_quarantine(lake: Lake) -> None:
    raw = RawZone()
    raw.put("1.json", event("a", 1), "no change")
    raw.curate(lake)
    line = json.dumps(event("b", 2, price=1.005, colour="red"))
    rows = [
        ("price is not a number that decimal(12,2) holds exactly", line, "0.json", 3),
        ("price is odd", line, "0.json", 4),
    ]
    lake.spark.createDataFrame(
        rows, "reason string, raw_line string, source_object string, line_number bigint"
    ).writeTo(lake.name("orders_quarantine")).append()
    for _ in range(2):
        counts = raw.curate(lake)
        assert content(lake, "orders_current", ("orderid", "price", "rescued_data", "colour")) == [
            ("a", Decimal("10.50"), None, None),
            ("b", None, '{"price":{"N":"1.005"}}', "red"),
        ]
        assert content(lake, "orders_quarantine", ("source_object", "line_number")) == [("0.json", 4), ("1.json", 2)]
    assert counts["changes"] == 0

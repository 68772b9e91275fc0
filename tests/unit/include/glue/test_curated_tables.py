"""The curated tables of the Glue job, on a Spark session with Iceberg: exact whatever happens."""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from change_contract import Attribute, probe_key
from curated_tables import Lake, prepare_tables
from maintenance import maintain

from tests.unit.include.glue.raw_zone import CONTRACT, RawZone, content, event

TABLES = ("orders_changes", "orders_current", "orders_quarantine")


def test_a_change_is_kept_once_and_typed(lake: Lake) -> None:
    raw = RawZone()
    change = event("a", 7, price=10.5, quantity=3, creation_time="2026-11-22T10:00:00.250Z")
    raw.put("one.json", change, change)
    counts = raw.curate(lake)
    assert content(lake, "orders_changes", CONTRACT) == [
        (
            "a",
            "laptop",
            3,
            Decimal("10.50"),
            "MODIFY",
            datetime(2026, 11, 22, 10, 0, 0, 250000),  # noqa: DTZ001 (Athena's timestamp has no zone)
            "a/7",
            "7".zfill(40),
            "user",
            None,
            None,
        )
    ]
    assert dict(lake.read("orders_changes").dtypes)["price"] == "decimal(12,2)"
    assert dict(lake.read("orders_changes").dtypes)["creation_time"] == "timestamp_ntz"
    assert (counts["objects"], counts["changes"], counts["duplicates"], counts["quarantined"]) == (1, 2, 1, 0)


def test_the_lag_is_that_of_the_changes_that_the_run_added(lake: Lake) -> None:
    raw, now = RawZone(), datetime.now(UTC)
    old, late, fresh = [event("a", number, creation_time=(now - timedelta(seconds=lag)).isoformat()) for number, lag in enumerate((9000, 500, 100))]  # fmt: skip
    raw.put("1.json", old)
    first = raw.curate(lake)["lag_seconds"]
    assert 9000 <= first["p50"] == first["p99"] == first["max"] < 9400
    raw.put("2.json", old, fresh, fresh, late)
    counts = raw.curate(lake)
    assert counts["duplicates"] == 2
    assert 100 <= counts["lag_seconds"]["p50"] < 500 <= counts["lag_seconds"]["max"] < 900
    raw.put(
        "3.json", old | {"event_id": "0"}, fresh
    )  # the other copy's id takes the place of the first's: nothing is added
    counts = raw.curate(lake)
    assert (counts["duplicates"], counts["lag_seconds"]) == (2, {"p50": None, "p99": None, "max": None})


def test_a_late_modify_does_not_resurrect_a_removed_order(lake: Lake) -> None:
    raw = RawZone()
    raw.put("1.json", event("a", 1, "INSERT"), event("a", 3, "REMOVE"))
    raw.curate(lake)
    raw.put("2.json", event("a", 2, "MODIFY", creation_time="2026-11-23T10:00:00Z"))
    raw.curate(lake)
    assert content(lake, "orders_current", ("orderid", "event_type", "is_deleted")) == [("a", "REMOVE", True)]
    raw.put("3.json", event("a", 10**30, "INSERT"))
    raw.curate(lake)
    assert content(lake, "orders_current", ("orderid", "event_type", "is_deleted")) == [("a", "INSERT", False)]
    assert len(content(lake, "orders_changes")) == 4


def test_new_attributes_become_text_columns_whatever_their_types(lake: Lake) -> None:
    raw = RawZone()
    raw.put("1.json", event("a", 1, weight=1, reason="gift", attributes=True))
    first = raw.curate(lake)
    raw.put(
        "2.json",
        json.dumps(event("a", 2, tags=["x", 1])).replace("{", '{"weight":0.10,', 1),
        event("b", 3, Price="n/a", is_deleted="no"),
    )
    second = raw.curate(lake)
    assert first["new_columns"] == ["attributes", "reason", "weight"]
    assert second["new_columns"] == ["attr_is_deleted", "attr_price", "tags"]
    further = ("orderid", "sequence_number", "weight", "reason", "attributes", "tags", "attr_price", "attr_is_deleted")
    assert content(lake, "orders_changes", further) == [
        ("a", "1".zfill(40), "1", "gift", "true", None, None, None),
        ("a", "2".zfill(40), "0.10", None, None, '["x",1]', None, None),
        ("b", "3".zfill(40), None, None, None, None, "n/a", "no"),
    ]
    assert set(lake.read("orders_current").columns) == {*lake.read("orders_changes").columns, "is_deleted"}


def test_what_is_no_change_goes_to_quarantine_and_the_rest_goes_on(lake: Lake) -> None:
    raw = RawZone()
    raw.put(
        "bad.json", event("a", 1), '{"orderID":"b"', "[]", event("c", 2, event_type="UPSERT"), "", event(probe_key(), 3)
    )
    raw["empty.json"] = b""
    raw["table.parquet"] = b"PAR1\x00\x00\xff"
    raw["short.gz"] = gzip.compress(b'{"orderID":"d"}\n' * 50)[:-9]
    raw["whole.gz"] = gzip.compress(json.dumps(event("e", 4)).encode())
    raw["strange [x]+%ü.json"] = b"\xff\xfe\n"
    counts = raw.curate(lake)
    assert [row[0] for row in content(lake, "orders_changes", ("orderid",))] == ["a", "e"]
    quarantined = content(lake, "orders_quarantine", ("source_object", "line_number", "reason", "raw_line"))
    assert [row[:2] for row in quarantined] == [
        ("bad.json", 2), ("bad.json", 3), ("bad.json", 4), ("short.gz", 0), ("strange [x]+%ü.json", 1), ("table.parquet", 0),
    ]  # fmt: skip
    assert quarantined[2][2] == "event_type is not INSERT, MODIFY or REMOVE"
    assert quarantined[0][3] == '{"orderID":"b"'
    assert quarantined[4][3] == "\\xff\\xfe"
    assert (counts["objects"], counts["changes"], counts["quarantined"]) == (6, 2, 6)


def test_foreign_keys_of_objects_with_braces_are_taken(lake: Lake) -> None:
    raw = RawZone()
    raw.put("raw/orders/{rows}/{0}.json", event("a", 1), "no change")
    counts = raw.curate(lake)
    assert (counts["objects"], counts["changes"], counts["quarantined"]) == (1, 1, 1)


def test_an_empty_raw_zone_makes_empty_tables(lake: Lake) -> None:
    counts = RawZone().curate(lake)
    assert (counts["objects"], counts["changes"]) == (0, 0)
    assert [content(lake, table) for table in TABLES] == [[], [], []]


def test_dropped_tables_are_rebuilt_and_older_ones_get_their_columns(lake: Lake) -> None:
    raw = RawZone()
    raw.put("1.json", event("a", 1, "INSERT", colour="red"), event("b", 2, "INSERT"))
    raw.put("2.json", event("a", 3, "REMOVE"), event("b", 4))
    raw.curate(lake)
    expected = [content(lake, table) for table in TABLES]
    for dropped in ("orders_changes", "orders_current", "orders_intake"):
        lake.spark.sql(f"DROP TABLE {lake.name(dropped)}")
        raw.curate(lake)
        assert [content(lake, table) for table in TABLES] == expected, dropped
    lake.spark.sql(f"ALTER TABLE {lake.name('orders_current')} DROP COLUMN actor")
    raw.put("3.json", event("c", 5))
    raw.curate(lake)
    assert content(lake, "orders_current", ("orderid", "actor")) == [("a", None), ("b", None), ("c", "user")]


def with_fields(lake: Lake, **types: str) -> Lake:
    """The lake under a contract with these types; a field whose type is "" is not declared."""
    kept = {each.name: each.type for each in lake.contract.fields} | types
    fields = tuple(Attribute(name, kind, name) for name, kind in kept.items() if kind)
    return replace(lake, contract=replace(lake.contract, fields=fields))


def test_new_fields_and_wider_decimals_happen_in_place(lake: Lake) -> None:
    raw = RawZone()
    raw.put("1.json", event("a", 1, "INSERT", price=10.5))
    raw.curate(lake)
    changed = with_fields(lake, price="decimal(20,2)", paid="boolean")
    raw.put("2.json", event("b", 2, "INSERT", price=123456789012345, paid=True))
    raw.curate(changed)
    for table in ("orders_changes", "orders_current"):
        rows = content(changed, table, ("orderid", "price", "paid"))
        assert rows == [("a", Decimal("10.50"), None), ("b", Decimal("123456789012345.00"), True)]


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ({"price": "decimal(10,2)", "paid": "boolean"}, r"its column price is decimal\(12,2\), not decimal\(10,2\)"),
        ({"price": "decimal(12,4)"}, r"its column price is decimal\(12,2\), not decimal\(12,4\)"),
        ({"quantity": "decimal(38,0)"}, r"its column quantity is bigint, not decimal\(38,0\)"),
        ({"price": "", "cost": "decimal(12,2)"}, r"its column price, decimal\(12,2\), is declared no more"),
    ],
)
def test_a_contract_that_the_tables_cannot_follow_is_refused_before_anything_is_altered(
    lake: Lake, types: dict[str, str], reason: str
) -> None:
    prepare_tables(lake)
    before = [lake.read(table).dtypes for table in TABLES]
    with pytest.raises(TypeError, match=rf"{reason}.*Nothing was changed.*sales_cdc_rebuild"):
        prepare_tables(with_fields(lake, **types))
    assert [lake.read(table).dtypes for table in TABLES] == before


def test_another_key_is_refused(lake: Lake) -> None:
    prepare_tables(lake)
    key = (*lake.contract.key, Attribute("line", "N", "line"))
    with pytest.raises(TypeError, match=r"the key's column line is not there.*sales_cdc_rebuild"):
        prepare_tables(replace(lake, contract=replace(lake.contract, key=key)))


def test_two_runs_at_once_keep_each_change_once(lake_of_files: Lake) -> None:
    lake = lake_of_files  # each session has a memory of its own
    raw = RawZone()
    raw.put("1.json", *[event(f"o{number % 7}", number) for number in range(40)], "bad line")
    prepare_tables(lake)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            raw.curate(replace(lake, spark=lake.spark.newSession()))
        except BaseException as error:
            errors.append(error)

    runs = [threading.Thread(target=run) for _ in range(2)]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert errors == []
    assert len(content(lake, "orders_changes")) == 40
    assert len(content(lake, "orders_current")) == 7
    assert len(content(lake, "orders_quarantine")) == 1
    assert len(content(lake, "orders_intake")) == 1


def test_maintenance_changes_no_row_and_leaves_one_file_a_partition(lake_of_files: Lake) -> None:
    lake = lake_of_files
    raw = RawZone()
    raw.put("1.json", event("a", 1), event("b", 2))
    raw.curate(lake)
    raw.put("2.json", event("a", 3))
    raw.curate(lake)
    for table in ("orders_changes", "orders_current"):
        for _ in range(4):
            lake.read(table).limit(1).writeTo(lake.name(table)).append()
    before = [content(lake, table) for table in TABLES]
    maintain(lake)
    assert [content(lake, table) for table in TABLES] == before
    for table in ("orders_changes", "orders_current"):
        assert lake.spark.table(f"{lake.name(table)}.files").where("content = 0").count() == 1, table


def test_maintenance_leaves_files_of_the_last_days_unmixed(lake_of_files: Lake) -> None:
    lake = lake_of_files
    raw, now = RawZone(), {"creation_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"}
    for number in range(1, 8):  # Iceberg compacts five files at least
        raw.put(f"{number}.json", event(f"order-{number}", number, **(now if number == 7 else {})))
        raw.curate(lake)
    maintain(lake)
    files = lake.spark.table(f"{lake.name('orders_current')}.files").where("content = 0").collect()
    assert sorted(each.record_count for each in files) == [1, 6]


def test_a_later_stream_wins_whatever_its_sequence_numbers(lake: Lake) -> None:
    raw = RawZone()
    old, new = {"source_stream": "2026-11-01T00:00:00.000"}, {"source_stream": "2026-11-20T00:00:00.000"}
    raw.put("1.json", event("a", 5, product_name="second", **new), event("b", 8, product_name="unlabelled"))
    raw.curate(lake)
    raw.put(
        "2.json",
        event("a", 900, product_name="first", **old),
        event("a", 5, product_name="other stream", event_id="x", **old),
        event("b", 7, product_name="labelled", **old),
    )
    raw.curate(lake)
    assert content(lake, "orders_current", ("orderid", "product_name")) == [("a", "second"), ("b", "labelled")]
    assert len(content(lake, "orders_changes")) == 5
    lake.spark.sql(f"DROP TABLE {lake.name('orders_current')}")
    raw.curate(lake)
    assert content(lake, "orders_current", ("orderid", "product_name")) == [("a", "second"), ("b", "labelled")]


def test_a_field_that_is_declared_wider_is_widened_in_place(lake: Lake) -> None:
    raw = RawZone()
    raw.put("1.json", event("a", 1, price=10.5))
    raw.curate(lake)
    *fields, price = lake.contract.fields
    wider = replace(lake, contract=replace(lake.contract, fields=(*fields, replace(price, type="decimal(20,2)"))))
    raw.put("2.json", event("b", 2, price=123456789012345.5))
    raw.curate(wider)
    assert content(wider, "orders_current", ("price",)) == [(Decimal("10.50"),), (Decimal("123456789012345.50"),)]
    narrower = replace(lake, contract=replace(lake.contract, fields=(*fields, replace(price, type="decimal(20,4)"))))
    with pytest.raises(TypeError, match=r"price is decimal\(20,2\), not decimal\(20,4\).*contract has changed"):
        raw.curate(narrower)


def test_attributes_beyond_the_cap_share_one_json_column(lake: Lake) -> None:
    few = replace(lake, max_further_columns=2)
    raw = RawZone()
    raw.put("1.json", event("a", 1, b="x", a=1))
    first = raw.curate(few)
    raw.put("2.json", event("b", 2, a="y", c={"d": 1}, e='q"\n\x1f', z=None), event("c", 3))
    second = raw.curate(few)
    assert (first["new_columns"], second["new_columns"]) == (["a", "b"], ["further_attributes"])
    for table in ("orders_changes", "orders_current"):
        assert content(few, table, ("orderid", "a", "b", "further_attributes")) == [
            ("a", "1", "x", None),
            ("b", "y", None, r'{"c":"{\"d\":1}","e":"q\"\n\u001F"}'),
            ("c", None, None, None),
        ]
    raw.put("3.json", event("b", 4, further_attributes="mine"))
    raw.curate(lake)
    assert content(lake, "orders_current", ("attr_further_attributes", "further_attributes"))[-1] == (None, None)

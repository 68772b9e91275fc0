"""The tab Orders over a real cloud: filters, pages, both sides of an order, and every id that DynamoDB takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sales_cdc.page.tabs import orders
from sales_cdc.page.views.order_filter import OrderFilter

from tests.conftest import Cloud
from tests.integration.page.lake import HOUR, Lake, raw_line

pytestmark = pytest.mark.integration
MANY = 5_001
STRANGE = ("it's", " lead\nand\ttab", "evil\u202egnp", "'" * 2_048, "ø" * 1_024, "😀" * 512)
MEASURED = {"orderid": {"S": "b"}, "product_name": {"S": "mouse"}, "quantity": {"N": "1"}, "price": {"N": "10.1"}}


@pytest.fixture(scope="module")
def lake(cloud: Cloud) -> Lake:
    """A deployment with curated tables, a view, a quarantine, and a DynamoDB table that has one order of two."""
    lake = Lake(cloud, "tpageorders")
    lake.fill_curated()
    lake.run("CREATE VIEW orders AS SELECT * FROM orders_current WHERE NOT is_deleted")
    where = lake.topology.s3_uri("curated/orders_quarantine/")
    columns = "reason string, raw_line string, source_object string, line_number bigint"
    lake.run(f"CREATE TABLE orders_quarantine ({columns}) LOCATION '{where}' TBLPROPERTIES ('table_type' = 'ICEBERG')")
    name = f"raw/orders/dt={HOUR:%Y-%m-%d}/hr=00/a.json"
    lines = ", ".join(f"('no JSON', 'line {at}', '{name}', {at})" for at in range(53))
    lake.run(f"INSERT INTO orders_quarantine VALUES {lines}")
    table = {
        "TableName": lake.topology.table.name, "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "orderid", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "orderid", "AttributeType": "S"}],
    }  # fmt: skip
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(**table)
    dynamodb.put_item(TableName=lake.topology.table.name, Item=MEASURED)
    return lake


@pytest.fixture(scope="module")
def raw(cloud: Cloud) -> Lake:
    """A deployment with nothing but a raw table: one order has 5,001 changes, others have strange ids."""
    lake = Lake(cloud, "tpagelong")
    lines: list[Any] = [
        raw_line("long", "tv", at, "1.00", "MODIFY" if at > 1 else "INSERT", 1) for at in range(1, MANY + 1)
    ]
    for at, line in enumerate(lines, 1):
        line["sequence_number"] = str(at).zfill(40)
    lines += [raw_line(each, "strange", 1, "2.00", "INSERT", 5) for each in STRANGE]
    lake.put(f"raw/orders/dt={HOUR:%Y-%m-%d}/hr={HOUR:%H}/many.json", *lines, *lines[:10])
    lake.create_raw()
    return lake


def ids(lake: Lake, **asked: Any) -> list[str]:
    return [each["orderid"] for each in orders.found_orders(lake.reader, OrderFilter(**asked))["orders"]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["it's", "b"]),
        ({"state": "standing"}, ["b"]),
        ({"state": "deleted"}, ["it's"]),
        ({"state": "rescued"}, []),
        ({"type": "INSERT"}, ["b"]),
        ({"product": "LAPTOP"}, ["it's"]),
        ({"text": "b"}, ["b"]),
        ({"text": "mouse", "product": "mouse"}, ["b"]),
        ({"text": "mouse", "state": "deleted"}, []),
        ({"since": HOUR + timedelta(seconds=4)}, ["it's"]),
        ({"until": HOUR + timedelta(seconds=4)}, ["b"]),
        ({"until": datetime(2020, 1, 1, tzinfo=UTC)}, []),
        ({"page": 2}, []),
    ],
)
@pytest.mark.parametrize("back", ["", "month", "all"])
def test_each_filter_lets_its_orders_through(lake: Lake, asked: dict[str, Any], found: list[str], back: str) -> None:
    assert ids(lake, **asked, range=back) == found


def test_a_deleted_order_is_listed_with_the_product_that_it_had(lake: Lake) -> None:
    (deleted,) = orders.found_orders(lake.reader, OrderFilter(state="deleted"))["orders"]
    assert (deleted["values"]["product_name"], deleted["event_type"]) == ("laptop", "REMOVE")


def test_an_order_with_five_thousand_changes_is_paged_over_duplicates(raw: Lake) -> None:
    newest, oldest = (orders.order(raw.reader, "long", until) for until in (0, 50))
    assert (newest["total"], newest["versions"][0]["number"], newest["versions"][-1]["number"]) == (
        MANY,
        MANY,
        MANY - 49,
    )
    changed = {field["name"]: field["before"] for field in newest["versions"][-1]["fields"] if field["changed"]}
    assert changed == {"quantity": str(MANY - 50)}
    assert (oldest["total"], oldest["versions"][-1]["number"], oldest["versions"][-1]["event_type"]) == (
        MANY,
        1,
        "INSERT",
    )


@pytest.mark.parametrize("order_id", STRANGE)
def test_an_order_of_any_id_is_found_and_has_its_versions(raw: Lake, order_id: str) -> None:
    assert order_id in ids(raw, text=order_id)
    assert orders.order(raw.reader, order_id)["total"] == 1


def test_an_order_stands_as_dynamodb_and_as_the_view_have_it(lake: Lake) -> None:
    same = orders.now(lake.reader, "b")
    assert (same["is_equal"], same["item"], same["row"]["product_name"]) == (True, MEASURED, "mouse")
    assert orders.now(lake.reader, "it's")["is_equal"], "deleted on both sides"


def test_quarantined_lines_are_paged(lake: Lake) -> None:
    view = orders.quarantined(lake.reader, 2)
    assert (view["total"], [each["raw"] for each in view["records"]]) == (53, ["line 50", "line 51", "line 52"])

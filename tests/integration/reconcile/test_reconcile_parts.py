"""Reconciliation reads real services: whole tables in segments, fingerprints from Athena, raw changes from S3."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import jinja2
import pytest
from sales_cdc.aws.errors import ResourceMissingError
from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.contract.curated_row import Item, fingerprint, item_row
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.probe.chain_barrier import ChainBarrier, ChainStalledError
from sales_cdc.reconcile.curated_orders import MAX_PREFIXES, CuratedOrdersHook, NoCuratedTableError
from sales_cdc.reconcile.exported_orders import ExportedOrdersHook, ExportFailedError
from sales_cdc.reconcile.raw_zone import RawZoneHook
from sales_cdc.reconcile.reconciliation import SUSPECTS_AT_ONCE
from sales_cdc.reconcile.sides import Version

from tests.unit.include.items import line_of

pytestmark = pytest.mark.integration

SQL = Path(__file__).resolve().parents[3] / "include" / "sql"
CONNECTION = {"aws_conn_id": "aws_default", "region_name": "us-east-1"}
COLUMNS = "orderid string, product_name string, quantity bigint, price decimal(12,2), sequence_number string, is_deleted boolean, colour string, tags string, source_stream string, rescued_data string"


@pytest.fixture
def curated(cloud: Any, prefix: str) -> CuratedOrdersHook:
    """Curated tables that Athena made, in a database of this test."""
    cloud.client("s3").create_bucket(Bucket=prefix)
    cloud.client("glue").create_database(DatabaseInput={"Name": prefix, "LocationUri": f"s3://{prefix}/curated/"})
    cloud.client("athena").create_work_group(
        Name=prefix,
        Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{prefix}/results/"}},
    )
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(SQL), autoescape=False)  # noqa: S701 (SQL)
    environment.globals.update(statement_names(declared_contract()))
    hook = CuratedOrdersHook(
        database=prefix, workgroup=prefix, connection=CONNECTION,
        render=lambda name, params: environment.get_template(name).render(params=params),
    )  # fmt: skip
    hook.athena.run(
        f"CREATE TABLE orders_current ({COLUMNS}) LOCATION 's3://{prefix}/curated/current/' TBLPROPERTIES ('table_type'='ICEBERG')",
    )
    hook.athena.run(
        f"CREATE TABLE orders_intake (object string, etag string) LOCATION 's3://{prefix}/curated/intake/' TBLPROPERTIES ('table_type'='ICEBERG')",
    )
    return hook


ITEMS: list[Item] = [
    {"orderid": {"S": "plain"}, "product_name": {"S": "laptop"}, "quantity": {"N": "5"}, "price": {"N": "10.5"}},
    {"orderid": {"S": 'it\'s "x",\n\u2028'}, "product_name": {"S": ""}, "price": {"N": "-0.01"}, "colour": {"S": "Überzug 📦"}},
    {"orderid": {"S": "rescued"}, "quantity": {"N": "1"}, "price": {"N": "10.999"}},
    {"orderid": {"S": "sets"}, "tags": {"SS": ["a", "b"]}, "colour": {"NULL": True}, "quantity": {"N": "-9223372036854775808"}},
]  # fmt: skip


def test_athena_and_python_compute_the_same_fingerprints(curated: CuratedOrdersHook, prefix: str) -> None:
    curated.athena.run("""INSERT INTO orders_current VALUES
        ('plain', 'laptop', 5, DECIMAL '10.50', '1', false, NULL, NULL, 's', NULL),
        ('it''s "x",\n\u2028', '', NULL, DECIMAL '-0.01', '2', false, 'Überzug 📦', NULL, NULL, NULL),
        ('sets', NULL, -9223372036854775808, NULL, '3', false, NULL, '["a","b"]', NULL, NULL),
        ('rescued', NULL, 1, NULL, '3', false, NULL, NULL, NULL, '{"price":{"N":"10.999"}}'),
        ('gone', NULL, NULL, NULL, '4', true, NULL, NULL, 's', NULL), ('double', NULL, 1, NULL, '5', false, NULL, NULL, NULL, NULL),
        ('double', NULL, 1, NULL, '5', false, NULL, NULL, NULL, NULL)""",
    )  # fmt: skip
    curated.athena.run("INSERT INTO orders_intake VALUES ('raw/orders/a', '\"1\"')")
    seen = dict(curated.fingerprints())
    assert seen.pop("double") == fingerprint({"quantity": "1"})
    assert seen == {item["orderid"]["S"]: fingerprint(item_row(item)) for item in ITEMS}
    versions = curated.versions([*seen, "gone", "double", "never"])
    assert {order_id: versions[order_id].row for order_id in seen} == {i["orderid"]["S"]: item_row(i) for i in ITEMS}
    assert versions["gone"] == Version(("s", "4"), None)
    assert (versions["double"].row or {})["(rows)"] == "more than one"
    assert "never" not in versions
    assert curated.objects_taken() == {("raw/orders/a", '"1"')}
    assert (
        curated.objects_taken(["raw/orders/", "x"])
        == {("raw/orders/a", '"1"')}
        == curated.objects_taken(["raw/orders/a"])
    )
    assert (
        curated.objects_taken(["raw/orders/a/"])
        == curated.objects_taken(["raw/orders"])
        == curated.objects_taken([])
        == set()
    )


def test_as_many_orders_are_asked_for_as_may_be_in_flight(curated: CuratedOrdersHook) -> None:
    """A batch beside a writer of 50 changes a second has thousands of orders to judge."""
    curated.athena.run(
        "INSERT INTO orders_current VALUES ('order-7', NULL, 5, NULL, '1', false, NULL, NULL, 's', NULL)"
    )
    curated.athena.run("INSERT INTO orders_intake VALUES ('raw/orders/a7/x', '\"1\"')")
    versions = curated.versions([f"order-{number}" for number in range(SUSPECTS_AT_ONCE)])
    assert versions == {"order-7": Version(("s", "1"), {"quantity": "5"})}
    folders = [f"raw/orders/a{number}/" for number in range(MAX_PREFIXES)]
    assert curated.objects_taken(folders) == {("raw/orders/a7/x", '"1"')}


def test_a_missing_curated_table_raises_an_error_that_names_the_batch_dag(cloud: Any, prefix: str) -> None:
    hook = CuratedOrdersHook(database=prefix, workgroup="primary", render=lambda *_: "", connection=CONNECTION)
    with pytest.raises(NoCuratedTableError, match=rf"{prefix}\.orders_current.*sales_cdc_batch"):
        hook.fingerprints()


def test_a_scan_reads_every_item_and_a_get_the_named_orders(cloud: Any, prefix: str) -> None:
    table = cloud.client("dynamodb")
    table.create_table(
        TableName=prefix, KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
    )  # fmt: skip
    wide = [
        {"orderid": {"S": f"wide-{n}"}, "colour": {"S": "x" * 300_000}, "raw": {"B": b"\x00\xff"}} for n in range(9)
    ]
    for item in [*ITEMS, *wide]:
        table.put_item(TableName=prefix, Item=item)
    hook = SourceOrdersHook(table=prefix, **CONNECTION)
    scanned = {item["orderid"]["S"]: item for item in hook.scan()}
    assert {item["orderid"]["S"]: scanned.pop(item["orderid"]["S"]) for item in ITEMS} == {
        item["orderid"]["S"]: item for item in ITEMS
    }
    assert {item["raw"]["B"] for item in scanned.values()} == {"AP8="}
    asked = [f"wide-{n}" for n in (*range(120), 0)]
    assert hook.get(asked) == scanned  # the answer takes more than one call
    assert hook.get([]) == {}
    with pytest.raises(ResourceMissingError, match=f"nowhere-{prefix}"):
        list(SourceOrdersHook(table=f"nowhere-{prefix}", **CONNECTION).scan())


def test_an_export_returns_the_items_of_a_scan(cloud: Any, prefix: str) -> None:
    client = cloud.client("dynamodb")
    client.create_table(
        TableName=prefix, KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
    )  # fmt: skip
    for item in [*ITEMS, {"orderid": {"S": "photo"}, "raw": {"B": b"\x00\xff"}}]:
        client.put_item(TableName=prefix, Item=item)
    hook = ExportedOrdersHook(table=prefix, bucket=f"{prefix}-lake", **CONNECTION)
    with pytest.raises(ExportFailedError, match="point-in-time recovery is off"):
        list(hook.scan())
    client.update_continuous_backups(
        TableName=prefix, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    with pytest.raises(ExportFailedError, match=rf"{prefix} ended as FAILED, S3NoSuchBucket"):
        list(hook.scan())
    cloud.client("s3").create_bucket(Bucket=f"{prefix}-lake")
    scanned = list(SourceOrdersHook(table=prefix, **CONNECTION).scan())
    assert sorted(hook.scan(), key=str) == sorted(scanned, key=str)
    assert hook.get(["plain"]) == {"plain": ITEMS[0]}
    with pytest.raises(ResourceMissingError, match=f"nowhere-{prefix}"):
        list(ExportedOrdersHook(table=f"nowhere-{prefix}", bucket=prefix, **CONNECTION).scan())


def test_the_newest_raw_change_of_each_order_is_found(cloud: Any, prefix: str) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=prefix)
    one, other = ({"orderid": {"S": name}, "quantity": {"N": "1"}} for name in ("one", "other"))
    lines = [
        line_of(one, 7),
        line_of({**one, "quantity": {"N": "2"}}, 9),
        line_of(other, 3),
        line_of(other, 8, "REMOVE"),
    ]
    s3.put_object(Bucket=prefix, Key="raw/orders/a.json", Body="".join(map(str, reversed(lines))))
    s3.put_object(Bucket=prefix, Key="raw/orders/b.json", Body=f'{line_of(one, 8)}no JSON\n{{"orderID": "one"}}\n')
    hook = RawZoneHook(bucket=prefix, **CONNECTION)
    keys = sorted(key for key, etag in hook.objects() if etag)
    assert keys == ["raw/orders/a.json", "raw/orders/b.json"]
    assert hook.latest(keys, ["one", "other", "never"]) == {
        "one": Version(("", "9".zfill(40)), {"quantity": "2"}),
        "other": Version(("", "8".zfill(40)), None),
    }
    assert hook.latest(keys[1:], ["one"])["one"].row == {"quantity": "1"}


def test_only_folders_that_the_watermark_leaves_open_are_looked_at(cloud: Any, prefix: str) -> None:
    s3, days = cloud.client("s3"), ["2026-01-01", "2026-01-02", "2026-03-01", "2026-03-02"]
    s3.create_bucket(Bucket=prefix)
    hook = RawZoneHook(bucket=prefix, **CONNECTION)
    for day in days:
        s3.put_object(Bucket=prefix, Key=f"raw/orders/dt={day}/hr=00/x.json")
    assert hook.open_folders("lake-1") is None
    mark = {
        "hour": ["2026-03-01", "00"],
        "stored_at": "2026-03-01T00:00:00+00:00",
        "days": [["2026-01-01", "2026-01-02"]],
    }
    hook.put_json("ledger/curate/watermark.json", mark | {"lake": "lake-1", "run_id": "one"})
    open_days = [f"raw/orders/dt={day}/" for day in days[2:]]
    assert hook.open_folders("lake-1") == open_days
    assert {key for key, _ in hook.objects(open_days)} == {f"{day}hr=00/x.json" for day in open_days}
    assert hook.open_folders("another lake") is hook.open_folders(None) is None
    hook.put_json("ledger/curate/unchecked/late.json", {"late": True, "hours": [["2026-01-02", "00"]]})
    assert hook.open_folders("lake-1") == ["raw/orders/dt=2026-01-02/hr=00/", *open_days]
    hook.put_text("ledger/curate/unchecked/torn.json", "{", "application/json")
    assert hook.open_folders("lake-1") is None


def test_a_chain_that_delivers_no_probe_order_is_reported_as_stalled(cloud: Any, prefix: str) -> None:
    cloud.client("s3").create_bucket(Bucket=prefix)
    cloud.client("kinesis").create_stream(StreamName=prefix, ShardCount=1)
    cloud.client("dynamodb").create_table(
        TableName=prefix, KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
    )  # fmt: skip
    hops = dict.fromkeys(("table", "pipe", "stream", "delivery", "bucket"), prefix)
    barrier = ChainBarrier(lambda hook: hook(**CONNECTION), hops, patience_seconds=0, stop=Event())
    with pytest.raises(ChainStalledError, match=rf"16 of 16 probe orders did not reach raw/.*'{prefix}'"):
        barrier.deliver()
    assert json.dumps(list(SourceOrdersHook(table=prefix, **CONNECTION).scan())) == "[]"

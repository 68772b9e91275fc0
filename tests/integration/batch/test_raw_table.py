"""Test that the raw table stays one, whatever somebody else puts under ``raw/orders/``: with the deployed crawler and its role."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sales_cdc.batch.operators.verify_raw_table import RawTableError
from sales_cdc.batch.raw_table import is_lenient

from tests.conftest import Cloud
from tests.integration.batch.raw_zone import RawZone, deployed_lake, line
from tests.integration.dag_runs import DagRun
from tests.integration.deployment import Deployment
from tests.integration.faults import Faults

pytestmark = pytest.mark.integration
HOUR = "dt=2026-01-01/hr=00"


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"orderid": ["x"], "price": [1]}), file)
    return file.getvalue()


FOREIGN = {
    "csv": (f"{HOUR}/x.csv", b"orderID,price\nx,1\ny,2\n"),
    "gzip": (f"{HOUR}/x.json.gz", gzip.compress(line("zipped").encode())),
    "parquet": (f"{HOUR}/x.parquet", parquet()),
    "subfolder": (f"{HOUR}/sub/x.json", line("deeper").encode()),
    "directly": ("x.json", line("above").encode()),
    "another folder": ("theirs/x.csv", b"a,b\n1,2\n"),
    "CSV called JSON": (f"{HOUR}/not.json", b"orderID,price\nx,1\ny,2\n"),
    "Avro or other bytes": (f"{HOUR}/x.bin", bytes(range(256)) * 8),
}


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[Deployment]:
    yield from deployed_lake(cloud)


@pytest.fixture
def raw(deployed: Deployment) -> RawZone:
    zone = RawZone(deployed)
    zone.empty()
    return zone


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_new_hour_appears_beside_a_foreign_object_which_is_named(raw: RawZone, foreign: str) -> None:
    key, body = FOREIGN[foreign]
    raw.put(f"{HOUR}/ours.json", line("first"))
    assert raw.crawl()["foreign_objects"] == 0
    raw.put(key, body=body)
    found = raw.crawl()
    raw.put("dt=2026-01-01/hr=01/ours.json", line("second", gift=True))
    again = raw.crawl()
    assert list(raw.tables()) == ["raw_orders"]
    assert [each["Values"][1] for each in raw.partitions()] == ["00", "01"]
    assert {"first", "second"} <= set(raw.orders())
    assert raw.rows("SELECT gift FROM raw_orders WHERE orderid = 'second'") == [[True]]
    if foreign != "CSV called JSON":  # its name says nothing, and where the crawler unites it nothing is split
        named = "raw/orders/theirs/" if foreign == "another folder" else f"raw/orders/{key}"
        assert (found["foreign"], again["foreign"]) == ([named], [named])


def test_the_first_crawl_may_meet_foreign_objects_only_beside_ours(raw: RawZone) -> None:
    for name, (key, body) in FOREIGN.items():
        if name != "CSV called JSON":
            raw.put(key, body=body)
    assert raw.crawl()["added_hours"] == 0
    raw.put(f"{HOUR}/ours.json", line("first"))
    raw.crawl()
    assert list(raw.tables()) == ["raw_orders"]
    assert "first" in raw.orders()


def test_a_foreign_object_is_named_until_it_is_moved(raw: RawZone) -> None:
    raw.put(f"{HOUR}/ours.json", line("first"))
    raw.put(f"{HOUR}/x.bin", body=bytes(range(256)))
    raw.put("dt=2026-01-05/hr=00/ours.json", line("second"))
    named = [f"raw/orders/{HOUR}/x.bin"]
    assert [raw.crawl()["foreign"] for _ in range(3)] == [named] * 3
    raw.deployed.client("s3").delete_object(Bucket=raw.topology.bucket.name, Key=named[0])
    assert raw.crawl()["foreign"] == []


def test_columns_that_the_crawler_did_not_find_are_the_contract_s(raw: RawZone) -> None:
    raw.put(f"{HOUR}/ours.json", '{"orderID": "short", "event_type": "INSERT"}')
    found = raw.crawl()
    assert {"price", "quantity", "sequence_number"} <= set(found["added_columns"])
    raw.put(f"{HOUR}/more.json", line("first"))
    assert raw.crawl()["added_columns"] == []
    assert raw.rows("SELECT quantity, price = 9.5 FROM raw_orders WHERE orderid = 'first'") == [[5, True]]


@pytest.mark.parametrize("comma_path", ["ignored", "columns", "first"])
def test_whatever_glue_makes_of_the_brief_s_path_the_table_has_the_contract_s_columns(
    raw: RawZone, cloud: Cloud, comma_path: str
) -> None:
    """No page of AWS says what a crawler does with a list of JSON paths: each that one can think of is asked for."""
    raw.put(f"{HOUR}/ours.json", line("first"))
    with Faults(cloud.endpoint).of(comma_path=comma_path):
        added = raw.crawl()["added_columns"]
    assert ("sequence_number" in added, "product_name" in added) == (comma_path != "ignored", comma_path == "first")
    assert raw.rows("SELECT product_name, quantity, actor FROM raw_orders") == [["laptop", 5, "user"]]


def test_a_table_without_columns_gets_the_contract_s_as_if_the_classifier_found_none(raw: RawZone) -> None:
    raw.put(f"{HOUR}/ours.json", line("first"))
    raw.deployed.crawl()
    table = raw.tables()["raw_orders"]
    kept = {name: table[name] for name in ("Name", "TableType", "PartitionKeys", "Parameters")}
    bare = {**kept, "StorageDescriptor": {**table["StorageDescriptor"], "Columns": []}}
    raw.deployed.client("glue").update_table(DatabaseName=raw.topology.database.name, TableInput=bare)
    assert set(raw.verify()["added_columns"]) >= {"orderid", "price", "actor"}
    assert raw.rows("SELECT quantity, event_type FROM raw_orders") == [[5, "INSERT"]]


def test_the_crawler_finds_the_columns_without_the_classifier_too(
    raw: RawZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_CDC_PREFIX", raw.topology.prefix)
    monkeypatch.setenv("SALES_CDC_RAW_COLUMNS", "built-in")
    DagRun("sales_cdc_setup.py").run("find_account", "lake.provision_crawler")
    crawler = raw.deployed.client("glue").get_crawler(Name=raw.topology.crawler.name)["Crawler"]
    assert crawler.get("Classifiers", []) == []
    raw.put(f"{HOUR}/ours.json", line("first"))
    assert raw.crawl()["added_columns"] == []


def test_malformed_lines_are_passed_over_in_every_hour_after_every_crawl(raw: RawZone) -> None:
    bad = [
        '{"orderID": "x\\ud800"}',
        '[{"orderID": "x"}]',
        '{"orderID": "x',
        '{\n "orderID":\n"x"\n}',
        '{"price":1,"price":2}',
    ]
    for hour in range(2):
        raw.put(f"dt=2026-01-01/hr=0{hour}/ours.json", line(f"order-{hour}"), *bad, line(f"order-{hour}b"))
        raw.crawl()
    assert all(is_lenient(each["StorageDescriptor"]) for each in raw.partitions())
    assert sorted(raw.orders()) == ["order-0", "order-0b", "order-1", "order-1b"]


@pytest.mark.parametrize("is_split", [False, True])
@pytest.mark.parametrize("price", ["cheap", {"in": "euros"}, [1]])
def test_a_column_to_which_a_foreign_line_gives_another_type_is_a_text_for_all(
    raw: RawZone, price: Any, is_split: bool
) -> None:
    raw.put(f"{HOUR}/ours.json", line("first"))
    assert raw.crawl()["foreign_types"] == {}
    raw.put("dt=2026-01-01/hr=01/theirs.json", line("theirs"), line("odd", price=price))
    if is_split:
        raw.put(f"{HOUR}/x.csv", body=FOREIGN["csv"][1])
    assert list(raw.crawl()["foreign_types"]) == ["price"]
    assert raw.rows("SELECT count(*) FROM raw_orders WHERE try_cast(price AS double) = 9.5") == [[2]]
    for key in ("dt=2026-01-01/hr=01/theirs.json", f"{HOUR}/x.csv"):
        raw.deployed.client("s3").delete_object(Bucket=raw.topology.bucket.name, Key=f"raw/orders/{key}")
    assert raw.crawl()["foreign_types"] == {}
    assert raw.rows("SELECT count(*) FROM raw_orders WHERE price = 9.5") == [[1]]


def test_tables_that_others_made_below_raw_stay(raw: RawZone) -> None:
    raw.put(f"{HOUR}/ours.json", line("first"))
    storage = {"Columns": [], "Location": f"s3://{raw.topology.bucket.name}/raw/orders/{HOUR}/"}
    theirs = {"Name": "raw_theirs", "StorageDescriptor": storage, "Parameters": {"UPDATED_BY_CRAWLER": "theirs"}}
    raw.deployed.client("glue").create_table(DatabaseName=raw.topology.database.name, TableInput=theirs)
    raw.put(f"{HOUR}/x.csv", body=FOREIGN["csv"][1])
    raw.crawl()
    assert set(raw.tables()) == {"raw_orders", "raw_theirs"}


def test_a_table_of_the_name_that_somebody_else_made_is_refused(raw: RawZone) -> None:
    storage = {"Columns": [], "Location": "s3://elsewhere/"}
    raw.deployed.client("glue").create_table(
        DatabaseName=raw.topology.database.name, TableInput={"Name": "raw_orders", "StorageDescriptor": storage}
    )
    with pytest.raises(RawTableError, match=r"raw_orders: it is no table of JSON lines.*Rename or drop it"):
        raw.crawl()

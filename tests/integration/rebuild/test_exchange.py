"""Test the exchange of curated tables in the Data Catalog: stopped before each call, done twice at once, with somebody writing meanwhile.

The judge for what a stale version means is botocore's model of UpdateTable; Iceberg commits by the same call:
https://iceberg.apache.org/docs/1.10.0/aws/#optimistic-locking
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sales_cdc.rebuild.catalog import CuratedCatalogHook, ExchangeError

from tests.conftest import Cloud

pytestmark = pytest.mark.integration
LIVE, REBUILT, OLD = "orders_changes", "orders_rebuild_changes", "orders_old_changes"
WRITES = ("CreateTable", "UpdateTable", "DeleteTable")


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Catalog:
    """Hold a database with Iceberg tables, as far as the Data Catalog knows them, and their files."""

    cloud: Cloud
    name: str

    def hook(self) -> CuratedCatalogHook:
        return CuratedCatalogHook(database=self.name, bucket=self.name, aws_conn_id="aws_default")

    def put(self, name: str, folder: str, commits: int = 1) -> None:
        """Make a table, or commit to it: its entry points to another metadata file."""
        place = f"s3://{self.name}{folder}" if folder.startswith("/") else f"s3://{self.name}/curated/{folder}"
        pointer = f"{place}/metadata/{commits:05}-x.metadata.json"
        self.cloud.client("s3").put_object(Bucket=self.name, Key=pointer.removeprefix(f"s3://{self.name}/"), Body=b"{}")
        table = {
            "Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": {"table_type": "ICEBERG", "metadata_location": pointer},
            "StorageDescriptor": {"Columns": [{"Name": "orderid", "Type": "string"}], "Location": place},
        }  # fmt: skip
        glue = self.cloud.client("glue")
        (glue.update_table if self.hook().find(name) else glue.create_table)(DatabaseName=self.name, TableInput=table)

    def pointers(self) -> dict[str, str]:
        """Return by name which folder and commit each table is at."""
        tables = self.cloud.client("glue").get_tables(DatabaseName=self.name)["TableList"]
        found = {table["Name"]: table["Parameters"]["metadata_location"] for table in tables}
        return {
            name: "/".join(place.split("/")[4::2]).removesuffix("-x.metadata.json") for name, place in found.items()
        }

    def files(self) -> list[str]:
        listed = self.cloud.client("s3").list_objects_v2(Bucket=self.name, Prefix="curated/").get("Contents", [])
        return [found["Key"] for found in listed]


@pytest.fixture
def catalog(cloud: Cloud, prefix: str) -> Catalog:
    cloud.client("s3").create_bucket(Bucket=prefix)
    cloud.client("glue").create_database(DatabaseInput={"Name": prefix})
    made = Catalog(cloud, prefix)
    made.put(LIVE, "first", commits=7)
    made.put(REBUILT, "second", commits=3)
    return made


EXCHANGED = {LIVE: "second/00003", OLD: "first/00007"}


def before(hook: CuratedCatalogHook, call: int, act: Callable[[], None]) -> None:
    """Do something before the hook's n-th write to the catalog."""
    writes = iter(range(10**6))

    def watch(model: Any, **_: Any) -> None:
        if model.name in WRITES and next(writes) == call:
            act()

    hook.conn.meta.events.register("before-call.glue", watch)


def die() -> None:
    raise Killed


def test_the_live_name_gets_the_rebuilt_table_and_the_former_one_is_kept(catalog: Catalog) -> None:
    assert catalog.hook().exchange(LIVE, REBUILT, OLD)
    assert catalog.pointers() == EXCHANGED
    assert not catalog.hook().exchange(LIVE, REBUILT, OLD), "there is nothing left to exchange"
    assert catalog.pointers() == EXCHANGED


@pytest.mark.parametrize("call", [0, 1, 2])
def test_an_exchange_stopped_before_any_call_is_ended_by_the_next(catalog: Catalog, call: int) -> None:
    hook = catalog.hook()
    before(hook, call, die)
    with pytest.raises(Killed):
        hook.exchange(LIVE, REBUILT, OLD)
    assert catalog.pointers()[LIVE] in {"first/00007", "second/00003"}, "a reader sees one whole table"
    catalog.hook().exchange(LIVE, REBUILT, OLD)
    assert catalog.pointers() == EXCHANGED


@pytest.mark.parametrize("call", [0, 1])
def test_a_commit_to_the_live_table_meanwhile_is_in_the_kept_one(catalog: Catalog, call: int) -> None:
    hook = catalog.hook()
    before(hook, call, lambda: catalog.put(LIVE, "first", commits=8))
    hook.exchange(LIVE, REBUILT, OLD)
    assert catalog.pointers() == {LIVE: "second/00003", OLD: "first/00008"}


@pytest.mark.parametrize("call", [0, 1, 2])
def test_another_exchange_meanwhile_does_no_harm(catalog: Catalog, call: int) -> None:
    hook = catalog.hook()
    before(hook, call, lambda: (catalog.put(LIVE, "first", commits=9), catalog.hook().exchange(LIVE, REBUILT, OLD)) if call < 2 else None)  # fmt: skip
    hook.exchange(LIVE, REBUILT, OLD)
    assert catalog.pointers() == {LIVE: "second/00003", OLD: "first/00009" if call < 2 else "first/00007"}


def test_two_exchanges_at_once_do_it_once(catalog: Catalog) -> None:
    hooks = [catalog.hook() for _ in range(4)]
    threads = [threading.Thread(target=hook.exchange, args=(LIVE, REBUILT, OLD)) for hook in hooks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.pointers() == EXCHANGED


def test_a_live_table_that_is_missing_is_made(catalog: Catalog) -> None:
    catalog.cloud.client("glue").delete_table(DatabaseName=catalog.name, Name=LIVE)
    assert catalog.hook().exchange(LIVE, REBUILT, OLD)
    assert catalog.pointers() == {LIVE: "second/00003"}


def test_kept_tables_of_an_earlier_rebuild_are_never_written_over(catalog: Catalog) -> None:
    catalog.put(OLD, "zeroth")
    with pytest.raises(ExchangeError, match=r"that name is another table's.*Nothing was exchanged.*delete_old"):
        catalog.hook().exchange(LIVE, REBUILT, OLD)
    assert catalog.pointers() == {LIVE: "first/00007", REBUILT: "second/00003", OLD: "zeroth/00001"}


def test_the_former_table_is_restored_by_the_opposite_exchange(catalog: Catalog) -> None:
    catalog.hook().exchange(LIVE, REBUILT, OLD)
    catalog.hook().exchange(LIVE, OLD, REBUILT)
    assert catalog.pointers() == {LIVE: "first/00007", REBUILT: "second/00003"}


def test_a_table_is_removed_with_its_files_and_no_other(catalog: Catalog) -> None:
    catalog.put("theirs", "first-and-more")
    catalog.hook().exchange(LIVE, REBUILT, OLD)
    assert catalog.hook().remove(OLD, LIVE) == 1
    assert catalog.pointers() == {LIVE: "second/00003", "theirs": "first-and-more/00001"}
    assert [key.split("/")[1] for key in catalog.files()] == ["first-and-more", "second"]
    assert catalog.hook().remove(OLD, LIVE) == 0


def test_a_table_in_the_live_one_s_folder_or_outside_of_the_zone_is_never_removed(catalog: Catalog) -> None:
    for folder, reason in {"first": rf"that of {LIVE}", "/raw/orders": "not one below"}.items():
        catalog.put(OLD, folder)
        before = catalog.files()
        with pytest.raises(ExchangeError, match=rf"{reason}.*Nothing was removed"):
            catalog.hook().remove(OLD, LIVE)
        assert catalog.files() == before

"""The tables that crawlers make. Each test names the AWS page it follows."""

from __future__ import annotations

import json

import pytest
from tests.integration.glue.lake import COMMA_PATH, EVENT, INHERIT, Lake

pytestmark = pytest.mark.integration


def test_a_comma_path_matches_nothing_and_the_built_in_classifier_keeps_every_column(lake: Lake) -> None:
    """Writing JSON custom classifiers (the JsonPath subset), Built-in classifiers (used when no custom one matches).

    Sources: https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html,
    https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
    """
    lake.glue.create_classifier(JsonClassifier={"Name": lake.name, "JsonPath": COMMA_PATH})
    lake.put("raw/orders/dt=2026-11-22/hr=10/a.json", EVENT)
    lake.crawled(TablePrefix="raw_", Classifiers=[lake.name])
    assert list(lake.columns("raw_orders")) == [name.lower() for name in EVENT]
    kept = lake.glue.get_classifier(Name=lake.name)["Classifier"]["JsonClassifier"]
    assert kept["JsonPath"] == COMMA_PATH


def test_a_table_carries_what_a_crawler_writes(lake: Lake) -> None:
    """*Parameters set on Data Catalog tables by crawler*; OpenX JSON SerDe (``paths``).

    Source: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
    """
    lake.put("raw/orders/dt=2026-11-22/hr=10/a.json", EVENT, EVENT)
    lake.put("raw/orders/dt=2026-11-22/hr=11/b.json", EVENT)
    crawler = lake.crawled(TablePrefix="raw_")
    table = lake.tables()["raw_orders"]
    storage, parameters = table["StorageDescriptor"], table["Parameters"]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["PartitionKeys"] == [{"Name": "dt", "Type": "string"}, {"Name": "hr", "Type": "string"}]
    assert storage["Location"] == f"s3://{lake.bucket}/raw/orders/"
    assert storage["SerdeInfo"]["SerializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"
    assert storage["SerdeInfo"]["Parameters"]["paths"].split(",") == sorted(EVENT)
    counts = {
        "recordCount": "3",
        "objectCount": "2",
        "classification": "json",
        "compressionType": "none",
        "typeOfData": "file",
    }
    assert counts.items() <= parameters.items()
    assert parameters["UPDATED_BY_CRAWLER"] == crawler
    assert int(parameters["sizeKey"]) == 3 * int(parameters["averageRecordSize"])
    partition = lake.partitions("raw_orders")["2026-11-22", "10"]
    assert partition["StorageDescriptor"]["Location"] == f"s3://{lake.bucket}/raw/orders/dt=2026-11-22/hr=10/"
    assert partition["Parameters"]["recordCount"] == "2"


def test_types_merge_over_files(lake: Lake) -> None:
    """How does the AWS Glue crawler detect the schema?: a table's schema covers the files of all its folders.

    Source: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html
    """
    lake.put(
        "raw/orders/dt=1/a.json",
        {"id": 1, "price": 12, "note": None, "n": {"a": 1}, "l": [1], "big": 1, "mix": 1, "ok": True},
    )
    lake.put("raw/orders/dt=2/b.json", {"id": 2, "price": 12.5, "note": "x", "n": {"b": []}, "l": [2.5], "big": 3_000_000_000, "mix": "a", "ok": None})  # fmt: skip
    lake.crawled()
    assert lake.columns("orders") == {
        "id": "int", "price": "double", "note": "string", "n": "struct<a:int,b:array<string>>", "l": "array<double>", "big": "bigint",
        "mix": "string", "ok": "boolean",
    }  # fmt: skip


def test_partitions_keep_their_own_types_unless_they_inherit(lake: Lake) -> None:
    """Setting crawler configuration options using the API: ``InheritFromTable``.

    Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
    """
    lake.put("raw/orders/dt=1/a.json", {"price": 12})
    lake.put("raw/orders/dt=2/b.json", {"price": 12.5})
    own = lake.crawled()
    types = lambda: [p["StorageDescriptor"]["Columns"][0]["Type"] for _, p in sorted(lake.partitions("orders").items())]  # noqa: E731
    assert types() == ["int", "double"]
    lake.glue.update_crawler(Name=own, Configuration=json.dumps({"Version": 1.0, **INHERIT}))
    assert lake.crawl(own)["Status"] == "SUCCEEDED"
    assert types() == ["double", "double"]


def test_plain_folders_become_numbered_partition_keys(lake: Lake) -> None:
    """How does a crawler determine when to create partitions?, second example.

    Source: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html
    """
    for folder in ("table1/p1", "table1/p2", "table2/p4"):
        lake.put(f"folder1/{folder}/file.json", {"a": 1})
    lake.crawled("folder1/")
    table = lake.tables()["folder1"]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["partition_0", "partition_1"]
    assert set(lake.partitions("folder1")) == {("table1", "p1"), ("table1", "p2"), ("table2", "p4")}


def test_unlike_schemas_become_tables_of_their_own_unless_combined(lake: Lake) -> None:
    """*Creating a single schema for each Amazon S3 include path*, its example."""
    lake.put("table1/year=2017/data1.json", {"A": 1, "B": 2})
    lake.put("table1/year=2018/data2.json", {"C": 3, "D": 4})
    lake.crawled("table1/")
    assert set(lake.tables()) == {"year_2017", "year_2018"}
    lake.crawled("table1/", configuration={"Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}})
    assert lake.columns("table1") == {"a": "int", "b": "int", "c": "int", "d": "int"}
    assert lake.tables()["table1"]["PartitionKeys"] == [{"Name": "year", "Type": "string"}]


def test_the_table_level_sets_where_tables_begin(lake: Lake) -> None:
    """*Specifying the table location and partitioning level*: the bucket is level 1."""
    for region in ("east", "west"):
        lake.put(f"sales/{region}/dt=1/a.json", {"a": 1})
    lake.crawled("sales/", configuration={"Grouping": {"TableLevelConfiguration": 3}})
    assert {name: [key["Name"] for key in table["PartitionKeys"]] for name, table in lake.tables().items()} == {
        "east": ["dt"],
        "west": ["dt"],
    }


def test_a_crawl_with_more_tables_than_its_threshold_fails(lake: Lake) -> None:
    """*Specifying the maximum number of tables the crawler is allowed to create*."""
    for number, name in enumerate("ab"):
        lake.put(f"in/{name}/x.json", {f"c{number}": 1})
    last = lake.crawl(lake.crawler("in/", configuration={"CrawlerOutput": {"Tables": {"TableThreshold": 1}}}))
    assert last["Status"] == "FAILED"
    assert "TableThreshold" in last["ErrorMessage"]

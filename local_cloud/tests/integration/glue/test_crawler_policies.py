"""What a later crawl changes. Each test names the AWS page it follows."""

from __future__ import annotations

import json

import pytest
from tests.integration.glue.lake import EVENT, Lake, error_code

pytestmark = pytest.mark.integration


def test_a_new_column_and_a_lost_one_follow_the_update_behaviour(lake: Lake) -> None:
    """Setting crawler configuration options using the API: ``UpdateBehavior`` and ``MergeNewColumns``.

    Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
    """
    policy = lambda update: {"UpdateBehavior": update, "DeleteBehavior": "LOG"}  # noqa: E731
    merge = json.dumps({"Version": 1.0, "CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}})
    lake.put("in/a.json", {"a": 1, "b": 1})
    crawler = lake.crawled("in/", SchemaChangePolicy=policy("LOG"))
    lake.put("in/a.json", {"a": "text", "c": 1})
    lake.crawl(crawler)
    assert lake.columns("in") == {"a": "int", "b": "int"}
    lake.glue.update_crawler(Name=crawler, Configuration=merge)
    lake.crawl(crawler)
    assert lake.columns("in") == {"a": "int", "b": "int", "c": "int"}
    lake.glue.update_crawler(Name=crawler, Configuration="", SchemaChangePolicy=policy("UPDATE_IN_DATABASE"))
    lake.crawl(crawler)
    assert lake.columns("in") == {"a": "string", "c": "int"}


@pytest.mark.parametrize("behaviour", ["DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE", "LOG"])
def test_deleted_objects_follow_the_delete_behaviour(lake: Lake, behaviour: str) -> None:
    """Setting crawler configuration options using the API: ``DeleteBehavior``, for a table and for a partition.

    Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
    """
    for key in ("in/gone/a.json", "in/kept/dt=1/a.json", "in/kept/dt=2/a.json"):
        lake.put(key, {key.split("/")[1]: 1})
    crawler = lake.crawled("in/", SchemaChangePolicy={"DeleteBehavior": behaviour})
    for key in ("in/gone/a.json", "in/kept/dt=2/a.json"):
        lake.s3.delete_object(Bucket=lake.bucket, Key=key)
    assert lake.crawl(crawler)["Status"] == "SUCCEEDED"
    table, partition = lake.tables().get("gone"), lake.partitions("kept").get(("2",))
    if behaviour == "DELETE_FROM_DATABASE":
        assert (table, partition) == (None, None)
    else:
        deprecated = behaviour == "DEPRECATE_IN_DATABASE"
        assert ("DEPRECATED_BY_CRAWLER" in table["Parameters"]) is deprecated
        assert ("DEPRECATED_BY_CRAWLER" in partition["Parameters"]) is deprecated
    assert ("1",) in lake.partitions("kept")


def test_an_incremental_crawl_reads_new_folders_only(lake: Lake) -> None:
    """Scheduling incremental crawls for adding new partitions.

    Source: https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html
    """
    recrawl = {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}
    refused = {**recrawl, "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}}
    assert error_code(lake.crawler, **refused) == "InvalidInputException"
    lake.put("raw/orders/dt=1/a.json", {"a": 1})
    lake.put("raw/orders/dt=2/a.json", {"a": 1})
    crawler = lake.crawled(**recrawl)
    lake.put("raw/orders/dt=2/late.json", {"unseen": 1})
    lake.put("raw/orders/dt=3/a.json", {"a": 1})
    lake.s3.delete_object(Bucket=lake.bucket, Key="raw/orders/dt=1/a.json")
    assert lake.crawl(crawler)["Status"] == "SUCCEEDED"
    assert set(lake.partitions("orders")) == {("1",), ("2",), ("3",)}
    assert lake.columns("orders") == {"a": "int"}


def test_a_sample_size_limits_the_objects_of_each_folder(lake: Lake) -> None:
    """S3Target structure: ``SampleSize``.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-crawling.html
    """
    for number in range(3):
        lake.put(f"in/a{number}.json", {"a": 1})
    lake.crawled("in/", target={"SampleSize": 1})
    assert lake.tables()["in"]["Parameters"]["objectCount"] == "1"


def test_a_taken_table_name_gets_a_hash(lake: Lake) -> None:
    """Using crawlers to populate the Data Catalog: a duplicate table name gets a hash suffix, the same in every crawl.

    Source: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html
    """
    lake.put("one/orders/a.json", {"a": 1})
    lake.put("two/orders/a.json", {"a": 1})
    lake.crawled("one/orders/")
    second = lake.crawled("two/orders/")
    lake.crawl(second)
    names = sorted(lake.tables())
    assert len(names) == 2
    assert names[0] == "orders"
    assert names[1].startswith("orders_")
    assert len(names[1]) == len("orders_") + 32


def test_a_crawl_that_finds_nothing_new_changes_nothing(lake: Lake) -> None:
    """ListCrawls: the summary names what was added, updated or deleted.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListCrawls.html
    """
    lake.put("raw/orders/dt=1/a.json", EVENT)
    crawler = lake.crawled()
    lake.crawl(crawler)
    newest, first = lake.glue.list_crawls(CrawlerName=crawler)["Crawls"]
    assert json.loads(first["Summary"])["TABLE"]["created"] == ["orders"]
    assert json.loads(first["Summary"])["PARTITION"]["created"] == ["orders/1"]
    assert not any(names for part in json.loads(newest["Summary"]).values() for names in part.values())
    assert lake.tables()["orders"]["VersionId"] == "1"

"""Test that a crawl by S3's events keeps the raw table as a crawl of everything would: with the deployed crawler, its role and queue.

Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Cloud
from tests.integration.batch.raw_zone import RawZone, deployed_lake, line
from tests.integration.dag_runs import DagRun
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
BY_EVENTS, LISTED = "The crawl is running by consuming Amazon S3 events", "The crawl is not running in S3 event mode"


@pytest.fixture(scope="module")
def zone(cloud: Cloud) -> Iterator[RawZone]:
    """A raw table of two days, crawled and verified once."""
    for deployment in deployed_lake(cloud):
        made = RawZone(deployment)
        made.put("dt=2026-01-01/hr=00/a.json", line("first", early=True))
        made.put("dt=2026-01-02/hr=00/a.json", line("second"))
        assert made.only_crawl() is False
        assert LISTED in log(made)
        made.verify()
        yield made


@pytest.fixture
def raw(zone: RawZone) -> RawZone:
    """The zone, its crawler ready to crawl by events."""
    zone.verify(zone.only_crawl())
    zone.verify(zone.only_crawl())
    return zone


def log(raw: RawZone) -> str:
    """Return the lines of the newest crawl."""
    last = raw.crawler()["LastCrawl"]
    place = {"logGroupName": last["LogGroup"], "logStreamName": last["LogStream"]}
    lines = [one["message"] for one in raw.deployed.client("logs").get_log_events(**place)["events"]]
    return "\n".join(each for each in lines if each.startswith(lines[-1].partition("]")[0]))


def columns(raw: RawZone) -> dict[str, str]:
    return {each["Name"]: each["Type"] for each in raw.tables()["raw_orders"]["StorageDescriptor"]["Columns"]}


def name() -> str:
    return f"gift_{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize(
    "key", ["dt=2026-01-02/hr=01/{}.json", "dt=2026-01-01/hr=00/{}.json"], ids=["new hour", "late"]
)
def test_a_new_attribute_is_a_column_after_the_crawl_that_saw_its_event(raw: RawZone, key: str) -> None:
    gift = name()
    raw.put(key.format(gift), line(gift, **{gift: "yes"}))
    assert raw.only_crawl() is False
    assert BY_EVENTS in log(raw)
    assert "in 1 folders that events name" in log(raw)
    raw.verify()
    assert raw.rows(f"SELECT orderid, early FROM raw_orders WHERE {gift} = 'yes'") == [[gift, None]]
    assert raw.rows("SELECT orderid FROM raw_orders WHERE early") == [["first"]]
    for partition in raw.partitions():
        assert {each["Name"] for each in partition["StorageDescriptor"]["Columns"]} == set(columns(raw))


def test_columns_and_types_stay_whatever_a_crawl_of_some_folders_makes_of_the_table(raw: RawZone) -> None:
    """No page of AWS says what becomes of a column that the folders of the events lack."""
    gift, before = name(), columns(raw)
    raw.put(f"dt=2026-01-02/hr=02/{gift}.json", line(gift, **{gift: {"a": 1}}))
    raw.crawl()
    storage = raw.tables()["raw_orders"]["StorageDescriptor"]
    narrowed = [{**each, "Type": {"price": "int", gift: "struct<b:int>"}.get(each["Name"], each["Type"])} for each in storage["Columns"]]  # fmt: skip
    kept = [each for each in narrowed if each["Name"] != "early"]
    table = {key: raw.tables()["raw_orders"][key] for key in ("Name", "TableType", "PartitionKeys", "Parameters")}
    table["StorageDescriptor"] = {**storage, "Columns": kept}
    raw.deployed.client("glue").update_table(DatabaseName=raw.topology.database.name, TableInput=table)
    raw.verify()
    assert columns(raw) == {**before, gift: "struct<b:int,a:int>"}
    assert columns(raw)["price"] == "double"


def test_an_audit_crawls_everything_and_sets_the_crawler_back(raw: RawZone) -> None:
    assert raw.only_crawl(audit="true") is True
    assert BY_EVENTS not in log(raw)
    assert raw.crawler()["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVENT_MODE"}
    setup = DagRun("sales_cdc_setup.py")
    setup.run("find_account", "lake.provision_crawler")
    assert setup.actions() == {"lake.provision_crawler": "unchanged"}


def test_a_lost_table_is_crawled_whole(raw: RawZone) -> None:
    raw.deployed.client("glue").delete_table(DatabaseName=raw.topology.database.name, Name="raw_orders")
    assert raw.only_crawl() is True
    raw.verify(crawled_all=True)
    assert {"first", "second"} <= set(raw.orders())
    assert raw.rows("SELECT orderid FROM raw_orders WHERE early") == [["first"]]


def test_a_lost_ledger_is_crawled_whole(raw: RawZone) -> None:
    place = {"Bucket": raw.topology.bucket.name, "Key": "ledger/batch/raw_table_check.json"}
    raw.deployed.client("s3").delete_object(**place)
    assert raw.only_crawl() is True
    raw.verify(crawled_all=True)
    assert raw.only_crawl() is False


def test_a_type_that_a_foreign_object_changed_is_given_back_when_it_is_gone(raw: RawZone) -> None:
    key = "dt=2026-01-02/hr=03/theirs.json"
    raw.put(key, line("odd", price="cheap"))
    assert list(raw.crawl()["foreign_types"]) == ["price"]
    raw.deployed.client("s3").delete_object(Bucket=raw.topology.bucket.name, Key=f"raw/orders/{key}")
    assert raw.only_crawl() is True
    assert raw.verify(crawled_all=True)["foreign_types"] == {}
    assert columns(raw)["price"] == "double"


def test_a_failed_crawl_is_followed_by_one_of_everything(raw: RawZone) -> None:
    with raw.deployed.without("crawler", 0, "s3:GetObject"):
        raw.put("dt=2026-01-02/hr=04/a.json", line("denied"))
        assert raw.deployed.crawl()["Status"] == "FAILED"
    assert raw.only_crawl() is True
    raw.verify(crawled_all=True)
    assert "denied" in set(raw.orders())


def test_a_crawl_that_nobody_verified_is_followed_by_one_of_everything(raw: RawZone) -> None:
    """Its events are gone, and no page says whether a column that it found outlives the next crawl of other folders."""
    gift = name()
    raw.put(f"dt=2026-01-02/hr=07/{gift}.json", line(gift, **{gift: "yes"}))
    assert raw.only_crawl() is False
    assert raw.only_crawl() is True
    raw.verify(crawled_all=True)
    assert columns(raw)[gift] == "string"


def test_where_s3_does_not_tell_the_queue_everything_is_crawled(raw: RawZone) -> None:
    s3, place = raw.deployed.client("s3"), {"Bucket": raw.topology.bucket.name}
    told = s3.get_bucket_notification_configuration(**place)
    told.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(**place, NotificationConfiguration={})
    gift = name()
    raw.put(f"dt=2026-01-02/hr=08/{gift}.json", line(gift, **{gift: 1}))
    try:
        assert raw.only_crawl() is True
    finally:
        s3.put_bucket_notification_configuration(**place, NotificationConfiguration=told)
    raw.verify(crawled_all=True)
    assert columns(raw)[gift] == "int"
    assert raw.only_crawl() is False


def test_messages_of_any_kind_fail_no_crawl(raw: RawZone) -> None:
    """Purged, foreign, twice, out of order, and of objects that are gone: hours come from the objects' names."""
    sqs, s3 = raw.deployed.client("sqs"), raw.deployed.client("s3")
    queue = sqs.get_queue_url(QueueName=raw.topology.raw_events_queue.name)["QueueUrl"]
    lost, seen = name(), name()
    raw.put(f"dt=2026-01-02/hr=09/{lost}.json", line(lost))
    sqs.purge_queue(QueueUrl=queue)
    raw.put(f"dt=2026-01-02/hr=10/{seen}.json", line(seen, **{seen: "yes"}))
    about = {
        "bucket": {"name": raw.topology.bucket.name},
        "object": {"key": f"raw/orders/dt=2026-01-02/hr=10/{seen}.json"},
    }
    gone = {**about, "object": {"key": "raw/orders/dt=2026-01-02/hr=11/gone.json"}}
    bodies = [json.dumps({"Records": [{"s3": each}]}) for each in (gone, about, about)]
    for body in ("no JSON", "[]", '{"Event": "s3:TestEvent"}', '{"Records": [1, {"s3": {}}]}', *bodies):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    s3.delete_object(Bucket=raw.topology.bucket.name, Key="raw/orders/dt=2026-01-02/hr=11/gone.json")
    assert raw.only_crawl() is False
    raw.verify()
    assert columns(raw)[seen] == "string"
    assert {lost, seen} <= set(raw.orders())


def test_a_crawl_that_runs_already_is_waited_for_and_another_one_follows(raw: RawZone) -> None:
    glue, crawler = raw.deployed.client("glue"), raw.topology.crawler.name
    gift = name()
    glue.start_crawler(Name=crawler)
    raw.put(f"dt=2026-01-02/hr=05/{gift}.json", line(gift, **{gift: 1}))
    raw.verify(raw.only_crawl())
    assert columns(raw)[gift] == "int"
    assert len(glue.list_crawls(CrawlerName=crawler)["Crawls"]) >= 2


def test_a_crawler_of_an_earlier_setup_works_on_until_setup_updates_it_in_place(raw: RawZone) -> None:
    glue, topology = raw.deployed.client("glue"), raw.topology
    target: dict[str, Any] = {"Path": topology.s3_uri("raw/orders/")}
    earlier = {"Targets": {"S3Targets": [target]}, "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"}}
    glue.update_crawler(Name=topology.crawler.name, **earlier)
    s3, place = raw.deployed.client("s3"), {"Bucket": topology.bucket.name}
    s3.put_bucket_notification_configuration(**place, NotificationConfiguration={})
    gift = name()
    raw.put(f"dt=2026-01-02/hr=06/{gift}.json", line(gift, **{gift: 1}))
    assert raw.only_crawl() is True
    assert columns(raw)[gift] == "int"
    setup = DagRun("sales_cdc_setup.py")
    setup.run("find_account", "lake")
    changed = {task for task, action in setup.actions().items() if action == "updated"}
    assert changed == {"lake.provision_bucket", "lake.provision_crawler"}
    wait_for(lambda: raw.crawler()["State"] == "READY", "the updated crawler")
    assert raw.crawler()["Targets"]["S3Targets"][0]["EventQueueArn"] == topology.raw_events_queue.arn

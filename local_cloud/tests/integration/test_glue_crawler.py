"""Crawlers and classifiers of the local cloud through unmodified boto3. Each test names the AWS page it follows."""

from __future__ import annotations

import gzip
import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.context import Context
from local_cloud.glue.crawler.crawlers import Crawlers
from local_cloud.glue.crawler.history import CrawlHistory
from local_cloud.store import Store
from local_cloud.wire import Request

pytestmark = pytest.mark.integration

BRIEF_PATH = "$.orderID,$.product_name,$.quantity,$.price,$.event_type,$.creation_time"
INHERIT = {"CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}


@dataclass(frozen=True)
class Lake:
    """A bucket, a database and a role of a test's own, with the clients to use them."""

    name: str
    bucket: str
    database: str
    role: str
    s3: Any
    glue: Any
    iam: Any
    logs: Any

    def put(self, key: str, *records: Any, body: bytes | None = None) -> None:
        lines = "".join(f"{record if isinstance(record, str) else json.dumps(record)}\n" for record in records)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=lines.encode() if body is None else body)

    def crawler(
        self, path: str = "raw/orders/", *, configuration: Any = None, target: Any = None, **settings: Any
    ) -> str:
        name = f"{self.name}-{uuid.uuid4().hex[:6]}"
        if configuration is not None:
            settings["Configuration"] = json.dumps({"Version": 1.0, **configuration})
        settings.setdefault("Targets", {"S3Targets": [{"Path": f"s3://{self.bucket}/{path}", **(target or {})}]})
        self.glue.create_crawler(Name=name, Role=self.role, DatabaseName=self.database, **settings)
        return name

    def crawl(self, name: str) -> Any:
        """Run the crawler to its end; its ``LastCrawl``."""
        self.glue.start_crawler(Name=name)
        return self.wait(name)["LastCrawl"]

    def wait(self, name: str) -> Any:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            crawler = self.glue.get_crawler(Name=name)["Crawler"]
            if crawler["State"] == "READY":
                return crawler
            time.sleep(0.1)
        raise AssertionError(f"crawler {name} did not end")

    def crawled(self, *arguments: Any, **settings: Any) -> str:
        """A new crawler that has succeeded once."""
        name = self.crawler(*arguments, **settings)
        last = self.crawl(name)
        assert last["Status"] == "SUCCEEDED", last
        return name

    def tables(self) -> dict[str, Any]:
        return {table["Name"]: table for table in self.glue.get_tables(DatabaseName=self.database)["TableList"]}

    def columns(self, table: str) -> dict[str, str]:
        found = self.glue.get_table(DatabaseName=self.database, Name=table)["Table"]
        return {column["Name"]: column["Type"] for column in found["StorageDescriptor"]["Columns"]}

    def partitions(self, table: str) -> dict[tuple[str, ...], Any]:
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=table)["Partitions"]
        return {tuple(partition["Values"]): partition for partition in found}


@pytest.fixture
def lake(cloud: Any) -> Iterator[Lake]:
    name = f"lake-{uuid.uuid4().hex[:8]}"
    s3, glue, iam = cloud.client("s3"), cloud.client("glue"), cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps({"Statement": [allow]}))
    s3.create_bucket(Bucket=name)
    glue.create_database(DatabaseInput={"Name": name.replace("-", "_")})
    yield Lake(name, name, name.replace("-", "_"), role, s3, glue, iam, cloud.client("logs"))
    for crawler in glue.get_crawlers()["Crawlers"]:
        if crawler["Name"].startswith(name) and crawler["State"] == "READY":
            glue.delete_crawler(Name=crawler["Name"])


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Code"])


EVENT = {
    "orderID": "o1", "product_name": "laptop", "quantity": 5, "price": 12.5, "event_type": "INSERT",
    "creation_time": "2026-11-22T10:00:00Z", "event_id": "e1", "sequence_number": "0" * 40, "actor": "user",
}  # fmt: skip


def test_the_brief_s_comma_path_matches_nothing_and_the_built_in_classifier_keeps_every_column(lake: Lake) -> None:
    """*Writing JSON custom classifiers* (the JsonPath subset), *Built-in classifiers* (used when no custom one matches)."""
    lake.glue.create_classifier(JsonClassifier={"Name": lake.name, "JsonPath": BRIEF_PATH})
    lake.put("raw/orders/dt=2026-11-22/hr=10/a.json", EVENT)
    lake.crawled(TablePrefix="raw_", Classifiers=[lake.name])
    assert list(lake.columns("raw_orders")) == [name.lower() for name in EVENT]
    kept = lake.glue.get_classifier(Name=lake.name)["Classifier"]["JsonClassifier"]
    assert kept["JsonPath"] == BRIEF_PATH


def test_a_table_carries_what_a_crawler_writes(lake: Lake) -> None:
    """*Parameters set on Data Catalog tables by crawler*; *OpenX JSON SerDe* (``paths``)."""
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
    """*How does the AWS Glue crawler detect the schema?*: a table's schema covers the files of all its folders."""
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
    """*Setting crawler configuration options using the API*: ``InheritFromTable``."""
    lake.put("raw/orders/dt=1/a.json", {"price": 12})
    lake.put("raw/orders/dt=2/b.json", {"price": 12.5})
    own = lake.crawled()
    types = lambda: [p["StorageDescriptor"]["Columns"][0]["Type"] for _, p in sorted(lake.partitions("orders").items())]  # noqa: E731
    assert types() == ["int", "double"]
    lake.glue.update_crawler(Name=own, Configuration=json.dumps({"Version": 1.0, **INHERIT}))
    assert lake.crawl(own)["Status"] == "SUCCEEDED"
    assert types() == ["double", "double"]


def test_plain_folders_become_numbered_partition_keys(lake: Lake) -> None:
    """*How does a crawler determine when to create partitions?*, second example."""
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


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("departments/**", {"hr.json", "john.csv", "jane.csv"}),
        ("departments/market*", {"finance.json", "hr.json", "john.csv", "jane.csv"}),
        ("**.csv", {"finance.json", "market-us.json", "hr.json"}),
        ("employees/*.csv", {"finance.json", "market-us.json", "hr.json"}),
    ],
)
def test_exclude_patterns_leave_objects_out(lake: Lake, pattern: str, left: set[str]) -> None:
    """*Include and exclude patterns*, its examples for Amazon S3: seen by the number of objects that were crawled."""
    for key in ("departments/finance.json", "departments/market-us.json", "employees/hr.json"):
        lake.put(f"myfolder/{key}", {"a": 1})
    for key in ("employees/john.csv", "employees/jane.csv"):
        lake.put(f"myfolder/{key}", body=b"name,age\njohn,3\n")
    lake.crawled("myfolder/", target={"Exclusions": [pattern]})
    assert sum(int(table["Parameters"]["objectCount"]) for table in lake.tables().values()) == len(left)


def test_gzip_csv_and_parquet_are_recognised(lake: Lake) -> None:
    """*Built-in classifiers*."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    lake.put("in/zipped/a.json.gz", body=gzip.compress(json.dumps(EVENT).encode()))
    lake.put("in/people/a.csv", body=b"name,age,height\nann,3,1.5\nbob,4,1.25\n")
    file = io.BytesIO()
    pq.write_table(pa.table({"Id": pa.array([1], pa.int64()), "amount": pa.array([None], pa.decimal128(12, 2))}), file)
    lake.put("in/parquet/a.parquet", body=file.getvalue())
    lake.crawled("in/")
    tables = lake.tables()
    assert tables["zipped"]["Parameters"]["compressionType"] == "gzip"
    assert lake.columns("people") == {"name": "string", "age": "bigint", "height": "double"}
    assert tables["people"]["Parameters"]["skip.header.line.count"] == "1"
    assert lake.columns("parquet") == {"id": "bigint", "amount": "decimal(12,2)"}
    assert tables["parquet"]["Parameters"]["classification"] == "parquet"


def test_a_custom_json_path_selects_the_records_of_an_array(lake: Lake) -> None:
    """*Writing JSON custom classifiers*: without a path an array is one column, with ``$[*]`` its members are the records."""
    lake.put("in/a.json", json.dumps([{"type": "x", "id": 1}, {"type": "y", "id": 2}]))
    lake.crawled("in/")
    assert lake.columns("in") == {"array": "array<struct<type:string,id:int>>"}
    lake.glue.create_classifier(JsonClassifier={"Name": lake.name, "JsonPath": "$[*]"})
    lake.crawled("in/", Classifiers=[lake.name], TablePrefix="rows_")
    assert lake.columns("rows_in") == {"type": "string", "id": "int"}


def test_a_custom_csv_classifier_names_the_columns(lake: Lake) -> None:
    """*Writing CSV custom classifiers*."""
    lake.glue.create_classifier(
        CsvClassifier={"Name": lake.name, "Delimiter": "|", "ContainsHeader": "ABSENT", "Header": ["who", "n"]}
    )
    lake.put("in/a.txt", body=b"ann|3\nbob|4\n")
    lake.crawled("in/", Classifiers=[lake.name])
    assert lake.columns("in") == {"who": "string", "n": "bigint"}


def test_classifiers_are_versioned_and_listed(lake: Lake) -> None:
    """*Classifier API*."""
    glue = lake.glue
    glue.create_classifier(JsonClassifier={"Name": lake.name, "JsonPath": "$"})
    again = error_code(glue.create_classifier, JsonClassifier={"Name": lake.name, "JsonPath": "$"})
    assert again == "AlreadyExistsException"
    glue.update_classifier(JsonClassifier={"Name": lake.name, "JsonPath": "$[*]"})
    kept = glue.get_classifier(Name=lake.name)["Classifier"]["JsonClassifier"]
    assert (kept["JsonPath"], kept["Version"]) == ("$[*]", 2)
    assert lake.name in [c.get("JsonClassifier", {}).get("Name") for c in glue.get_classifiers()["Classifiers"]]
    glue.delete_classifier(Name=lake.name)
    assert error_code(glue.get_classifier, Name=lake.name) == "EntityNotFoundException"


def test_a_new_column_and_a_lost_one_follow_the_update_behaviour(lake: Lake) -> None:
    """*Setting crawler configuration options using the API*: ``UpdateBehavior`` and ``MergeNewColumns``."""
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
    """*Setting crawler configuration options using the API*: ``DeleteBehavior``, for a table and for a partition."""
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
    """*Scheduling incremental crawls for adding new partitions*."""
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
    """*S3Target structure*: ``SampleSize``."""
    for number in range(3):
        lake.put(f"in/a{number}.json", {"a": 1})
    lake.crawled("in/", target={"SampleSize": 1})
    assert lake.tables()["in"]["Parameters"]["objectCount"] == "1"


def test_a_taken_table_name_gets_a_hash(lake: Lake) -> None:
    """*Using crawlers to populate the Data Catalog*: a duplicate table name gets a hash suffix, the same in every crawl."""
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
    """*ListCrawls*: the summary names what was added, updated or deleted."""
    lake.put("raw/orders/dt=1/a.json", EVENT)
    crawler = lake.crawled()
    lake.crawl(crawler)
    newest, first = lake.glue.list_crawls(CrawlerName=crawler)["Crawls"]
    assert json.loads(first["Summary"])["TABLE"]["created"] == ["orders"]
    assert json.loads(first["Summary"])["PARTITION"]["created"] == ["orders/1"]
    assert not any(names for part in json.loads(newest["Summary"]).values() for names in part.values())
    assert lake.tables()["orders"]["VersionId"] == "1"


def test_states_and_their_errors(lake: Lake) -> None:
    """*Crawler API*: StartCrawler, StopCrawler, UpdateCrawler, DeleteCrawler and the exceptions of each."""
    glue = lake.glue
    for number in range(300):
        lake.put(f"in/dt={number}/a.json", EVENT)
    crawler = lake.crawler("in/")
    assert error_code(glue.stop_crawler, Name=crawler) == "CrawlerNotRunningException"
    glue.start_crawler(Name=crawler)
    assert glue.get_crawler(Name=crawler)["Crawler"]["State"] == "RUNNING"
    assert error_code(glue.start_crawler, Name=crawler) == "CrawlerRunningException"
    assert error_code(glue.update_crawler, Name=crawler, TablePrefix="x") == "CrawlerRunningException"
    assert error_code(glue.delete_crawler, Name=crawler) == "CrawlerRunningException"
    glue.stop_crawler(Name=crawler)
    assert lake.wait(crawler)["LastCrawl"]["Status"] == "CANCELLED"
    assert glue.list_crawls(CrawlerName=crawler)["Crawls"][0]["State"] == "STOPPED"
    glue.delete_crawler(Name=crawler)
    assert error_code(glue.get_crawler, Name=crawler) == "EntityNotFoundException"
    assert error_code(glue.start_crawler, Name=crawler) == "EntityNotFoundException"


def test_definitions_are_kept_versioned_and_listed(lake: Lake) -> None:
    """*CreateCrawler*, *UpdateCrawler*, *BatchGetCrawlers*, *ListCrawlers*."""
    glue = lake.glue
    crawler = lake.crawler(Description="raw orders")
    again = {"Name": crawler, "Role": lake.role, "Targets": {"S3Targets": [{"Path": "s3://x/"}]}, "DatabaseName": "d"}
    assert error_code(glue.create_crawler, **again) == "AlreadyExistsException"
    glue.update_crawler(Name=crawler, TablePrefix="raw_")
    kept = glue.get_crawler(Name=crawler)["Crawler"]
    assert (kept["Version"], kept["TablePrefix"], kept["Description"]) == (2, "raw_", "raw orders")
    assert "LastCrawl" not in kept
    assert crawler in glue.list_crawlers()["CrawlerNames"]
    both = glue.batch_get_crawlers(CrawlerNames=[crawler, "nobody"])
    assert ([c["Name"] for c in both["Crawlers"]], both["CrawlersNotFound"]) == ([crawler], ["nobody"])


def test_tags_go_with_their_crawler(lake: Lake) -> None:
    """*AWS tags in AWS Glue*."""
    crawler = lake.crawler(Tags={"team": "sales"})
    arn = f"arn:aws:glue:us-east-1:000000000000:crawler/{crawler}"
    assert lake.glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "sales"}
    lake.glue.delete_crawler(Name=crawler)
    assert lake.glue.get_tags(ResourceArn=arn)["Tags"] == {}


def test_definitions_that_cannot_work_are_refused(lake: Lake) -> None:
    """*CreateCrawler*: InvalidInputException and EntityNotFoundException."""
    assert error_code(lake.crawler, Classifiers=["nobody"]) == "EntityNotFoundException"
    assert error_code(lake.crawler, Schedule="cron(every day)") == "InvalidInputException"
    unknown = {"Name": "x", "DatabaseName": "d", "Targets": {"S3Targets": [{"Path": "s3://x/"}]}}
    assert error_code(lake.glue.create_crawler, Role="nobody", **unknown) == "InvalidInputException"
    with pytest.raises(ClientError, match="not JSON"):
        lake.glue.create_crawler(Role=lake.role, Configuration="{", **unknown)
    both = {**unknown["Targets"], "DynamoDBTargets": [{"Path": "orders"}]}
    with pytest.raises(ClientError, match="not DynamoDBTargets"):
        lake.glue.create_crawler(Role=lake.role, **{**unknown, "Targets": both})
    with pytest.raises(ClientError, match="DatabaseName"):
        lake.glue.create_crawler(Role=lake.role, Name="x", Targets=unknown["Targets"])
    assert error_code(lake.crawler, SchemaChangePolicy={"UpdateBehavior": "KEEP"}) == "ValidationException"
    for more in ({"SampleSize": 250}, {"Exclusions": ["[z-a]"]}):
        targets = {"S3Targets": [{"Path": "s3://x/", **more}]}
        assert error_code(lake.crawler, Targets=targets) == "InvalidInputException"


def test_last_crawl_leads_to_the_log(lake: Lake) -> None:
    """*LastCrawlInfo structure*; *Monitoring crawler logs*: lines carry the message prefix."""
    lake.put("raw/orders/a.json", EVENT)
    crawler = lake.crawler()
    last = lake.crawl(crawler)
    events = lake.logs.get_log_events(logGroupName=last["LogGroup"], logStreamName=last["LogStream"])["events"]
    lines = [event["message"] for event in events if last["MessagePrefix"] in event["message"]]
    assert any("Created table orders" in line for line in lines)


def test_metrics_count_the_tables_of_the_last_crawl(lake: Lake) -> None:
    """*GetCrawlerMetrics*."""
    lake.put("raw/orders/a.json", EVENT)
    crawler = lake.crawled()
    metrics = lake.glue.get_crawler_metrics(CrawlerNameList=[crawler])["CrawlerMetricsList"][0]
    assert (metrics["TablesCreated"], metrics["TablesUpdated"], metrics["TablesDeleted"]) == (1, 0, 0)
    assert metrics["LastRuntimeSeconds"] == metrics["MedianRuntimeSeconds"] > 0


def test_crawls_are_filtered(lake: Lake) -> None:
    """*ListCrawls*: ``Filters``."""
    lake.put("raw/orders/a.json", EVENT)
    crawler = lake.crawled()

    def listed(state: str) -> int:
        filters = [{"FieldName": "STATE", "FilterOperator": "EQ", "FieldValue": state}]
        return len(lake.glue.list_crawls(CrawlerName=crawler, Filters=filters)["Crawls"])

    assert (listed("COMPLETED"), listed("FAILED")) == (1, 0)
    for refused in (
        {"FieldName": "START_TIME", "FilterOperator": "GT", "FieldValue": "yesterday"},
        {"FieldName": "STATE", "FilterOperator": "EQ"},
    ):
        assert error_code(lake.glue.list_crawls, CrawlerName=crawler, Filters=[refused]) == "InvalidInputException"


def test_a_missing_bucket_fails_the_crawl_with_its_reason(lake: Lake) -> None:
    """*Troubleshooting AWS Glue*: a crawler fails when its data store cannot be reached."""
    targets = {"S3Targets": [{"Path": "s3://no-such-bucket-anywhere/raw/"}]}
    last = lake.crawl(lake.crawler(Targets=targets))
    assert last["Status"] == "FAILED"
    assert "NoSuchBucket" in last["ErrorMessage"]


@pytest.mark.parametrize(
    ("allowed", "reason"),
    [
        (["glue:*", "logs:*", "s3:ListBucket"], "GetObject"),
        (["glue:*", "logs:*", "s3:GetObject"], "ListObjectsV2"),
        (["s3:*", "logs:*", "glue:GetTables"], "GetDatabase"),
        (["s3:*", "logs:*", "glue:GetDatabase", "glue:GetTables"], "CreateTable"),
        (["s3:*", "glue:*"], "logs:"),
    ],
)
def test_a_missing_permission_fails_the_crawl_with_its_reason(lake: Lake, allowed: list[str], reason: str) -> None:
    """*Step 2: Create an IAM role for AWS Glue*; *Troubleshooting crawler errors* (logs:PutLogEvents)."""
    lake.put("raw/orders/a.json", EVENT)
    allow = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    lake.iam.put_role_policy(RoleName=lake.name, PolicyName="all", PolicyDocument=json.dumps({"Statement": [allow]}))
    last = lake.crawl(lake.crawler())
    assert last["Status"] == "FAILED"
    assert reason in last["ErrorMessage"]


def test_an_object_that_no_classifier_recognises_is_logged_and_in_no_table(lake: Lake) -> None:
    """*Defining and managing classifiers*: the classification UNKNOWN."""
    lake.put("raw/orders/a.bin", body=b"\x00\x01\x02")
    crawler = lake.crawled()
    assert lake.tables() == {}
    events = lake.logs.get_log_events(logGroupName="/aws-glue/crawlers", logStreamName=crawler)["events"]
    assert any("raw/orders/a.bin" in event["message"] for event in events)


def test_schedules_are_started_and_stopped(lake: Lake) -> None:
    """*Crawler scheduler API*."""
    glue = lake.glue
    crawler = lake.crawler(Schedule="cron(15 12 * * ? 2199)")
    state = lambda: glue.get_crawler(Name=crawler)["Crawler"]["Schedule"]["State"]  # noqa: E731
    assert state() == "SCHEDULED"
    assert error_code(glue.start_crawler_schedule, CrawlerName=crawler) == "SchedulerRunningException"
    glue.stop_crawler_schedule(CrawlerName=crawler)
    assert state() == "NOT_SCHEDULED"
    assert error_code(glue.stop_crawler_schedule, CrawlerName=crawler) == "SchedulerNotRunningException"
    glue.start_crawler_schedule(CrawlerName=crawler)
    assert state() == "SCHEDULED"
    glue.update_crawler_schedule(CrawlerName=crawler, Schedule="cron(0 1 * * ? 2199)")
    assert glue.get_crawler(Name=crawler)["Crawler"]["Schedule"]["ScheduleExpression"] == "cron(0 1 * * ? 2199)"
    unscheduled = lake.crawler()
    assert error_code(glue.start_crawler_schedule, CrawlerName=unscheduled) == "NoScheduleException"


def test_a_due_crawler_really_crawls(cloud: Any, lake: Lake, tmp_path: Path) -> None:
    """*Scheduling an AWS Glue crawler*. A Glue of the test's own, so that its clock can be set."""
    lake.put("raw/orders/a.json", EVENT)
    config = CloudConfig.from_environment()
    store = Store(tmp_path / "services.db")
    crawlers = Crawlers(Context(config, Clients(config.endpoint, config.region), store))
    targets = {"S3Targets": [{"Path": f"s3://{lake.bucket}/raw/orders/"}]}
    definition = {"Name": "due", "Role": lake.role, "DatabaseName": lake.database, "Targets": targets}
    body = json.dumps({**definition, "Schedule": "cron(30 6 * * ? 2090)"}).encode()
    headers = {"x-amz-target": "AWSGlue.CreateCrawler"}
    answer = crawlers.handle(Request("glue", "POST", "/", headers, {}, body, config.region, "000000000000"))
    assert answer.status == 200, answer
    crawlers.tick(datetime(2090, 1, 1, 6, 29, tzinfo=UTC))
    assert CrawlHistory(store).crawls(config.region, "due") == []
    crawlers.tick(datetime(2090, 1, 1, 6, 30, tzinfo=UTC))
    deadline = time.monotonic() + 60
    while CrawlHistory(store).crawls(config.region, "due")[0]["State"] == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert CrawlHistory(store).crawls(config.region, "due")[0]["State"] == "COMPLETED"
    assert "orders" in lake.tables()


def test_crawlers_of_one_table_do_not_hinder_each_other(lake: Lake) -> None:
    """*StartCrawler*: crawlers may share a target; the table and its partitions are made once."""
    for day in range(20):
        lake.put(f"raw/orders/dt={day}/a.json", EVENT)
    names = [lake.crawler() for _ in range(3)]
    for name in names:
        lake.glue.start_crawler(Name=name)
    assert [lake.wait(name)["LastCrawl"].get("ErrorMessage") for name in names] == [None] * 3
    assert len(lake.partitions("orders")) == 20


def test_many_crawlers_run_side_by_side(lake: Lake) -> None:
    """*StartCrawler*: each crawler has a state of its own."""
    names = []
    for number in range(3):
        lake.put(f"in{number}/a.json", {"a": 1})
        names.append(lake.crawler(f"in{number}/"))
    for name in names:
        lake.glue.start_crawler(Name=name)
    assert [lake.wait(name)["LastCrawl"]["Status"] for name in names] == ["SUCCEEDED"] * 3
    assert set(lake.tables()) == {"in0", "in1", "in2"}


def test_partitions_are_filtered_and_paged(lake: Lake) -> None:
    """*GetPartitions*: Expression with AND, MaxResults and NextToken, ExcludeColumnSchema."""
    for day in (21, 22):
        for hour in ("09", "10"):
            lake.put(f"raw/orders/dt=2026-11-{day}/hr={hour}/a.json", EVENT)
    lake.crawled()
    table = {"DatabaseName": lake.database, "TableName": "orders"}

    def values(**filters: Any) -> list[list[str]]:
        pages = lake.glue.get_paginator("get_partitions").paginate(**table, **filters)
        return [partition["Values"] for page in pages for partition in page["Partitions"]]

    assert values(Expression="dt = '2026-11-22' AND hr >= '10'") == [["2026-11-22", "10"]]
    assert len(values(PaginationConfig={"PageSize": 3})) == 4
    assert len(lake.glue.get_partitions(**table, MaxResults=3)["Partitions"]) == 3
    bare = lake.glue.get_partitions(**table, ExcludeColumnSchema=True)["Partitions"][0]
    assert "Columns" not in bare["StorageDescriptor"]
    assert error_code(lake.glue.get_partitions, **table, Expression="price > 1") == "InvalidInputException"
    unknown = {**table, "TableName": "nothing"}
    assert error_code(lake.glue.get_partitions, **unknown) == "EntityNotFoundException"


def test_partitions_are_changed_and_deleted_one_by_one_or_together(lake: Lake) -> None:
    """*UpdatePartition*, *BatchDeletePartition*."""
    for day in (1, 2):
        lake.put(f"raw/orders/dt={day}/a.json", EVENT)
    lake.crawled()
    table = {"DatabaseName": lake.database, "TableName": "orders"}
    changed = {"Values": ["1"], "StorageDescriptor": {"Location": "s3://elsewhere/"}}
    lake.glue.update_partition(**table, PartitionValueList=["1"], PartitionInput=changed)
    assert lake.partitions("orders")["1",]["StorageDescriptor"]["Location"] == "s3://elsewhere/"
    missing = {"PartitionValueList": ["9"], "PartitionInput": changed}
    assert error_code(lake.glue.update_partition, **table, **missing) == "EntityNotFoundException"
    deleted = lake.glue.batch_delete_partition(**table, PartitionsToDelete=[{"Values": ["1"]}, {"Values": ["9"]}])
    assert [error["PartitionValues"] for error in deleted["Errors"]] == [["9"]]
    assert set(lake.partitions("orders")) == {("2",)}


def test_segments_divide_the_partitions(lake: Lake) -> None:
    """*Segment structure*: every partition is in one of them."""
    for hour in range(5):
        lake.put(f"raw/orders/hr={hour}/a.json", EVENT)
    lake.crawled()
    table = {"DatabaseName": lake.database, "TableName": "orders"}
    found = [
        [one["Values"][0] for one in lake.glue.get_partitions(**table, Segment=segment)["Partitions"]]
        for segment in ({"SegmentNumber": 0, "TotalSegments": 2}, {"SegmentNumber": 1, "TotalSegments": 2})
    ]
    assert sorted(map(len, found)) == [2, 3]
    assert sorted(found[0] + found[1]) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("orders", ["orders"]),
        ("orders.*", ["orders", "orders_old"]),
        ("orders*", ["orders", "orders_old"]),
        ("*old", ["orders_old"]),
        ("users|orders", ["orders", "users"]),
        ("order", []),
    ],
)
def test_tables_are_filtered_by_an_expression_and_paged(lake: Lake, expression: str, found: list[str]) -> None:
    """*GetTables*: Expression, MaxResults; an asterisk alone is how awswrangler asks."""
    for name in ("orders", "orders_old", "users"):
        lake.glue.create_table(DatabaseName=lake.database, TableInput={"Name": name})
    pages = lake.glue.get_paginator("get_tables").paginate(
        DatabaseName=lake.database, Expression=expression, PaginationConfig={"PageSize": 1}
    )
    lists = [[table["Name"] for table in page["TableList"]] for page in pages]
    assert sorted(name for names in lists for name in names) == found
    assert max(map(len, lists)) == min(1, len(found))
    assert error_code(lake.glue.get_tables, DatabaseName=lake.database, Expression="(") == "InvalidInputException"


def test_a_partition_needs_a_value_for_each_key(lake: Lake) -> None:
    """*CreatePartition*, *BatchCreatePartition*: InvalidInputException. One too few made GetPartitions fail."""
    table = {"DatabaseName": lake.database, "TableName": "orders"}
    keys = [{"Name": name, "Type": "string"} for name in ("dt", "hr")]
    lake.glue.create_table(DatabaseName=lake.database, TableInput={"Name": "orders", "PartitionKeys": keys})
    short, whole = {"Values": ["2026-11-26"]}, {"Values": ["2026-11-26", "06"]}
    assert error_code(lake.glue.create_partition, **table, PartitionInput=short) == "InvalidInputException"
    errors = lake.glue.batch_create_partition(**table, PartitionInputList=[short, whole])["Errors"]
    assert [(one["PartitionValues"], one["ErrorDetail"]["ErrorCode"]) for one in errors] == [
        (short["Values"], "InvalidInputException")
    ]
    found = lake.glue.get_partitions(**table, Expression="hr = '06' AND dt > '2026-11-01'")["Partitions"]
    assert [one["Values"] for one in found] == [whole["Values"]]

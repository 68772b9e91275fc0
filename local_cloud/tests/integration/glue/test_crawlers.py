"""Crawlers as resources, their runs and schedules. Each test names the AWS page it follows."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.glue.lake import EVENT, Lake, error_code

from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.context import Context
from local_cloud.glue.crawler.crawlers import Crawlers
from local_cloud.glue.crawler.history import CrawlHistory
from local_cloud.store import Store
from local_cloud.wire import Request

pytestmark = pytest.mark.integration


def test_states_and_their_errors(lake: Lake) -> None:
    """Crawler API: StartCrawler, StopCrawler, UpdateCrawler, DeleteCrawler and the exceptions of each.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-crawling.html
    """
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
    """CreateCrawler, UpdateCrawler, BatchGetCrawlers, ListCrawlers.

    Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html,
    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCrawler.html,
    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetCrawlers.html,
    https://docs.aws.amazon.com/glue/latest/webapi/API_ListCrawlers.html
    """
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
    """AWS tags in AWS Glue.

    Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-tags.html
    """
    crawler = lake.crawler(Tags={"team": "sales"})
    arn = f"arn:aws:glue:us-east-1:000000000000:crawler/{crawler}"
    assert lake.glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "sales"}
    lake.glue.delete_crawler(Name=crawler)
    assert lake.glue.get_tags(ResourceArn=arn)["Tags"] == {}


def test_definitions_that_cannot_work_are_refused(lake: Lake) -> None:
    """CreateCrawler: InvalidInputException and EntityNotFoundException.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html
    """
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
    """LastCrawlInfo structure; *Monitoring crawler logs*: lines carry the message prefix.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-crawling.html
    """
    lake.put("raw/orders/a.json", EVENT)
    crawler = lake.crawler()
    last = lake.crawl(crawler)
    events = lake.logs.get_log_events(logGroupName=last["LogGroup"], logStreamName=last["LogStream"])["events"]
    lines = [event["message"] for event in events if last["MessagePrefix"] in event["message"]]
    assert any("Created table orders" in line for line in lines)


def test_metrics_count_the_tables_of_all_crawls(lake: Lake) -> None:
    """CrawlerMetrics structure: "The number of tables created by this crawler."

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-crawling.html
    """
    lake.put("raw/orders/a.json", EVENT)
    crawler = lake.crawled()
    lake.put("raw/orders/b.json", {**EVENT, "colour": "red"})
    lake.crawl(crawler)
    lake.crawl(crawler)
    metrics = lake.glue.get_crawler_metrics(CrawlerNameList=[crawler])["CrawlerMetricsList"][0]
    assert (metrics["TablesCreated"], metrics["TablesUpdated"], metrics["TablesDeleted"]) == (1, 1, 0)
    assert 0 < metrics["MedianRuntimeSeconds"] < 60


def test_a_crawl_makes_the_database_that_is_missing(lake: Lake) -> None:
    """AWS's own policy for a crawler's role has ``glue:*``; the console lets a crawler name a database that is not there.

    Source: https://docs.aws.amazon.com/glue/latest/dg/define-crawler-set-output-and-scheduling.html
    """
    lake.put("raw/orders/a.json", EVENT)
    database = f"{lake.database}_new"
    targets = {"S3Targets": [{"Path": f"s3://{lake.bucket}/raw/orders/"}]}
    lake.glue.create_crawler(Name=database, Role=lake.role, DatabaseName=database, Targets=targets)
    assert lake.crawl(database)["Status"] == "SUCCEEDED"
    assert [table["Name"] for table in lake.glue.get_tables(DatabaseName=database)["TableList"]] == ["orders"]


def test_crawls_are_filtered(lake: Lake) -> None:
    """ListCrawls: ``Filters``.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListCrawls.html
    """
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
        (["glue:*", "logs:*", "s3:ListBucket", "s3:GetBucketLocation"], "GetObject"),
        (["glue:*", "logs:*", "s3:GetObject", "s3:GetBucketLocation"], "ListObjectsV2"),
        (["glue:*", "logs:*", "s3:GetObject", "s3:ListBucket"], "GetBucketLocation"),
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
    """Defining and managing classifiers: the classification UNKNOWN.

    Source: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
    """
    lake.put("raw/orders/a.bin", body=b"\x00\x01\x02")
    crawler = lake.crawled()
    assert lake.tables() == {}
    events = lake.logs.get_log_events(logGroupName="/aws-glue/crawlers", logStreamName=crawler)["events"]
    assert any("raw/orders/a.bin" in event["message"] for event in events)


def test_schedules_are_started_and_stopped(lake: Lake) -> None:
    """Crawler scheduler API.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-scheduler.html
    """
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


def test_crawlers_of_one_table_run_at_once(lake: Lake) -> None:
    """StartCrawler: crawlers may share a target; the table and its partitions are made once.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawler.html
    """
    for day in range(20):
        lake.put(f"raw/orders/dt={day}/a.json", EVENT)
    names = [lake.crawler() for _ in range(3)]
    for name in names:
        lake.glue.start_crawler(Name=name)
    assert [lake.wait(name)["LastCrawl"].get("ErrorMessage") for name in names] == [None] * 3
    assert len(lake.partitions("orders")) == 20


def test_many_crawlers_run_side_by_side(lake: Lake) -> None:
    """StartCrawler: each crawler has a state of its own.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawler.html
    """
    names = []
    for number in range(3):
        lake.put(f"in{number}/a.json", {"a": 1})
        names.append(lake.crawler(f"in{number}/"))
    for name in names:
        lake.glue.start_crawler(Name=name)
    assert [lake.wait(name)["LastCrawl"]["Status"] for name in names] == ["SUCCEEDED"] * 3
    assert set(lake.tables()) == {"in0", "in1", "in2"}

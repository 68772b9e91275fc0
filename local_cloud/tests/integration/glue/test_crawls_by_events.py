"""A crawler in CRAWL_EVENT_MODE, its queue and its role, through boto3.

Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.glue.lake import INHERIT, Lake, error_code

pytestmark = pytest.mark.integration
BY_EVENTS = {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}}
EVERYTHING = {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"}}
UPDATE = {"SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"}}
GROUPED = {**INHERIT, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 3}}
NEEDED = (
    "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "ListQueueTags", "PurgeQueue",
    "ReceiveMessage", "SetQueueAttributes",
)  # fmt: skip


class Events:
    """A lake whose bucket sends its notifications to a queue of its own."""

    def __init__(self, lake: Lake, sqs: Any) -> None:
        self.lake, self.sqs = lake, sqs
        self.url = sqs.create_queue(QueueName=lake.name)["QueueUrl"]
        self.arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        send = {
            "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": self.arn,
        }  # fmt: skip
        sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps({"Statement": [send]})})
        told = {"QueueArn": self.arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        configuration = {"QueueConfigurations": [told]}
        lake.s3.put_bucket_notification_configuration(Bucket=lake.bucket, NotificationConfiguration=configuration)
        self.allow(*NEEDED)

    def allow(self, *actions: str) -> None:
        """Let the role do all but other actions on queues."""
        own = {"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}
        queue = {"Effect": "Allow", "Action": [f"sqs:{each}" for each in actions], "Resource": self.arn}
        document = json.dumps({"Statement": [own, queue]})
        self.lake.iam.put_role_policy(RoleName=self.lake.name, PolicyName="all", PolicyDocument=document)

    def crawler(self, **settings: Any) -> str:
        return self.lake.crawler(target={"EventQueueArn": self.arn}, **{**BY_EVENTS, **settings})

    def log(self, crawler: str) -> list[str]:
        """Return the lines of the newest crawl."""
        last = self.lake.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]
        found = self.lake.logs.get_log_events(logGroupName=last["LogGroup"], logStreamName=last["LogStream"])["events"]
        newest = found[-1]["message"].partition("]")[0]
        return [one["message"].partition("] ")[2] for one in found if one["message"].startswith(newest)]

    def messages(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))


@pytest.fixture
def events(lake: Lake, cloud: Any) -> Iterator[Events]:
    made = Events(lake, cloud.client("sqs"))
    yield made
    made.sqs.delete_queue(QueueUrl=made.url)


def test_the_first_crawl_lists_all_and_the_next_ones_the_folders_of_events(events: Events) -> None:
    lake = events.lake
    for day in (1, 2):
        lake.put(f"raw/orders/dt={day}/a.json", {"a": 1})
    crawler = events.crawler(configuration=GROUPED)
    last = lake.crawl(crawler)
    assert last["Status"] == "SUCCEEDED", last
    assert "The crawl is not running in S3 event mode" in events.log(crawler)
    assert "Found 2 objects in 2 folders" in events.log(crawler)
    assert events.messages() == 0
    lake.put("raw/orders/dt=2/late.json", {"a": 1, "b": "text"})
    lake.put("raw/orders/dt=3/a.json", {"a": 1.5})
    last = lake.crawl(crawler)
    assert last["Status"] == "SUCCEEDED", last
    assert "The crawl is running by consuming Amazon S3 events" in events.log(crawler)
    assert "Found 3 objects in 2 folders that events name" in events.log(crawler)
    assert set(lake.partitions("orders")) == {("1",), ("2",), ("3",)}
    assert events.messages() == 0


def test_a_crawl_without_events_changes_and_reads_nothing(events: Events) -> None:
    events.lake.put("raw/orders/dt=1/a.json", {"a": 1})
    crawler = events.crawler()
    events.lake.crawl(crawler)
    assert events.lake.crawl(crawler)["Status"] == "SUCCEEDED"
    assert not any("Found" in line for line in events.log(crawler))
    assert set(events.lake.partitions("orders")) == {("1",)}


def test_new_columns_are_added_and_those_of_other_folders_stay(events: Events) -> None:
    """No page of AWS says what becomes of a column that the events' folders lack: an update that drops it would be none of changes."""
    lake = events.lake
    lake.put("raw/orders/dt=1/a.json", {"a": 1, "only_here": True, "s": {"x": 1}})
    crawler = events.crawler(configuration=GROUPED, **UPDATE)
    lake.crawl(crawler)
    lake.put("raw/orders/dt=2/a.json", {"a": 1.5, "gift": "yes", "s": {"y": [1]}})
    lake.crawl(crawler)
    expected = {"a": "double", "only_here": "boolean", "s": "struct<x:int,y:array<int>>", "gift": "string"}
    assert lake.columns("orders") == expected
    inherited = lake.partitions("orders")["2",]["StorageDescriptor"]["Columns"]
    assert {each["Name"]: each["Type"] for each in inherited} == expected


def test_partitions_and_tables_whose_objects_are_gone_follow_the_delete_behaviour(events: Events) -> None:
    lake = events.lake
    for key in ("kept/dt=1/a.json", "kept/dt=2/a.json", "lone/a.json"):
        lake.put(f"raw/orders/{key}", {key.partition("/")[0]: 1})
    crawler = events.crawler(**UPDATE)
    lake.crawl(crawler)
    assert set(lake.tables()) == {"kept", "lone"}
    for key in ("kept/dt=2/a.json", "lone/a.json"):
        lake.s3.delete_object(Bucket=lake.bucket, Key=f"raw/orders/{key}")
    lake.crawl(crawler)
    assert set(lake.tables()) == {"kept"}
    assert set(lake.partitions("kept")) == {("1",)}


def test_a_change_of_what_is_crawled_has_the_next_crawl_list_everything(events: Events) -> None:
    lake = events.lake
    lake.put("raw/orders/dt=1/a.json", {"a": 1})
    crawler = events.crawler()
    lake.crawl(crawler)
    lake.glue.update_crawler(Name=crawler, **EVERYTHING)
    lake.crawl(crawler)
    assert "Found 1 objects in 1 folders" in events.log(crawler)
    lake.glue.update_crawler(Name=crawler, Description="no matter for a crawl", **BY_EVENTS)
    for expected in ("The crawl is not running in S3 event mode", "The crawl is running by consuming Amazon S3 events"):
        lake.crawl(crawler)
        assert expected in events.log(crawler)
    lake.glue.update_crawler(Name=crawler, Description="again none")
    lake.crawl(crawler)
    assert "The crawl is running by consuming Amazon S3 events" in events.log(crawler)


def test_a_crawl_that_fails_leaves_its_events_to_the_next_one(events: Events) -> None:
    lake = events.lake
    lake.put("raw/orders/dt=1/a.json", {"a": 1})
    crawler = events.crawler()
    lake.crawl(crawler)
    lake.put("raw/orders/dt=2/a.json", {"a": 1})
    events.sqs.set_queue_attributes(QueueUrl=events.url, Attributes={"VisibilityTimeout": "0"})
    lake.iam.put_role_policy(
        RoleName=lake.name, PolicyName="deny",
        PolicyDocument=json.dumps({"Statement": [{"Effect": "Deny", "Action": "glue:GetTables", "Resource": "*"}]}),
    )  # fmt: skip
    assert lake.crawl(crawler)["Status"] == "FAILED"
    assert events.messages() == 1
    lake.iam.delete_role_policy(RoleName=lake.name, PolicyName="deny")
    lake.crawl(crawler)
    assert set(lake.partitions("orders")) == {("1",), ("2",)}


@pytest.mark.parametrize("action", [each for each in NEEDED if each != "GetQueueUrl"])
def test_a_role_needs_each_action_of_aws_s_page(events: Events, action: str) -> None:
    lake = events.lake
    lake.put("raw/orders/dt=1/a.json", {"a": 1})
    crawler = events.crawler()
    if action in {"ReceiveMessage", "DeleteMessage"}:  # the crawl that lists all needs neither
        lake.crawl(crawler)
        lake.put("raw/orders/dt=2/a.json", {"a": 1})
    events.allow(*(each for each in NEEDED if each != action))
    last = lake.crawl(crawler)
    assert (last["Status"], f"sqs:{action}" in last["ErrorMessage"]) == ("FAILED", True), last


def test_what_cannot_be_crawled_by_events_is_refused_at_once(events: Events) -> None:
    queue, path = {"EventQueueArn": events.arn}, f"s3://{events.lake.bucket}/raw/"
    refused: list[dict[str, Any]] = [
        {"target": {}},
        {"target": {**queue, "SampleSize": 1}},
        {"target": {"EventQueueArn": f"{events.arn}-not-there"}},
        {"Targets": {"S3Targets": [{"Path": path, **queue}, {"Path": path, **queue}]}},
    ]
    for settings in refused:
        assert error_code(events.lake.crawler, **BY_EVENTS, **settings) == "InvalidInputException"
    events.allow("DeleteMessage")
    with pytest.raises(ClientError, match="does not exist or the role provided does not have access to it"):
        events.crawler()

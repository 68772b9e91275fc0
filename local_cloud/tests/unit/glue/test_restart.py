"""A start of the cloud after one that ended amid work; and the pages of a listing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.context import Context
from local_cloud.glue.crawler.crawlers import Crawlers
from local_cloud.glue.crawler.history import CrawlHistory
from local_cloud.glue.resources import Resources, page
from local_cloud.glue.service import GlueService
from local_cloud.wire import ServiceError

REGION = "us-east-1"
CRAWLER = {"Name": "raw", "Region": REGION, "Schedule": {"State": "NOT_SCHEDULED", "ScheduleExpression": ""}}


@pytest.mark.parametrize("state", ["RUNNING", "STOPPING"])
def test_a_crawl_that_ended_with_the_cloud_has_failed(context: Context, ask: Callable[..., Any], state: str) -> None:
    Resources(context.store, "Crawler").put(REGION, "raw", {**CRAWLER, "State": state})
    CrawlHistory(context.store).began(REGION, "raw", "crawl-1")
    crawlers = Crawlers(context)
    crawlers.start()
    crawlers.stop()
    crawler = ask(crawlers, "GetCrawler", Name="raw")["Crawler"]
    assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "FAILED")
    assert "ended while the crawler ran" in crawler["LastCrawl"]["ErrorMessage"]
    assert ask(crawlers, "ListCrawls", CrawlerName="raw")["Crawls"][0]["State"] == "FAILED"


def test_a_crawler_that_was_to_begin_is_ready_again(context: Context, ask: Callable[..., Any]) -> None:
    Resources(context.store, "Crawler").put(REGION, "raw", {**CRAWLER, "State": "RUNNING"})
    crawlers = Crawlers(context)
    crawlers.start()
    crawlers.stop()
    assert ask(crawlers, "GetCrawler", Name="raw")["Crawler"]["State"] == "READY"


def test_resources_belong_to_their_region(context: Context) -> None:
    crawlers = Resources(context.store, "Crawler")
    crawlers.create(REGION, "raw", dict(CRAWLER))
    crawlers.create("eu-west-1", "raw", dict(CRAWLER))
    with pytest.raises(ServiceError, match="AlreadyExistsException"):
        crawlers.create(REGION, "raw", dict(CRAWLER))
    assert len(crawlers.all(REGION)) == 1


def test_pages_follow_each_other() -> None:
    pages, params = [], {"MaxResults": 2}
    while True:
        found = page("abcde", params, "Letters")
        pages.append("".join(found["Letters"]))
        if "NextToken" not in found:
            break
        params = {**params, "NextToken": found["NextToken"]}
    assert pages == ["ab", "cd", "e"]
    with pytest.raises(ServiceError, match="NextToken"):
        page("abc", {"NextToken": "x"}, "Letters")


def test_an_unknown_action_is_refused(context: Context, ask: Callable[..., Any]) -> None:
    service = GlueService(dataclasses.replace(context))
    assert ask(service, "CreateWorkflow", Name="x")["__type"] == "UnknownOperationException"
    assert ask(service, "PauseCrawler", Name="x")["__type"] == "UnknownOperationException"

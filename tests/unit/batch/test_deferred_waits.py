"""Test that on AWS crawls and queries wait in the triggerer, for as long as they may take."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import TaskDeferred
from botocore.stub import Stubber
from sales_cdc.batch.operators.crawl import CrawlOperator
from sales_cdc.batch.operators.run_statements import QueryOperator
from sales_cdc.deployment.polling import BY_TARGET

POLLING = BY_TARGET["aws"]
PLACE = {"region_name": "eu-central-1", "aws_access_key_id": "t", "aws_secret_access_key": "t"}


def deferred(operator: Any, stubber: Stubber) -> Any:
    with stubber, pytest.raises(TaskDeferred) as raised:
        operator.execute({"ti": SimpleNamespace(xcom_push=lambda **_: None)})
    stubber.assert_no_pending_responses()
    return raised.value


def crawler(behaviour: str = "CRAWL_EVENT_MODE") -> dict[str, Any]:
    targets = {"S3Targets": [{"Path": "s3://b/", "EventQueueArn": "arn:aws:sqs:eu-central-1:123456789012:q"}]}
    return {"Crawler": {"RecrawlPolicy": {"RecrawlBehavior": behaviour}, "Targets": targets}}


def crawling() -> tuple[CrawlOperator, Stubber]:
    place = {"bucket": "b", "database": "d", "crawler_name": "c", "aws_conn_id": None}
    operator = CrawlOperator(task_id="crawl", **place, **POLLING.crawl)
    operator.hook.conn = operator.hook.__dict__["glue_client"] = boto3.client("glue", **PLACE)
    return operator, Stubber(operator.hook.conn)


def test_a_crawl_waits_in_the_triggerer_for_half_a_day() -> None:
    operator, stubber = crawling()
    stubber.add_response("get_crawler", crawler())
    stubber.add_response("start_crawler", {}, {"Name": "c"})
    stubber.add_response("get_crawler", crawler())
    found = deferred(operator, stubber)
    assert found.method_name == "execute_complete"
    assert found.trigger.waiter_delay == 30
    assert found.trigger.waiter_delay * found.trigger.attempts >= 12 * 3600


@pytest.mark.parametrize("code", ["CrawlerRunningException", "CrawlerStoppingException"])
def test_a_crawl_after_one_that_runs_already_is_started_when_that_one_has_ended(code: str) -> None:
    operator, stubber = crawling()
    stubber.add_response("get_crawler", crawler())
    stubber.add_client_error("start_crawler", code)
    assert deferred(operator, stubber).method_name == "execute_again"


def test_a_crawl_that_another_batch_gave_another_kind_is_run_again() -> None:
    operator, stubber = crawling()
    stubber.add_response("get_crawler", crawler("CRAWL_EVERYTHING"))
    stubber.add_response("update_crawler", {}, {"Name": "c", "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}})
    stubber.add_response("start_crawler", {}, {"Name": "c"})
    stubber.add_response("get_crawler", crawler("CRAWL_EVERYTHING"))
    assert deferred(operator, stubber).method_name == "execute_again"


@pytest.mark.parametrize(("behaviour", "everything"), [("CRAWL_EVENT_MODE", False), ("CRAWL_EVERYTHING", True)])
def test_a_crawl_that_ended_says_what_it_saw_and_the_crawler_is_set_back(behaviour: str, everything: bool) -> None:
    operator, stubber = crawling()
    stubber.add_response("get_crawler", crawler(behaviour))
    if everything:
        stubber.add_response(
            "update_crawler", {}, {"Name": "c", "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}}
        )
    with stubber:
        assert operator.execute_complete({}, {"status": "success"}) is everything
    stubber.assert_no_pending_responses()


def test_a_query_waits_in_the_triggerer_for_half_an_hour() -> None:
    operator = QueryOperator(task_id="query", query="SELECT 1", database="d", aws_conn_id=None, **POLLING.query)
    operator.hook.conn = boto3.client("athena", **PLACE)
    stubber = Stubber(operator.hook.conn)
    stubber.add_response("start_query_execution", {"QueryExecutionId": "q"})
    trigger = deferred(operator, stubber).trigger
    assert trigger.waiter_delay * trigger.attempts >= 1800

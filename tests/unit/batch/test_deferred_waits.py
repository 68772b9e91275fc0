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
    return raised.value.trigger


def test_a_crawl_waits_in_the_triggerer_for_half_a_day() -> None:
    operator = CrawlOperator(task_id="crawl", crawler_name="c", aws_conn_id=None, **POLLING.crawl)
    operator.hook.conn = operator.hook.__dict__["glue_client"] = boto3.client("glue", **PLACE)
    stubber = Stubber(operator.hook.conn)
    stubber.add_response("start_crawler", {}, {"Name": "c"})
    trigger = deferred(operator, stubber)
    assert trigger.waiter_delay == 30
    assert trigger.waiter_delay * trigger.attempts >= 12 * 3600


def test_a_query_waits_in_the_triggerer_for_half_an_hour() -> None:
    operator = QueryOperator(task_id="query", query="SELECT 1", database="d", aws_conn_id=None, **POLLING.query)
    operator.hook.conn = boto3.client("athena", **PLACE)
    stubber = Stubber(operator.hook.conn)
    stubber.add_response("start_query_execution", {"QueryExecutionId": "q"})
    trigger = deferred(operator, stubber)
    assert trigger.waiter_delay * trigger.attempts >= 1800

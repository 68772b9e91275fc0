"""What the batch DAG adds to the provider's operators: reasons for failed crawls, rows shown, rows judged."""

from __future__ import annotations

from typing import Any

import pytest
from sales_cdc.operators.crawl import CrawlFailedError, CrawlOperator
from sales_cdc.sensors.athena_result import AthenaRowsSensor, CheckFailedError, NoRowsSensor, as_table

pytestmark = pytest.mark.integration


def ask(cloud: Any, bucket: str, sql: str) -> str:
    """Start a query and return its id."""
    cloud.client("s3").create_bucket(Bucket=bucket)
    started = cloud.client("athena").start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": f"s3://{bucket}/results/"}
    )
    return str(started["QueryExecutionId"])


def test_a_failed_crawl_says_what_the_crawler_says(cloud: Any, prefix: str) -> None:
    glue = cloud.client("glue")
    glue.create_database(DatabaseInput={"Name": prefix})
    trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}]}'
    cloud.client("iam").create_role(RoleName=prefix, AssumeRolePolicyDocument=trust)
    glue.create_crawler(
        Name=prefix, Role=f"arn:aws:iam::000000000000:role/{prefix}", DatabaseName=prefix,
        Targets={"S3Targets": [{"Path": f"s3://{prefix}-nowhere/raw/"}]},
    )  # fmt: skip
    operator = CrawlOperator(task_id="crawl", crawler_name=prefix, poll_interval=1)
    with pytest.raises(CrawlFailedError, match=rf"'{prefix}' did not succeed: FAILED, .*/aws-glue/crawlers"):
        operator.execute({})


def test_rows_are_shown_in_the_log(cloud: Any, prefix: str) -> None:
    query = ask(cloud, prefix, "SELECT * FROM (VALUES ('a', 1), ('b', NULL)) AS t (name, amount) ORDER BY name")
    shown = AthenaRowsSensor(task_id="show", query_execution_id=query, poke_interval=0.1).execute({})
    assert shown == 2


def test_a_check_without_rows_passes(cloud: Any, prefix: str) -> None:
    query = ask(cloud, prefix, "SELECT 1 AS wrong WHERE false")
    sensor = NoRowsSensor(task_id="judge", query_execution_id=query, finding="wrong rows", poke_interval=0.1)
    assert sensor.execute({}) == 0


def test_a_check_with_rows_fails_and_shows_them(cloud: Any, prefix: str) -> None:
    query = ask(cloud, prefix, "SELECT 'order-7' AS orderid, 3 AS times")
    sensor = NoRowsSensor(task_id="judge", query_execution_id=query, finding="orders seen twice", poke_interval=0.1)
    with pytest.raises(CheckFailedError, match=r"(?s)orders seen twice.*orderid \| times.*order-7 \| 3"):
        sensor.execute({})


def test_a_table_is_as_wide_as_its_widest_values() -> None:
    assert as_table(["a", "long"], [["wide value", "1"]]).splitlines() == [
        "a          | long",
        "-----------+-----",
        "wide value | 1   ",
    ]

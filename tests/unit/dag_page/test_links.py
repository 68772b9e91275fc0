"""Test that links lead to the partition's console, or to the page in Airflow where there is no console."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.batch.operators.run_statements import QueryOperator
from sales_cdc.dag_page import links

QUERY = SimpleNamespace(query_execution_id="q-1")
CRAWLER = SimpleNamespace(crawler_name="sales-cdc-raw")
JOB_RUN = SimpleNamespace(job_name="sales-cdc-curate", run_id="jr_1")
OBJECT = SimpleNamespace(written_uri="s3://lake/ledger/batch/a run/report.md")
CASES = [
    (links.AthenaQueryLink(), QUERY, "/athena/home?region={region}#/query-editor/history/q-1"),
    (links.AthenaHistoryLink(), QUERY, "/athena/home?region={region}#/query-editor/history"),
    (links.CrawlerLink(), CRAWLER, "/glue/home?region={region}#/v2/data-catalog/crawlers/view/sales-cdc-raw"),
    (links.JobRunLink(), JOB_RUN, "/gluestudio/home?region={region}#/job/sales-cdc-curate/run/jr_1"),
    (links.ObjectLink(), OBJECT, "/s3/object/lake?region={region}&prefix=ledger/batch/a%20run/report.md"),
]


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("eu-central-1", "https://console.aws.amazon.com"),
        ("cn-north-1", "https://console.amazonaws.cn"),
        ("us-gov-west-1", "https://console.amazonaws-us-gov.com"),
    ],
)
@pytest.mark.parametrize(("link", "operator", "address"), CASES)
def test_on_aws_a_link_leads_to_the_console_of_the_partition_and_region(
    monkeypatch: pytest.MonkeyPatch, link: Any, operator: Any, address: str, region: str, console: str
) -> None:
    monkeypatch.setenv("SALES_CDC_TARGET", "aws")
    monkeypatch.setenv("AWS_REGION", region)
    assert link.get_link(operator, ti_key=None) == console + address.format(region=region)


@pytest.mark.parametrize(
    ("base_url", "path"), [("", ""), ("http://127.0.0.1:8080", ""), ("https://a.example/air/", "/air")]
)
@pytest.mark.parametrize(("link", "operator", "_address"), CASES)
def test_on_the_local_cloud_a_link_leads_to_the_page_in_airflow(
    monkeypatch: pytest.MonkeyPatch, link: Any, operator: Any, _address: str, base_url: str, path: str
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    assert link.get_link(operator, ti_key=None) == f"{path}/plugin/sales-cdc"


@pytest.mark.parametrize(
    ("link", "operator"),
    [
        (links.AthenaQueryLink(), SimpleNamespace(query_execution_id=None)),
        (links.JobRunLink(), SimpleNamespace(job_name="j", run_id=None)),
        (links.ObjectLink(), SimpleNamespace()),
    ],
)
def test_there_is_no_link_before_there_is_something_to_show(link: Any, operator: Any) -> None:
    assert link.get_link(operator, ti_key=None) == ""


@pytest.mark.parametrize(
    ("operator", "stored", "address"),
    [
        (QueryOperator, {"query_execution_id": "q-1"}, "/athena/home?region=eu-central-1#/query-editor/history/q-1"),
        (
            CurateOperator,
            {"job_name": "j", "job_run_id": "jr_1"},
            "/gluestudio/home?region=eu-central-1#/job/j/run/jr_1",
        ),
    ],
)
def test_the_providers_links_stay_as_they_are_on_aws_and_lead_to_the_page_locally(
    monkeypatch: pytest.MonkeyPatch, operator: Any, stored: dict[str, str], address: str
) -> None:
    (link,) = operator.operator_extra_links
    place = {"region_name": "eu-central-1", "aws_domain": "aws.amazon.com"}
    monkeypatch.setattr(
        "airflow.providers.amazon.aws.links.base_aws.XCom.get_value", lambda key, ti_key: {**place, **stored}
    )
    assert link.get_link(None, ti_key=None) == "/plugin/sales-cdc"
    monkeypatch.setenv("SALES_CDC_TARGET", "aws")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert link.get_link(None, ti_key=None) == f"https://console.aws.amazon.com{address}"

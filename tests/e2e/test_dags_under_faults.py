"""Test generate and batch under faults: both runs succeed, and the tables have every change once.

There are two pairs of runs, each with half of the faults, and the workers are killed while orders are written. The oracle scans
DynamoDB and queries Athena; the test checks that every fault struck. The drill has all faults at once, over many changes.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from pyathena import connect

from tests.conftest import Cloud
from tests.e2e.conftest import DATABASE, WORKGROUP, Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
# The dice of each seed strike at once: the function fails at its first two calls, and never as often in a row as it is tried.
FAULTS = {
    "records doubled, out of order and late, calls refused": {
        "seed": 7, "duplicate": 0.3, "reorder": 0.3, "throttle": 0.3, "delay_seconds": 0.2,
    },
    "functions and storage that fail": {"seed": 4661, "lambda_error": 0.3, "lambda_timeout": 0.1, "s3_error": 0.1},
}  # fmt: skip


def ask(cloud: Cloud, method: str, path: str, document: Any = None) -> bool:
    """Ask the local cloud itself; False when it cannot do it now."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{cloud.endpoint}/_local_cloud/{path}", body, method=method)
    try:
        urllib.request.urlopen(request).close()
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
        return False
    return True


def struck(cloud: Cloud) -> dict[str, int]:
    with urllib.request.urlopen(f"{cloud.endpoint}/_local_cloud/faults") as answer:
        return dict(json.load(answer)["done"])


@contextmanager
def faults(cloud: Cloud, plan: dict[str, float]) -> Iterator[None]:
    ask(cloud, "PUT", "faults", plan)
    try:
        yield
    finally:
        ask(cloud, "DELETE", "faults")


@contextmanager
def workers_killed_once_orders_come(cloud: Cloud, pipeline: Pipeline) -> Iterator[None]:
    """Kill pipes and delivery at the first order that is new to the table."""
    before, over, killed = set(pipeline.orders()), threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if pipeline.orders().keys() - before and ask(cloud, "POST", "crash"):
                killed.set()
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert killed.is_set()


def rows(pipeline: Pipeline, sql: str) -> list[tuple[Any, ...]]:
    cursor = connect(
        work_group=WORKGROUP, schema_name=DATABASE, region_name="us-east-1", endpoint_url=pipeline.endpoint,
        aws_access_key_id="test", aws_secret_access_key="test", poll_interval=0.1,
    ).cursor()  # fmt: skip
    return list(cursor.execute(sql).fetchall())


def expect_an_exact_reader(pipeline: Pipeline) -> None:
    """Check that the view has each order of the table once and as it is, and the change log each change once."""
    held = {
        (key, item["product_name"]["S"], int(item["quantity"]["N"]), Decimal(item["price"]["N"]))
        for key, item in pipeline.orders().items()
    }
    shown = rows(pipeline, "SELECT orderid, product_name, quantity, price FROM orders")
    assert set(shown) == held
    assert len(shown) == len(held)
    told = "SELECT orderid, sequence_number, count(*) FROM orders_changes GROUP BY 1, 2 HAVING count(*) > 1"
    assert rows(pipeline, told) == []


def expect_the_report_of_the_run(pipeline: Pipeline) -> None:
    s3 = pipeline.client("s3")
    found = s3.get_paginator("list_objects_v2").paginate(Bucket=pipeline.bucket, Prefix="ledger/batch/")
    reports = [item for page in found for item in page.get("Contents", []) if item["Key"].endswith("report.json")]
    newest = max(reports, key=lambda item: (item["LastModified"], item["Key"]))["Key"]
    report = json.load(s3.get_object(Bucket=pipeline.bucket, Key=newest)["Body"])
    assert report["lost"] == 0
    assert report["written"] == report["delivered"]
    assert all(report["written"][kind] >= count for kind, count in {"INSERT": 60, "MODIFY": 30, "REMOVE": 10}.items())


@pytest.mark.parametrize("case", FAULTS)
def test_both_runs_succeed_and_the_reader_sees_every_change_once(case: str, pipeline: Pipeline, cloud: Cloud) -> None:
    plan = FAULTS[case]
    with faults(cloud, plan):
        with workers_killed_once_orders_come(cloud, pipeline):
            pipeline.must_run("sales_cdc_generate", inserts=60, updates=30, deletes=10, seed=len(case))
        pipeline.must_run("sales_cdc_batch")
        assert [fault for fault in plan.keys() - {"seed", "delay_seconds"} if not struck(cloud)[fault]] == []
    expect_an_exact_reader(pipeline)
    expect_the_report_of_the_run(pipeline)

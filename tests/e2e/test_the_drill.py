"""Test the drill: 20,000 changes under every fault, judged again by an oracle without the project's code.

It is the last of the whole runs, because it fills the table.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from pyathena import connect
from sales_cdc.drill.operators.judge import DrillFailedError

from tests.e2e.conftest import DATABASE, WORKGROUP, Pipeline
from tests.integration.dag_runs import DagRun

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
NAME = "drill-of-the-tests"
CHANGES, POISON = 20_000, 200


def document(pipeline: Pipeline, key: str) -> dict[str, Any]:
    body = pipeline.client("s3").get_object(Bucket=pipeline.bucket, Key=key)["Body"].read()
    return dict(json.loads(body))


def written(pipeline: Pipeline) -> list[dict[str, Any]]:
    key = f"ledger/generate/{NAME}/written.jsonl"
    body = pipeline.client("s3").get_object(Bucket=pipeline.bucket, Key=key)["Body"]
    return [json.loads(line) for line in body.iter_lines()]


def rows(pipeline: Pipeline, sql: str) -> list[tuple[Any, ...]]:
    cursor = connect(
        work_group=WORKGROUP, schema_name=DATABASE, region_name="us-east-1", endpoint_url=pipeline.endpoint,
        aws_access_key_id="test", aws_secret_access_key="test", poll_interval=0.2,
    ).cursor()  # fmt: skip
    return list(cursor.execute(sql).fetchall())


@pytest.fixture(scope="module")
def report(pipeline: Pipeline) -> dict[str, Any]:
    done = pipeline.must_run("sales_cdc_drill", name=NAME, changes=CHANGES)
    assert f"The drill '{NAME}' is exact" in done.log
    return document(pipeline, f"ledger/drill/{NAME}/report.json")


def test_every_claim_holds_under_every_fault(report: dict[str, Any]) -> None:
    assert report["verdict"] == "exact"
    assert all(claim["holds"] for claim in report["claims"])
    struck = report["struck"]
    assert all(struck[fault] for fault in ("duplicate", "reorder", "lambda_error", "s3_error"))
    assert struck["crashes"] == 3
    assert report["extras"] == {"copies": CHANGES // 20, "poison": POISON}
    assert report["curated"]["duplicates"] >= CHANGES // 20
    assert (
        report["redrive"]["found"] >= POISON
    )  # beside it, what failed for good: how much depends on the machine's pace


def test_the_poison_was_redriven_and_refused_again_and_nothing_else_is_left(report: dict[str, Any]) -> None:
    reasons = report["redrive"]["by_reason"]
    assert sum(reasons.values()) >= POISON
    assert "Lambda.ProcessingFailedStatus: eventName is not INSERT, MODIFY or REMOVE" in reasons
    assert not [reason for reason in reasons if "FunctionError" in reason]


def test_athena_shows_the_drills_orders_as_dynamodb_holds_them(pipeline: Pipeline, report: dict[str, Any]) -> None:
    own = {line["orderID"] for line in written(pipeline)}
    held = {
        key: (item["product_name"]["S"], int(item["quantity"]["N"]), Decimal(item["price"]["N"]))
        for key, item in pipeline.orders().items()
        if key in own
    }
    current = rows(pipeline, "SELECT orderid, product_name, quantity, price FROM orders_current WHERE NOT is_deleted")
    assert {row[0]: row[1:] for row in current if row[0] in own} == held
    assert len(held) == report["orders"]["live"]


def test_the_change_log_has_each_change_once(pipeline: Pipeline, report: dict[str, Any]) -> None:
    lines = written(pipeline)
    own = {line["orderID"] for line in lines}
    log = [row for row in rows(pipeline, "SELECT orderid, event_type FROM orders_changes") if row[0] in own]
    assert Counter(log) == Counter((line["orderID"], line["event_type"]) for line in lines)


def test_the_poison_is_in_the_evidence_afterwards_and_a_drill_without_it_is_not_exact(
    pipeline: Pipeline, report: dict[str, Any]
) -> None:
    s3 = pipeline.client("s3")

    def lines(prefix: str) -> list[bytes]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=pipeline.bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        bodies = [s3.get_object(Bucket=pipeline.bucket, Key=key)["Body"].read() for key in keys]
        return [line for body in bodies for line in body.splitlines()]

    assert len(lines(f"ledger/drill/{NAME}/poison/")) >= POISON
    assert not [line for line in lines("errors/") if b"drill-poison" in base64.b64decode(json.loads(line)["rawData"])]
    again = DagRun("sales_cdc_drill.py", name=NAME, changes=CHANGES)
    again.outcomes = {
        "plan_drill": {"since": "2026-01-01 00:00:00"},
        "put_extras": {"copies": 0, "poison": POISON},
        "reconcile_orders": report["reconciliation"],
    }
    with pytest.raises(DrillFailedError, match=r"NO\s+poison records kept under errors/\s+200\s+0"):
        again.run("find_account", "query_", "judge_drill")

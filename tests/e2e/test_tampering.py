"""Test that reconciliation finds exactly what somebody tampered with, and that repair fixes exactly that.

The oracle shares no code with the project: it scans DynamoDB with boto3 and reads the curated table with PyAthena.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pyathena import connect
from pyathena.cursor import Cursor

from tests.e2e.conftest import DATABASE, ORDERS, WORKGROUP, Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
RAW = "raw/orders/"
CALM = [f"calm-{number}" for number in range(20)]
HARMED = {"dropped", "edited", "lost-1", "lost-2", "new-off", "changed-off", "deleted-off"}
OWN = {*CALM, *HARMED, "on-its-way", "never-mind"}


@pytest.fixture
def athena(pipeline: Pipeline) -> Cursor:
    return connect(
        work_group=WORKGROUP, schema_name=DATABASE, region_name="us-east-1", endpoint_url=pipeline.endpoint,
        aws_access_key_id="test", aws_secret_access_key="test", poll_interval=0.1,
    ).cursor()  # fmt: skip


def eventually(look: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return seen


def put(pipeline: Pipeline, *order_ids: str) -> None:
    for number, order_id in enumerate(order_ids):
        item = {
            "orderid": {"S": order_id}, "product_name": {"S": "laptop"}, "quantity": {"N": str(number)},
            "price": {"N": "10.5"}, "gift": {"M": {"to": {"S": "Ada"}, "cards": {"L": [{"N": "1.5"}, {"BOOL": True}]}}},
        }  # fmt: skip
        pipeline.client("dynamodb").put_item(TableName=ORDERS, Item=item)


def raw_objects(pipeline: Pipeline) -> dict[str, str]:
    s3 = pipeline.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=pipeline.bucket, Prefix=RAW)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=pipeline.bucket, Key=key)["Body"].read().decode() for key in keys}


def landed(pipeline: Pipeline, *order_ids: str) -> dict[str, str]:
    """Return the raw objects that hold these orders, once all have arrived."""
    holding = {key: body for key, body in raw_objects(pipeline).items() if any(each in body for each in order_ids)}
    return holding if all(any(each in body for body in holding.values()) for each in order_ids) else {}


def curate(pipeline: Pipeline) -> None:
    glue = pipeline.client("glue")
    run = glue.start_job_run(JobName="sales-cdc-curate")["JobRunId"]

    def ended() -> Any:
        found = glue.get_job_run(JobName="sales-cdc-curate", RunId=run)["JobRun"]
        return found if found["JobRunState"] in {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"} else None

    outcome = eventually(ended, 400)
    assert outcome["JobRunState"] == "SUCCEEDED", outcome.get("ErrorMessage")


def report(pipeline: Pipeline, kind: str) -> Any:
    """Return the latest report of its kind in the ledger."""
    s3 = pipeline.client("s3")
    listed = s3.list_objects_v2(Bucket=pipeline.bucket, Prefix=f"ledger/{kind}/")["Contents"]
    latest = max(listed, key=lambda found: found["LastModified"])["Key"]
    return json.load(s3.get_object(Bucket=pipeline.bucket, Key=latest)["Body"])


def test_tampering_is_found_and_repaired_exactly(pipeline: Pipeline, athena: Cursor) -> None:
    table, s3 = pipeline.client("dynamodb"), pipeline.client("s3")
    put(pipeline, *CALM, "edited", "dropped", "changed-off", "deleted-off")
    eventually(lambda: landed(pipeline, "calm-19", "deleted-off"))
    curate(pipeline)

    # Somebody writes to the table while its stream is disabled.
    table.update_table(TableName=ORDERS, StreamSpecification={"StreamEnabled": False})
    table.delete_item(TableName=ORDERS, Key={"orderid": {"S": "deleted-off"}})
    put(pipeline, "changed-off", "new-off", "never-mind")
    table.delete_item(TableName=ORDERS, Key={"orderid": {"S": "never-mind"}})
    table.update_item(
        TableName=ORDERS, Key={"orderid": {"S": "changed-off"}}, UpdateExpression="SET price = :p",
        ExpressionAttributeValues={":p": {"N": "0.01"}},
    )  # fmt: skip
    pipeline.must_run("sales_cdc_setup", replace_stream=True)
    curate(pipeline)  # setup delivered the former stream's changes again, as copies

    # Somebody deletes raw objects before they are curated.
    put(pipeline, "lost-1", "lost-2")
    for key in eventually(lambda: landed(pipeline, "lost-1", "lost-2")):
        s3.delete_object(Bucket=pipeline.bucket, Key=key)
    # Somebody edits curated rows.
    athena.execute("UPDATE orders_current SET quantity = quantity + 100, gift = '{}' WHERE orderid = 'edited'")
    athena.execute("DELETE FROM orders_current WHERE orderid = 'dropped'")
    # Somebody makes ordinary changes.
    put(pipeline, "on-its-way")

    failed = pipeline.run("sales_cdc_reconcile")
    assert not failed.succeeded
    assert "sales_cdc_repair" in failed.log
    found = report(pipeline, "reconcile")  # of other tests' orders too: these are left out
    assert set(found["missing"]) & OWN == {"dropped", "lost-1", "lost-2", "new-off"}
    assert set(found["extra"]) & OWN == {"deleted-off"}
    stale = {each["orderid"]: each["fields"] for each in found["stale"] if each["orderid"] in OWN}
    assert stale.keys() == {"changed-off", "edited"}
    assert stale["edited"].keys() == {"quantity", "gift"}
    assert stale["changed-off"]["price"] == {"source": "0.01", "curated": "10.50"}
    assert found["in_flight"] == 1

    before = pipeline.orders()
    pipeline.must_run("sales_cdc_repair")
    assert pipeline.orders() == before
    ends = {order_id: end for order_id, end in report(pipeline, "repair")["orders"].items() if order_id in OWN}
    assert ends == dict.fromkeys(HARMED, "touched") | {"deleted-off": "put and deleted"}
    rows = athena.execute("SELECT * FROM orders_current WHERE NOT is_deleted").fetchall()
    names = [column[0] for column in athena.description]
    assert not [name for name in names if "touch" in name]
    shown = {row["orderid"]: row for row in (dict(zip(names, row, strict=True)) for row in rows)}
    assert shown.keys() == before.keys()
    for order_id in OWN & before.keys():
        assert shown[order_id]["quantity"] == int(before[order_id]["quantity"]["N"])
        assert shown[order_id]["price"] == Decimal(before[order_id]["price"]["N"])
        assert shown[order_id]["gift"] == '{"to":"Ada","cards":[1.5,true]}'
    assert report(pipeline, "reconcile")["counts"] == {"missing": 0, "extra": 0, "stale": 0}

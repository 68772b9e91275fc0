"""Test that whatever somebody else puts under ``raw/orders/`` fails no batch and hides no order: it is named."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.e2e.conftest import Pipeline
from tests.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
EVENT = {
    "orderID": "x", "product_name": "laptop", "quantity": 5, "price": 9.5, "event_type": "MODIFY", "creation_time": "2026-01-01T00:00:00Z",
    "event_id": "e", "sequence_number": "seven", "actor": "user",
}  # fmt: skip
LINES = [
    *(json.dumps({**EVENT, name: value}) for name in EVENT for value in ({"a": 1}, [1], None, "yesterday", 10**30, 0.1)),
    json.dumps({**EVENT, "orderID": "y\ud800"}), json.dumps({**EVENT, "event_type": "REMOVE"}),
    r'{"orderID":"x\ud800","event_type":"INSERT"}', '[{"orderID":"x"}]', '{"orderID":"x","price":', '{\n "orderID":\n "x"\n}',
    '{"orderID":"x","orderID":"y"}', "orderID,price", "\x00\x01", '"text"', "5", '{"orderID":{"a":1},"event_type":[1]}',
]  # fmt: skip
FOREIGN = {
    "x.csv": b"orderID,price\nx,1\ny,2\n",
    "x.json.gz": gzip.compress(LINES[0].encode()),
    "x.parquet": b"PAR1 no parquet PAR1",
    "sub/x.json": b'{"a":1}\n',
    "lines.json": "\n".join(LINES).encode(),
}


def test_a_batch_beside_foreign_objects_is_green_and_names_them(pipeline: Pipeline) -> None:
    s3 = pipeline.client("s3")
    pipeline.must_run("sales_cdc_generate", inserts=5, updates=0, deletes=0)
    folder = "raw/orders/dt=2026-01-01/hr=00/"
    keys = {f"{folder}{name}": body for name, body in FOREIGN.items()} | {"raw/orders/above.json": b'{"a":1}\n'}
    for key, body in keys.items():
        s3.put_object(Bucket=pipeline.bucket, Key=key, Body=body)
    try:
        pipeline.must_run("sales_cdc_batch")
    finally:
        for key in keys:
            s3.delete_object(Bucket=pipeline.bucket, Key=key)
    reports = s3.list_objects_v2(Bucket=pipeline.bucket, Prefix="ledger/batch/")["Contents"]
    latest = max(
        (each for each in reports if each["Key"].endswith("report.json")), key=lambda each: each["LastModified"]
    )
    report = json.load(s3.get_object(Bucket=pipeline.bucket, Key=latest["Key"])["Body"])
    (named,) = [each for each in report["warnings"] if "not the pipeline's" in each]
    assert f"{len(keys) - 1} objects" in named
    assert "raw/orders/above.json" in named
    assert report["lost"] == report["failed"] == 0
    glue = pipeline.client("glue")
    wait_for(lambda: glue.get_crawler(Name="sales-cdc-raw")["Crawler"]["State"] == "READY", "an idle crawler")
    tables = [each["Name"] for each in glue.get_tables(DatabaseName="sales_cdc")["TableList"]]
    assert [name for name in tables if name.startswith("raw_")] == ["raw_orders"]

"""Test where probe orders are looked for in the raw zone."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import boto3
from botocore.response import StreamingBody
from botocore.stub import Stubber
from sales_cdc.probe.arrived_orders import arrived_orders, hourly_folders
from sales_cdc.provisioning.resources.objects import ObjectHook


def test_the_probe_is_looked_for_in_every_hour_since_it_was_written() -> None:
    start, end = datetime(2026, 1, 1, 23, 59, tzinfo=UTC), datetime(2026, 1, 2, 1, 0, tzinfo=UTC)
    assert hourly_folders(start, end) == [
        "raw/orders/dt=2026-01-02/hr=01/",
        "raw/orders/dt=2026-01-02/hr=00/",
        "raw/orders/dt=2026-01-01/hr=23/",
    ]


def test_a_probe_is_found_in_an_object_that_is_named_by_an_older_record() -> None:
    written, stored = datetime(2026, 1, 1, 13, 5, tzinfo=UTC), datetime(2026, 1, 1, 13, 14, tzinfo=UTC)
    objects = ObjectHook(aws_conn_id=None, region_name="eu-central-1")
    objects.conn = boto3.client("s3", region_name="eu-central-1", aws_access_key_id="t", aws_secret_access_key="t")
    key = "raw/orders/dt=2026-01-01/hr=12/sales-1-2026-01-01-12-59-58-x.json"
    with Stubber(objects.conn) as stubber:
        stubber.add_response("list_objects_v2", {}, {"Bucket": "b", "Prefix": "raw/orders/dt=2026-01-01/hr=13/"})
        listed = {"Contents": [{"Key": key, "LastModified": stored}]}
        stubber.add_response("list_objects_v2", listed, {"Bucket": "b", "Prefix": "raw/orders/dt=2026-01-01/hr=12/"})
        body = StreamingBody(BytesIO(b'{"orderID": "probe-1"}'), 22)
        stubber.add_response("get_object", {"Body": body}, {"Bucket": "b", "Key": key})
        assert arrived_orders(objects, "b", ["probe-1"], written, stored) == {"probe-1": key}

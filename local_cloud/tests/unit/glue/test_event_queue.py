"""Reading S3's notifications from a crawler's queue.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json

import pytest

from local_cloud.glue.crawler.event_queue import objects_of

RECORD = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "raw/dt%3D1/a+b.json"}}}


def test_a_key_is_decoded_as_s3_writes_it() -> None:
    assert list(objects_of(json.dumps({"Records": [RECORD, RECORD]}))) == ["s3://b/raw/dt=1/a b.json"] * 2


def test_a_notification_that_sns_passes_on_is_read() -> None:
    passed_on = {"Type": "Notification", "Message": json.dumps({"Records": [RECORD]})}
    assert list(objects_of(json.dumps(passed_on))) == ["s3://b/raw/dt=1/a b.json"]


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        "[]",
        '{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}',
        '{"detail-type": "Object Created", "detail": {"object": {"key": "k"}}}',
        '{"Records": [null, {"s3": {}}, {"s3": null}]}',
        '{"Message": "no JSON"}',
    ],
)
def test_any_other_message_names_nothing(body: str) -> None:
    assert list(objects_of(body)) == []

"""Every write to the error zone is conditional, so parallel runs and repeated attempts do no harm."""

from __future__ import annotations

from typing import Any

import pytest
from sales_cdc.aws.errors import ResourceMissingError
from sales_cdc.redrive.error_zone import ErrorZoneHook

from tests.conftest import Cloud

pytestmark = pytest.mark.integration
KEY = "errors/processing-failed/dt=2026-11-25/one"


@pytest.fixture
def s3(cloud: Cloud, prefix: str) -> Any:
    client = cloud.client("s3")
    client.create_bucket(Bucket=f"{prefix}-bucket")
    client.put_object(Bucket=f"{prefix}-bucket", Key=KEY, Body=b"first\nsecond\n")
    return client


@pytest.fixture
def zone(s3: Any, prefix: str) -> ErrorZoneHook:
    return ErrorZoneHook(bucket=f"{prefix}-bucket")


def body(s3: Any, zone: ErrorZoneHook, key: str = KEY) -> bytes:
    return bytes(s3.get_object(Bucket=zone.bucket, Key=key)["Body"].read())


def test_an_object_that_another_run_replaced_is_neither_read_nor_replaced_nor_deleted(
    s3: Any, zone: ErrorZoneHook
) -> None:
    (listed,) = zone.objects()
    assert zone.read(listed) == b"first\nsecond\n"
    assert zone.replace(listed, b"second\n")
    assert zone.read(listed) is None
    assert not zone.replace(listed, b"first\nsecond\n")
    assert not zone.replace(listed, b"")
    assert body(s3, zone) == b"second\n"


def test_an_object_that_another_run_deleted_is_not_written_again(zone: ErrorZoneHook) -> None:
    (listed,) = zone.objects()
    assert zone.replace(listed, b"")
    assert zone.read(listed) is None
    assert not zone.replace(listed, b"first\n")
    assert list(zone.objects()) == []


def test_a_delivered_object_is_not_overwritten(s3: Any, zone: ErrorZoneHook) -> None:
    assert zone.deliver("raw/orders/one.json", b"a\n")
    assert not zone.deliver("raw/orders/one.json", b"b\n")
    assert body(s3, zone, "raw/orders/one.json") == b"a\n"


def test_a_missing_bucket_raises_an_error_that_names_it(cloud: Cloud) -> None:
    with pytest.raises(ResourceMissingError, match=r"no-such-bucket.*sales_cdc_setup"):
        list(ErrorZoneHook(bucket="no-such-bucket").objects())

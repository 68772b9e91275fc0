"""Find probe orders in the raw zone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sales_cdc.contract import bucket_keys
from sales_cdc.provisioning.resources.objects import ObjectHook

LONGEST_BUFFER = timedelta(hours=1)
"""More than Firehose's longest buffer interval."""


def arrived_orders(
    objects: ObjectHook, bucket: str, order_ids: Collection[str], since: datetime, now: datetime
) -> dict[str, str]:
    """Return by order the key of a raw object that holds it; an order that has not arrived is absent.

    The search begins an hour before ``since``: Firehose names an object by the arrival of its oldest record, and buffers up to
    900 seconds. Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html

    Example::

        arrived_orders(objects, "sales-cdc-123456789012-us-east-1", ["probe-1"], written_at, datetime.now(UTC))
    """
    arrived: dict[str, str] = {}
    for folder in hourly_folders(since - LONGEST_BUFFER, now):
        arrived |= objects.keys_holding(bucket, folder, [each for each in order_ids if each not in arrived], since)
    return arrived


def hourly_folders(start: datetime, end: datetime) -> list[str]:
    """Return the prefixes under which Firehose stores what arrives between two times, newest first."""
    first, hour = start.replace(minute=0, second=0, microsecond=0), timedelta(hours=1)
    moments = [end - back * hour for back in range((end - first) // hour + 1)]
    return [f"{bucket_keys.RAW_PREFIX}dt={at:%Y-%m-%d}/hr={at:%H}/" for at in moments]

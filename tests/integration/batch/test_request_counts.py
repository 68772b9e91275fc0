"""What a batch asks of S3 follows the day: a bucket with ten times the past gets the same requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sales_cdc.batch.sensors.delivery import DeliverySensor
from sales_cdc.batch.watermark_ledger import WatermarkHook
from sales_cdc.contract.watermark import Watermark, ranges
from sales_cdc.deployment.settings import Settings
from sales_cdc.reconcile.raw_zone import RawZoneHook
from sales_cdc.verdict.reading import ACCOUNTS, BATCH_REPORTS
from sales_cdc.verdict.sources import DeploymentSources

from benchmarks.past import A_DAY, Past
from tests.request_counts import counted_requests

pytestmark = pytest.mark.integration
DAYS = (8, 80)
NOW = datetime.now(UTC)


def bucket_with_past(cloud: Any, prefix: str, days: int) -> str:
    """Make a bucket that is a deployment's, whose watermark is of yesterday's batch."""
    account = cloud.client("sts").get_caller_identity()["Account"]
    name = f"{prefix}-{account}-us-east-1"
    cloud.client("s3").create_bucket(Bucket=name)
    Past(cloud.client("s3"), name, "delivery", NOW, days * A_DAY).write()
    known = [f"{NOW - timedelta(days=1 + age):%Y-%m-%d}" for age in range(days)]
    mark = Watermark((known[0], f"{NOW:%H}"), NOW - timedelta(days=1), ranges(known), "lake-1")
    WatermarkHook(bucket=name).move(mark.document(), "yesterday")
    Past(cloud.client("s3"), name, "delivery", NOW, days * A_DAY).add_day(300, NOW)
    return name


def wait_for_delivery(bucket: str, _: str) -> None:
    assert DeliverySensor(task_id="wait", bucket=bucket, timeout=0).poke({}).is_done


def find_what_changed(bucket: str, _: str) -> None:
    ledger = WatermarkHook(bucket=bucket)
    assert (ledger.watermark(), ledger.notes()) != (None, None)


def look_for_pending_objects(bucket: str, _: str) -> None:
    raw_zone = RawZoneHook(bucket=bucket)
    folders = raw_zone.open_folders("lake-1")
    assert folders is not None
    assert len(raw_zone.objects(folders)) >= 3


def look_for_failed_records(bucket: str, _: str) -> None:
    assert RawZoneHook(bucket=bucket).failures(NOW) == []


def read_evidence(_: str, prefix: str) -> None:
    sources = DeploymentSources(replace(Settings.from_environment(), prefix=prefix))
    assert sources.newest_report(*BATCH_REPORTS) is not None
    assert sources.newest_report(*ACCOUNTS) is not None
    sources.newest_changes(), sources.failed_records(), sources.acknowledgements()


STEPS: list[Callable[[str, str], None]] = [
    wait_for_delivery, find_what_changed, look_for_pending_objects, look_for_failed_records, read_evidence,
]  # fmt: skip


def test_each_step_sends_as_many_requests_on_ten_times_the_past(cloud: Any, prefix: str) -> None:
    counts: dict[int, dict[str, Counter[str]]] = {}
    for days in DAYS:
        place = f"{prefix}-{days}"
        bucket = bucket_with_past(cloud, place, days)
        counts[days] = {}
        for step in STEPS:
            with counted_requests() as sent:
                step(bucket, place)
            counts[days][step.__name__] = sent
    assert counts[DAYS[0]] == counts[DAYS[1]]

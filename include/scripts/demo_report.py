"""Measure a run of the demo: every number comes from the ledger, the bucket or Athena."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import datetime
from typing import Any

import boto3
from athena_table import AthenaTerminal
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

DUPLICATES = "SELECT count(*) - count(DISTINCT concat(orderid, '/', sequence_number)) FROM {table}"
TIMED = ("install", "setup", "generate", "deliver", "batch", "total")


def measure(
    settings: Settings,
    athena: AthenaTerminal,
    began_at: datetime,
    seconds: dict[str, float],
    queries: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the content of ``report.json``, and add ``deliver`` and ``total`` to ``seconds``.

    Args:
        began_at: when the demo began; earlier runs of the same deployment do not count.
        seconds: how long each step took, by name.
        queries: the selects of the demo with their rows before and after the changes.
    """
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"  # keeps Airflow's own lines out of the demo's output
    from sales_cdc.aws.landing_zone import LandingZoneHook
    from sales_cdc.batch.change_matching import compare

    lake = LandingZoneHook(bucket=_bucket(settings), aws_conn_id=settings.aws_conn_id)
    runs = {run: s for run, s in lake.runs().items() if datetime.fromisoformat(s["started_at"]) >= began_at}
    changes = [change for run, summary in runs.items() for change in lake.written(run, summary["started_at"])]
    written = Counter(change.event_type for change in changes)
    delivery = compare(changes, lake.arrivals(began_at))
    lag_seconds = delivery.summary()["lag_seconds"]
    seconds["deliver"] = lag_seconds["max"] or 0.0
    seconds["total"] = time.time() - began_at.timestamp() + seconds["install"]
    return {
        "written": {kind: written[kind] for kind in EVENT_TYPES},
        "delivered": {kind: delivery.delivered[kind] for kind in EVENT_TYPES},
        "failed": lake.failed_records(began_at),
        "lost": len(delivery.missing),
        "duplicates_in_raw": _duplicates(athena, "raw_orders"),
        "duplicates_in_curated": _duplicates(athena, "orders_changes"),
        "lag_seconds": lag_seconds,
        "queries": queries,
        "seconds": {name: round(seconds[name], 2) for name in TIMED},
    }


def latest_insights(settings: Settings) -> list[dict[str, Any]]:
    """Return the insights of the last batch's report."""
    bucket = _bucket(settings)
    s3 = boto3.client("s3", region_name=settings.region, endpoint_url=settings.local_endpoint)
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=bucket_keys.BATCH_RUNS)
    reports = [each for page in listed for each in page["Contents"] if each["Key"].endswith("/report.json")]
    latest = max(reports, key=lambda each: each["LastModified"])["Key"]
    insights: list[dict[str, Any]] = json.load(s3.get_object(Bucket=bucket, Key=latest)["Body"])["insights"]
    return insights


def _duplicates(athena: AthenaTerminal, table: str) -> int:
    return int(athena.query(DUPLICATES.format(table=table)).rows[0][0] or 0)


def _bucket(settings: Settings) -> str:
    from airflow.providers.amazon.aws.hooks.sts import StsHook

    return Topology(settings, StsHook(aws_conn_id=settings.aws_conn_id).get_account_number()).bucket.name

"""Schedule the batch: daily and, if the settings say so, when new raw objects have arrived."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher

from sales_cdc.batch.arrivals_trigger import ArrivalsTrigger
from sales_cdc.batch.timetable import DailyTimetable
from sales_cdc.deployment.topology import Topology

MIDNIGHT = "0 0 * * *"


def batch_schedule(topology: Topology) -> Any:
    """Return the batch DAG's schedule.

    Events collect while data flows, and while a batch runs (one at a time). Each run takes everything that has arrived.

    Example::

        with DAG(dag_id="sales_cdc_batch", schedule=batch_schedule(topology)):
            ...
    """
    settings = topology.settings
    daily = DailyTimetable(MIDNIGHT, timezone="UTC")
    if not settings.event_driven:
        return daily
    trigger = ArrivalsTrigger(
        queue=topology.arrivals_queue.name, aws_conn_id=settings.aws_conn_id, region_name=settings.region
    )
    arrivals = Asset(
        f"{topology.prefix}-arrivals", watchers=[AssetWatcher(name=topology.arrivals_queue.name, trigger=trigger)]
    )
    return AssetOrTimeSchedule(timetable=daily, assets=[arrivals])

"""Test that new raw objects become events, over bucket, rule and queue, and that none is lost."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sales_cdc.batch import arrivals_trigger as arrivals
from sales_cdc.batch.arrivals_trigger import ArrivalsTrigger
from sales_cdc.batch.operators.take_notices import TakeNoticesOperator
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
ACCOUNT = "000000000000"
BUCKET = ("lake.provision_raw_events_queue", "lake.provision_bucket")


@pytest.fixture
def topology() -> Iterator[Topology]:
    """Set up a deployment's bucket, queue and rule, with events on."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        environment.setenv("SALES_CDC_EVENT_DRIVEN", "on")
        DagRun("sales_cdc_setup.py").run("find_account", *BUCKET, "arrivals")
        yield Topology(Settings.from_environment(), ACCOUNT)


def waiting(cloud: Cloud, topology: Topology) -> int:
    """Count the messages in the queue, received or not."""
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=topology.arrivals_queue.name)["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, counts.values()))


def take(topology: Topology) -> int:
    """Take the notices as a run does."""
    return TakeNoticesOperator(task_id="take", notices_queue=topology.arrivals_queue.name).execute({})


def put(cloud: Cloud, topology: Topology, *keys: str) -> None:
    for key in keys:
        cloud.client("s3").put_object(Bucket=topology.bucket.name, Key=key, Body=b"{}")


def test_objects_that_arrive_together_are_one_event_and_only_raw_ones_count(
    cloud: Cloud, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, topology, "ledger/x.json", *(f"raw/orders/dt=2026-01-01/hr=00/{n}.json" for n in range(12)))
    wait_for(lambda: waiting(cloud, topology) == 12, "the notices")

    async def events() -> list[Any]:
        running = ArrivalsTrigger(topology.arrivals_queue.name, region_name="us-east-1", quiet_seconds=1.5).run()
        first = await anext(running)
        left = waiting(cloud, topology)
        assert await asyncio.to_thread(take, topology) == 12
        monkeypatch.setattr(arrivals, "LOOK_SECONDS", 0.1)
        second = asyncio.ensure_future(anext(running))
        await asyncio.sleep(1)
        assert not second.done()
        put(cloud, topology, "raw/orders/dt=2026-01-01/hr=00/late.json")
        return [first.payload, left, (await second).payload]

    assert asyncio.run(asyncio.wait_for(events(), 60)) == [{"objects": 12}, 12, {"objects": 1}]


def test_notices_that_no_run_takes_are_announced_again_and_ever_more_seldom(
    cloud: Cloud, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paused DAG drops its events."""
    put(cloud, topology, "raw/orders/dt=2026-01-01/hr=00/a.json", "raw/orders/dt=2026-01-01/hr=00/b.json")
    wait_for(lambda: waiting(cloud, topology) == 2, "the notices")
    waited: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    async def events() -> list[Any]:
        monkeypatch.setattr(arrivals.asyncio, "sleep", noted)
        running = ArrivalsTrigger(topology.arrivals_queue.name, region_name="us-east-1", quiet_seconds=1).run()
        return [((await anext(running)).payload, sum(waited)) for _ in range(5)]

    told = asyncio.run(asyncio.wait_for(events(), 120))
    assert told == [({"objects": 2}, seconds) for seconds in (0, 60, 180, 420, 720)]
    assert (take(topology), take(topology), waiting(cloud, topology)) == (2, 0, 0)


def test_a_run_takes_nothing_from_a_queue_that_is_not_there(cloud: Cloud, prefix: str) -> None:
    assert TakeNoticesOperator(task_id="take", notices_queue=prefix).execute({}) == 0


def test_a_missing_queue_is_tried_again(cloud: Cloud, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "PAUSE_SECONDS", 0.1)
    sqs = cloud.client("sqs")

    async def event() -> Any:
        running = ArrivalsTrigger(prefix, region_name="us-east-1", quiet_seconds=0.5).run()
        waited = asyncio.ensure_future(anext(running))
        await asyncio.sleep(0.5)
        assert not waited.done()
        sqs.send_message(QueueUrl=sqs.create_queue(QueueName=prefix)["QueueUrl"], MessageBody="{}")
        return (await waited).payload

    assert asyncio.run(asyncio.wait_for(event(), 60)) == {"objects": 1}


def test_without_the_setting_the_rule_is_disabled_and_the_bucket_sends_no_notices(
    cloud: Cloud, topology: Topology
) -> None:
    with pytest.MonkeyPatch.context() as environment:  # undone before the fixture's own, which would else leak
        environment.delenv("SALES_CDC_EVENT_DRIVEN")
        again = DagRun("sales_cdc_setup.py")
        again.run("find_account", *BUCKET, "arrivals")
    assert again.actions() == {
        "lake.provision_raw_events_queue": "unchanged",
        "lake.provision_bucket": "updated",
        "arrivals.provision_arrivals_queue": "unchanged",
        "arrivals.provision_arrivals_rule": "updated",
    }
    assert cloud.client("events").describe_rule(Name=topology.arrivals_rule.name)["State"] == "DISABLED"
    sent = cloud.client("s3").get_bucket_notification_configuration(Bucket=topology.bucket.name)
    assert "EventBridgeConfiguration" not in sent
    assert [each["QueueArn"] for each in sent["QueueConfigurations"]] == [topology.raw_events_queue.arn]

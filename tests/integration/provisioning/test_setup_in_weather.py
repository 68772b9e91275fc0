"""Test setup and teardown in the first minutes on AWS: roles, tags and queues are late, buckets abort, creation is slow.

The local cloud's fault ``eventual_consistency`` makes that weather; how it behaves is held by its own tests, with AWS's words and their
sources. Here setup's patience lives ten times as fast, so that two seconds of weather stand for twenty.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import SERVICES, Topology
from sales_cdc.provisioning.operators import artifact, provision, remove
from sales_cdc.provisioning.patience import Patience

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.faults import Faults

pytestmark = pytest.mark.integration
SETUP, TEARDOWN = "sales_cdc_setup.py", "sales_cdc_teardown.py"
WEATHER_SECONDS = 2.0
ROLE_SECONDS = 8.0
"""Longer than the calls from a new role to what takes it, on a busy machine too."""
TIMES_AS_FAST = 10
KINDS = {"role", "unseen role", "tags", "queue", "bucket", "bucket's setting", "log group's setting", "creating"}
TAKE_A_ROLE = {
    "lake.provision_crawler",
    "delivery.provision_transformer",
    "delivery.provision_delivery_stream",
    "capture.provision_pipe",
}


@pytest.fixture
def faults(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Faults:
    fast = partial(
        Patience,
        sleep=lambda seconds: time.sleep(seconds / TIMES_AS_FAST),
        clock=lambda: time.monotonic() * TIMES_AS_FAST,
    )
    for module in (provision, remove, artifact):
        monkeypatch.setattr(module, "Patience", fast)
    return Faults(cloud.endpoint)


def met(faults: Faults) -> set[str]:
    """Return the kinds of weather that came up."""
    return {kind.removeprefix("eventual_consistency: ") for kind, count in faults.done().items() if count}


@pytest.fixture
def deployment(prefix: str, monkeypatch: pytest.MonkeyPatch) -> Topology:
    monkeypatch.setenv("SALES_CDC_PREFIX", prefix)
    return Topology(Settings.from_environment(), "000000000000")


def run(file: str, **params: Any) -> dict[str, str]:
    """Run a DAG to its end; return what it did to each resource."""
    made = DagRun(file, **params)
    made.run_at_once()
    return made.actions()


def test_setup_beside_setup_teardown_and_setup_again_pass(deployment: Topology, faults: Faults) -> None:
    with faults.of(seed=1, eventual_consistency=WEATHER_SECONDS):
        both = [DagRun(SETUP) for _ in range(2)]  # Airflow parses in one thread only
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(DagRun.run_at_once, both))
        first, second = (each.actions() for each in both)
        made = {task for task in first if {first[task], second[task]} & {"created", "updated"}}
        assert made == first.keys(), "a pipe that one made in vain with a new role, the other replaces: 'updated'"
        assert set(run(SETUP).values()) == {"unchanged"}, "the two left every resource as it is defined"
        assert set(run(TEARDOWN, confirm=deployment.prefix).values()) == {"removed"}
        assert set(run(SETUP).values()) == {"created"}
        assert set(run(TEARDOWN, confirm=deployment.prefix).values()) == {"removed"}
        assert met(faults) >= KINDS


def test_setup_makes_what_takes_a_role_with_roles_that_are_new(
    deployment: Topology, faults: Faults, cloud: Cloud
) -> None:
    run(SETUP)
    iam = cloud.client("iam")
    for service in SERVICES:
        iam.delete_role_policy(RoleName=deployment.role(service).name, PolicyName="permissions")
        iam.delete_role(RoleName=deployment.role(service).name)
    cloud.client("pipes").delete_pipe(Name=deployment.pipe.name)
    cloud.client("firehose").delete_delivery_stream(DeliveryStreamName=deployment.delivery.name)
    cloud.client("lambda").delete_function(FunctionName=deployment.transformer.name)
    cloud.client("glue").delete_crawler(Name=deployment.crawler.name)
    with faults.of(seed=2, eventual_consistency=ROLE_SECONDS):
        made = {task for task, action in run(SETUP).items() if action == "created"}
        assert "role" in met(faults)
    assert made == {f"roles.provision_{service}_role" for service in SERVICES} | TAKE_A_ROLE
    run(TEARDOWN, confirm=deployment.prefix)

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
from sales_cdc.deployment.topology import Service, Topology
from sales_cdc.provisioning.operators import artifact, provision, remove
from sales_cdc.provisioning.patience import Patience

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.faults import Faults

pytestmark = pytest.mark.integration
SETUP, TEARDOWN = "sales_cdc_setup.py", "sales_cdc_teardown.py"
WEATHER_SECONDS = 2.0
ROLE_SECONDS = 4.0
TIMES_AS_FAST = 10
LOG_GROUP_SECONDS = 10.0
"""Its tenth outlasts the time between two calls on a slow machine."""
KINDS = {"unseen role", "tags", "queue", "bucket", "bucket's setting", "creating"}
TAKES_ROLE: dict[Service, str] = {
    "crawler": "lake.provision_crawler",
    "transformer": "delivery.provision_transformer",
    "delivery": "delivery.provision_delivery_stream",
    "pipe": "capture.provision_pipe",
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
        again = run(SETUP).values()
        assert set(again) <= {"created", "updated"}, "a bucket that S3 does not show to its maker is found: 'updated'"
        assert set(run(TEARDOWN, confirm=deployment.prefix).values()) == {"removed"}
        assert met(faults) >= KINDS


def test_what_takes_a_role_is_made_though_the_role_is_new(deployment: Topology, faults: Faults) -> None:
    setup = DagRun(SETUP)
    later = ("roles.", "proof.", "summarise", "delivery.hold_flow", "lake.provision_job")
    setup.run_only(
        *(each for each in setup.dag.task_ids if not each.startswith(later) and each not in TAKES_ROLE.values())
    )
    for service, task in TAKES_ROLE.items():
        for each in (role := f"roles.provision_{service}_role", task):
            assert setup.dag.get_task(each).hook.conn  # made before, so that the role is new when it is taken
        with faults.of(seed=2, eventual_consistency=ROLE_SECONDS):
            setup.run_only(role, task)
            assert "role" in met(faults), task
        assert {setup.outcomes[each]["action"] for each in (role, task)} == {"created"}
    run(TEARDOWN, confirm=deployment.prefix)


def test_a_log_group_is_changed_though_logs_still_carries_out_another_change(
    cloud: Cloud, deployment: Topology, faults: Faults
) -> None:
    setup, task = DagRun(SETUP), "delivery.provision_transformer_log"
    setup.run_only("find_account", task)
    with faults.of(seed=3, eventual_consistency=LOG_GROUP_SECONDS):
        cloud.client("logs").put_retention_policy(logGroupName=deployment.transformer_log.name, retentionInDays=3)
        setup.run_only(task)
        assert met(faults) == {"log group's setting"}
    assert setup.outcomes[task]["action"] == "updated"
    run(TEARDOWN, confirm=deployment.prefix)

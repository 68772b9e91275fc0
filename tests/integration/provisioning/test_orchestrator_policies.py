"""Test that Airflow's principals can run the DAGs with only their policies, permissions enforced."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.page.reader import DeploymentReader
from sales_cdc.page.tabs import changes, insights, trust, verdict
from sales_cdc.provisioning import orchestrator_policies
from sales_cdc.provisioning.policies import Document, document

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.provisioning.principals import Principals
from tests.recorded_calls import CallRecorder

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # nine DAGs, with Spark jobs
ACCOUNT = "000000000000"


def provisioning(topology: Topology) -> Document:
    """Return both documents of the principal that runs setup and teardown, as one."""
    parts = (orchestrator_policies.provisioning(topology), orchestrator_policies.provisioning_lake(topology))
    return document(*(statement for part in parts for statement in part["Statement"]))


OWNER: dict[str, Callable[[Topology], Document]] = {
    "sales_cdc_setup.py": provisioning,
    "sales_cdc_generate.py": orchestrator_policies.operating,
    "sales_cdc_batch.py": orchestrator_policies.operating,
    "sales_cdc_reconcile.py": orchestrator_policies.operating,
    "sales_cdc_repair.py": orchestrator_policies.operating,
    "sales_cdc_backfill.py": orchestrator_policies.operating,
    "sales_cdc_redrive.py": orchestrator_policies.operating,
    "sales_cdc_rebuild.py": orchestrator_policies.operating,
    "sales_cdc_teardown.py": provisioning,
}


@pytest.fixture
def principals(cloud: Cloud) -> Iterator[Principals]:
    with pytest.MonkeyPatch.context() as environment, CallRecorder().watching() as recorder:
        environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        yield Principals(cloud, Topology(Settings.from_environment(), ACCOUNT), environment, recorder)


def test_two_principals_run_every_dag_and_neither_can_do_the_others_work(principals: Principals) -> None:
    params: dict[str, list[dict[str, Any]]] = {
        "sales_cdc_generate.py": [{"inserts": 20, "updates": 10, "deletes": 5}],
        "sales_cdc_reconcile.py": [{"source": "export"}],  # the batch scans
        "sales_cdc_rebuild.py": [{}, {"action": "delete_old"}],
        "sales_cdc_teardown.py": [{"confirm": principals.topology.prefix}],
    }
    for file, policy in OWNER.items():
        principals.become(policy)
        for each in params.get(file, [{}]):
            DagRun(file, **each).run()
        if file == "sales_cdc_redrive.py":
            _read_the_page(principals.topology)
            _check_the_border(principals)
    principals.recorder.compare()


def _read_the_page(topology: Topology) -> None:
    reader = DeploymentReader(topology.settings)
    seen = reader.observe().answers
    assert {name: each for name, each in seen.items() if each.refusal} == {}, "the page reads every hop as who operates"
    assert verdict.shown(reader, topology.settings)["state"] != "unknown"
    for section in (changes.live, trust.failures, trust.ledger_runs):
        section(reader)
    insights.insight(reader, insights.insight_names()[0]["name"], refresh=True)


def _check_the_border(principals: Principals) -> None:
    topology = principals.topology
    principals.recorder.principal = None  # what is denied on purpose is no part of the recording
    operator = principals.client(orchestrator_policies.operating, "dynamodb")
    with pytest.raises(ClientError, match="AccessDenied"):
        operator.delete_table(TableName=topology.table.name)
    provisioner = principals.client(provisioning, "dynamodb")
    with pytest.raises(ClientError, match="AccessDenied"):
        provisioner.scan(TableName=topology.table.name)

"""Test setup and teardown of a deployment whose resources a CloudFormation stack made: setup verifies them, teardown leaves them.

The local cloud has no CloudFormation; setup itself makes the resources here, with the stack's tags.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.orchestrator_policies import documents
from sales_cdc.provisioning.policies import Document

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.provisioning.principals import Principals
from tests.recorded_calls import CallRecorder

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def deployment(cloud: Cloud) -> Iterator[Topology]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        environment.setenv("SALES_CDC_MANAGED_BY", "cloudformation")
        with pytest.MonkeyPatch.context() as stack:
            stack.setattr(Settings, "is_of_a_stack", False)
            DagRun("sales_cdc_setup.py").run()
        yield Topology(Settings.from_environment(), "000000000000")
        with pytest.MonkeyPatch.context() as stack:
            stack.setattr(Settings, "is_of_a_stack", False)
            DagRun("sales_cdc_teardown.py", confirm=Settings.from_environment().prefix).run()


def verifying(topology: Topology) -> Document:
    return documents(topology)["provisioning"]


def test_setup_verifies_and_teardown_leaves_every_resource_with_the_small_policy_alone(
    deployment: Topology, cloud: Cloud
) -> None:
    cloud.client("s3").delete_object(Bucket=deployment.bucket.name, Key=deployment.JOB_KEY)
    with pytest.MonkeyPatch.context() as environment, CallRecorder().watching() as recorder:
        Principals(cloud, deployment, environment, recorder).become(verifying)
        setup = DagRun("sales_cdc_setup.py")
        setup.run()
        teardown = DagRun("sales_cdc_teardown.py", confirm=deployment.prefix)
        teardown.run()
        recorder.compare()
    assert {action for task, action in setup.actions().items() if ".provision_" in task} == {"verified"}
    assert setup.actions()["lake.upload_job"] == "created"
    assert set(teardown.actions().values()) == {"left"}


def test_setup_names_what_differs_and_leaves_it(deployment: Topology, cloud: Cloud) -> None:
    function = cloud.client("lambda")
    function.update_function_configuration(FunctionName=deployment.transformer.name, Timeout=7, MemorySize=1024)
    run = DagRun("sales_cdc_setup.py")
    with pytest.raises(
        AirflowFailException, match=r"differs from its definition in MemorySize, Timeout\. Setup changed"
    ):
        run.run()
    configuration = function.get_function_configuration(FunctionName=deployment.transformer.name)
    assert (configuration["Timeout"], configuration["MemorySize"]) == (7, 1024)

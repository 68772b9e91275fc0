"""Test that Airflow's principals can run the DAGs with only their policies, permissions enforced."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.page.reader import DeploymentReader
from sales_cdc.provisioning import orchestrator_policies
from sales_cdc.provisioning.policies import Document

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]  # eight DAGs, with Spark jobs
ACCOUNT = "000000000000"
OWNER: dict[str, Callable[[Topology], Document]] = {
    "sales_cdc_setup.py": orchestrator_policies.provisioning,
    "sales_cdc_generate.py": orchestrator_policies.operating,
    "sales_cdc_batch.py": orchestrator_policies.operating,
    "sales_cdc_reconcile.py": orchestrator_policies.operating,
    "sales_cdc_repair.py": orchestrator_policies.operating,
    "sales_cdc_backfill.py": orchestrator_policies.operating,
    "sales_cdc_redrive.py": orchestrator_policies.operating,
    "sales_cdc_teardown.py": orchestrator_policies.provisioning,
}


class Principals:
    """Hold users of the local cloud, one for each document, and Airflow's connection as one of them."""

    def __init__(self, cloud: Cloud, topology: Topology, environment: pytest.MonkeyPatch) -> None:
        self.cloud, self.topology, self._environment = cloud, topology, environment
        self._keys: dict[str, dict[str, str]] = {}

    def become(self, policy: Callable[[Topology], Document]) -> None:
        keys = self._keys.get(policy.__name__) or self._new_user(policy)
        place = {"region_name": "us-east-1", "endpoint_url": self.cloud.endpoint}
        login = {"login": keys["AccessKeyId"], "password": keys["SecretAccessKey"]}
        self._environment.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws", **login, "extra": place}))

    def _new_user(self, policy: Callable[[Topology], Document]) -> dict[str, str]:
        iam, name = self.cloud.client("iam"), f"{self.topology.prefix}-{policy.__name__}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy(self.topology)))
        self._keys[policy.__name__] = iam.create_access_key(UserName=name)["AccessKey"]
        return self._keys[policy.__name__]

    def client(self, policy: Callable[[Topology], Document], service: str) -> object:
        keys = self._keys[policy.__name__]
        session = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name="us-east-1")
        return session.client(service, endpoint_url=self.cloud.endpoint)


@pytest.fixture
def principals(cloud: Cloud) -> Iterator[Principals]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        yield Principals(cloud, Topology(Settings.from_environment(), ACCOUNT), environment)


def test_two_principals_run_every_dag_and_neither_can_do_the_others_work(principals: Principals) -> None:
    params = {
        "sales_cdc_generate.py": {"inserts": 20, "updates": 10, "deletes": 5},
        "sales_cdc_reconcile.py": {"source": "export"},  # the batch scans
        "sales_cdc_teardown.py": {"confirm": principals.topology.prefix},
    }
    for file, policy in OWNER.items():
        principals.become(policy)
        DagRun(file, **params.get(file, {})).run()
        if file == "sales_cdc_redrive.py":
            _check_the_border(principals)


def _check_the_border(principals: Principals) -> None:
    topology = principals.topology
    seen = DeploymentReader(topology.settings).observe().answers
    assert {name: each for name, each in seen.items() if each.refusal} == {}, "the page reads every hop as who operates"
    operator = principals.client(orchestrator_policies.operating, "dynamodb")
    with pytest.raises(ClientError, match="AccessDenied"):
        operator.delete_table(TableName=topology.table.name)
    provisioner = principals.client(orchestrator_policies.provisioning, "dynamodb")
    with pytest.raises(ClientError, match="AccessDenied"):
        provisioner.scan(TableName=topology.table.name)

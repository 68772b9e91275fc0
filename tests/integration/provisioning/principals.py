"""Let a DAG run with nothing but a principal's policy."""

from __future__ import annotations

import json
from collections.abc import Callable

import boto3
import pytest
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.policies import Document

from tests.conftest import Cloud
from tests.recorded_calls import CallRecorder


class Principals:
    """Hold users of the local cloud, one for each document, and Airflow's connection as one of them."""

    def __init__(
        self, cloud: Cloud, topology: Topology, environment: pytest.MonkeyPatch, recorder: CallRecorder
    ) -> None:
        self.cloud, self.topology, self._environment = cloud, topology, environment
        self.recorder = recorder
        self._keys: dict[str, dict[str, str]] = {}

    def become(self, policy: Callable[[Topology], Document]) -> None:
        self.recorder.principal = None
        keys = self._keys.get(policy.__name__) or self._new_user(policy)
        self.recorder.principal = policy.__name__
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

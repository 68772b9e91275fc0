"""Test that who looks at a deployment makes one session for all of its clients: most of a client's start is its session's."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from sales_cdc.deployment.settings import Settings
from sales_cdc.verdict.clients import SERVICES, DeploymentClients


def test_all_clients_are_of_one_session_each_at_its_own_service(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    get_session = AwsBaseHook.get_session

    def counted(hook: AwsBaseHook, *args: Any, **kwargs: Any) -> Any:
        made.append(get_session(hook, *args, **kwargs))
        return made[-1]

    extra = '{"endpoint_url": "http://127.0.0.1:1", "service_config": {"s3": {"endpoint_url": "http://127.0.0.1:2"}}}'
    monkeypatch.setenv(
        "AIRFLOW_CONN_AWS_DEFAULT", f'{{"conn_type": "aws", "login": "a", "password": "b", "extra": {extra}}}'
    )
    monkeypatch.setattr(AwsBaseHook, "get_session", counted)
    clients = DeploymentClients(Settings(target="aws", region="eu-central-1"))
    found = {service: clients.client(service) for service in SERVICES}
    assert len(made) == 1
    assert {name: client.meta.service_model.service_name for name, client in found.items()} == {
        name: name for name in SERVICES
    }
    assert (found["glue"].meta.endpoint_url, found["s3"].meta.endpoint_url) == (
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
    )
    assert {client.meta.region_name for client in found.values()} == {"eu-central-1"}
    assert found["sqs"] is clients.client("sqs")

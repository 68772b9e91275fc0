"""Shared fixtures. The environment is set before anything imports Airflow or the package, which read it once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import settings

from include.scripts.cheap_clients import make_clients_cheap
from tests import shipped
from tests.ports import free_port

# Examples are drawn anew at a desk, and the same at every run where a run decides whether a change may land.
settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="sales-cdc-tests-"))
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def local_environment(port: int) -> dict[str, str]:
    endpoint = f"http://127.0.0.1:{port}"
    connection = {
        "conn_type": "aws",
        "login": "test",
        "password": "test",
        "extra": {"region_name": "us-east-1", "endpoint_url": endpoint},
    }
    return {
        "SALES_CDC_TARGET": "local",
        "SALES_CDC_CONTRACT": str(shipped.CONTRACT),
        "SALES_CDC_LOCAL_PORT": str(port),
        "SALES_CDC_LOCAL_ENDPOINT": endpoint,
        "SALES_CDC_FIREHOSE_INTERVAL_SECONDS": "1",
        "LOCAL_CLOUD_HOME": str(HOME / "local"),
        "LOCAL_CLOUD_JVM_IDLE_SECONDS": "600",  # a job's run in a JVM that ran before costs half
        "AIRFLOW_HOME": str(HOME / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in (ROOT, ROOT / "plugins", ROOT / "local_cloud" / "src")),
    }


for _name in [name for name in os.environ if name.startswith(("SALES_CDC_", "AIRFLOW", "AWS_PROFILE"))]:
    del os.environ[_name]
os.environ.update(local_environment(free_port()))

make_clients_cheap()  # a test runs hundreds of operators


@pytest.fixture(autouse=True)
def nothing_is_left_in_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """End with a test what it leaves in the process: the endpoint guard, since others talk to clouds of their own, and boto3's default
    session, which keeps the credentials that it finds first."""
    monkeypatch.setattr("sales_cdc.deployment.endpoint_guard._installed", [])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@dataclass(frozen=True)
class Cloud:
    """A running local cloud and unmodified clients for it."""

    endpoint: str
    home: Path

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, **KEYS)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """One local cloud for the session, on a port of its own."""
    command = [sys.executable, "-m", "local_cloud"]
    subprocess.run([*command, "start"], cwd=ROOT, check=True)
    yield Cloud(os.environ["SALES_CDC_LOCAL_ENDPOINT"], Path(os.environ["LOCAL_CLOUD_HOME"]))
    subprocess.run([*command, "stop"], cwd=ROOT, check=True)


@pytest.fixture
def prefix() -> str:
    """A name of its own for each test's resources, so that tests can run side by side."""
    return f"t{uuid.uuid4().hex[:8]}"

"""Shared fixtures: one local cloud for the session, on a free port, with a home of its own."""

from __future__ import annotations

import functools
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
import botocore.session
import pytest
from hypothesis import settings
from tests.ports import free_port

# Examples are drawn again at each run at a desk, and are the same at every run that decides whether a change may land.
settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")

PROJECT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="local-cloud-tests-"))
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


for _name in [name for name in os.environ if name.startswith(("SALES_CDC_", "LOCAL_CLOUD_HOME", "AWS_PROFILE"))]:
    del os.environ[_name]
os.environ.update(
    {
        "SALES_CDC_LOCAL_PORT": str(free_port()),
        "LOCAL_CLOUD_HOME": str(HOME),
        "LOCAL_CLOUD_JVM_IDLE_SECONDS": "600",  # a job's run in a JVM that ran before costs half
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(PROJECT / "src"),
    }
)

# Every session of boto3 in this process reads AWS's models from one loader, which keeps them: an operator's own session parses up to
# ten megabytes of them again, and a test runs hundreds of operators.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


@dataclass(frozen=True)
class Cloud:
    """Make unmodified clients for a running local cloud."""

    endpoint: str
    home: Path

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, **KEYS)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """Start one local cloud for the session, on its own port."""
    command = [sys.executable, "-m", "local_cloud"]
    subprocess.run([*command, "start"], cwd=PROJECT, check=True)
    yield Cloud(f"http://127.0.0.1:{os.environ['SALES_CDC_LOCAL_PORT']}", HOME)
    subprocess.run([*command, "stop"], cwd=PROJECT, check=True)


@pytest.fixture
def prefix() -> str:
    """Return a name prefix for each test's resources, so that tests can run side by side."""
    return f"t{uuid.uuid4().hex[:8]}"

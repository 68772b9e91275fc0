"""The local cloud as a program starts quickly, reports errors, keeps its state and leaves no process behind."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import psutil
import pytest
from botocore.config import Config
from tests.ports import free_port

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


class Command:
    """Run ``python -m local_cloud`` with its own home and port."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port

    def __call__(self, verb: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "local_cloud", verb],
            cwd=ROOT, text=True, capture_output=True, timeout=60, check=False,
            env={**os.environ, "LOCAL_CLOUD_HOME": str(self.home), "SALES_CDC_LOCAL_PORT": str(self.port), **environment},
        )  # fmt: skip

    @property
    def discovery(self) -> dict[str, str]:
        return json.loads((self.home / "cloud.json").read_text())


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    made = Command(tmp_path, free_port())
    yield made
    made("stop")


def test_it_answers_on_loopback_only(command: Command) -> None:
    started = command("start")
    assert started.returncode == 0, started.stderr
    assert command.discovery["endpoint"] == f"http://127.0.0.1:{command.port}"
    gateway = psutil.Process(int(command.discovery["pid"]))
    listening = {
        c.laddr.ip
        for p in (gateway, *gateway.children(recursive=True))
        for c in p.net_connections()
        if c.status == "LISTEN"
    }
    assert listening == {"127.0.0.1"}


def test_a_second_start_says_that_one_runs(command: Command) -> None:
    command("start")
    again = command("start")
    assert again.returncode == 0
    assert "runs already" in again.stdout


def test_a_taken_port_is_refused_with_what_to_do(command: Command) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", command.port))
        stranger.listen()
        refused = command("start")
    assert refused.returncode == 1
    assert f"port {command.port} on 127.0.0.1 is taken" in refused.stderr
    assert "SALES_CDC_LOCAL_PORT=" in refused.stderr
    assert not (command.home / "cloud.json").exists()


@pytest.mark.parametrize("port", ["", "0", "70000", "x", "-1"])
def test_a_wrong_port_is_named(command: Command, port: str) -> None:
    refused = command("start", SALES_CDC_LOCAL_PORT=port)
    assert refused.returncode == 1
    assert "SALES_CDC_LOCAL_PORT" in refused.stderr


def test_stop_ends_every_process_and_keeps_the_state(command: Command) -> None:
    command("start")
    client = boto3.client("s3", endpoint_url=command.discovery["endpoint"], **KEYS)
    client.create_bucket(Bucket="kept")
    client.put_object(Bucket="kept", Key="a", Body=b"1")
    gateway = psutil.Process(int(command.discovery["pid"]))
    family = [gateway, *gateway.children(recursive=True)]
    assert command("stop").returncode == 0
    assert not [process for process in family if alive(process)]
    assert not (command.home / "cloud.json").exists()
    command("start")
    assert client.get_object(Bucket="kept", Key="a")["Body"].read() == b"1"


def test_a_start_waits_for_a_cloud_that_still_saves_its_state(command: Command) -> None:
    (command.home / "cloud").mkdir()
    with (command.home / "cloud" / "in-use").open("w") as stopping, ThreadPoolExecutor() as beside:
        fcntl.flock(stopping, fcntl.LOCK_EX)
        started = beside.submit(command, "start")
        with pytest.raises(TimeoutError):
            started.result(timeout=2)
        fcntl.flock(stopping, fcntl.LOCK_UN)
        assert started.result().returncode == 0


def test_stopping_succeeds_when_no_cloud_runs(command: Command) -> None:
    stopped = command("stop")
    assert stopped.returncode == 0
    assert "No local cloud" in stopped.stdout


def test_the_services_process_is_started_again_when_it_is_killed(command: Command) -> None:
    command("start")
    gateway = psutil.Process(int(command.discovery["pid"]))
    (services,) = gateway.children()
    os.kill(services.pid, signal.SIGKILL)
    patient = Config(retries={"max_attempts": 20, "mode": "standard"})  # a busy machine starts processes slowly
    athena = boto3.client("athena", endpoint_url=command.discovery["endpoint"], config=patient, **KEYS)
    deadline = time.monotonic() + 60
    while not any(child.pid != services.pid for child in gateway.children()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert athena.list_work_groups()["WorkGroups"]


def test_two_clouds_run_side_by_side(command: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Command(tmp_path_factory.mktemp("other"), free_port())
    try:
        assert command("start").returncode == 0
        assert other("start").returncode == 0
        for one in (command, other):
            boto3.client("s3", endpoint_url=one.discovery["endpoint"], **KEYS).create_bucket(Bucket=f"only-{one.port}")
        names = [
            b["Name"]
            for b in boto3.client("s3", endpoint_url=other.discovery["endpoint"], **KEYS).list_buckets()["Buckets"]
        ]
        assert names == [f"only-{other.port}"]
    finally:
        other("stop")

"""The services process ends in order when the gateway sends ``STOP``, and at once when the gateway is gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local_cloud.channel import STOP, frame

# A services process with one service that starts a program and takes a minute to stop.
PROCESS = """
import subprocess, sys, time
from local_cloud import services

class Slow:
    name = "slow"
    def handle(self, request): ...
    def start(self): self.program = subprocess.Popen(["sleep", "60"])
    def stop(self):
        print("stopping", flush=True)
        time.sleep(0 if "quick" in sys.argv else 60)
        self.program.kill()
        print("stopped", flush=True)

class Silent:
    start = stop = lambda self: None

services.make_services = lambda context: ({"slow": Slow()}, Silent())
services.main()
"""


@pytest.fixture
def channel(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[socket.socket, subprocess.Popen[str]]:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(theirs.fileno()), *request.param],
        pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "LOCAL_CLOUD_HOME": str(tmp_path)},
    )  # fmt: skip
    theirs.close()
    assert b"ready" in ours.recv(100)
    return ours, process


@pytest.mark.parametrize("channel", [["slow"]], indirect=True)
def test_without_a_gateway_it_ends_at_once_and_leaves_no_program(
    channel: tuple[socket.socket, subprocess.Popen[str]],
) -> None:
    """Its workers used to wait for their next attempts, and kept the files that the next start needs."""
    ours, process = channel
    programs = psutil.Process(process.pid).children()
    assert programs
    ours.close()
    output, _ = process.communicate(timeout=20)
    assert output == ""
    psutil.wait_procs(programs, timeout=5)
    assert not any(program.is_running() and program.status() != psutil.STATUS_ZOMBIE for program in programs)


@pytest.mark.parametrize("channel", [["quick"]], indirect=True)
def test_it_stops_its_services_when_the_gateway_sends_stop(
    channel: tuple[socket.socket, subprocess.Popen[str]],
) -> None:
    ours, process = channel
    ours.sendall(frame({STOP: True}, b""))
    output, _ = process.communicate(timeout=20)
    assert output.split() == ["stopping", "stopped"]

"""Start, find and stop the local cloud whose home is ``LOCAL_CLOUD_HOME``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from local_cloud.config import CloudConfig
from local_cloud.gateway.process import is_open

START_SECONDS = 30
STOP_SECONDS = 120  # a large state takes long to save


class CloudError(Exception):
    """The cloud could not be started or stopped; the message says what to do."""


def start(config: CloudConfig) -> str:
    """Start the cloud in the background and return once every service answers.

    Raises:
        CloudError: the port is taken by another program, or the cloud ended or did not answer in time.
    """
    running = running_cloud(config)
    if running is not None:
        if running["endpoint"] != config.endpoint:
            raise CloudError(
                f"the cloud with home {config.home} runs already, at {running['endpoint']} (process {running['pid']}), not "
                f"at {config.endpoint}. Stop it ('python -m local_cloud stop' or 'make down'), or use its port."
            )
        return f"The local cloud runs already at {running['endpoint']} (process {running['pid']})."
    if is_open(config.port):
        raise CloudError(
            f"port {config.port} on 127.0.0.1 is taken by another program. Stop that program, or choose a free port: set "
            f"SALES_CDC_LOCAL_PORT={config.port + 1} and start again."
        )
    config.log_file.parent.mkdir(parents=True, exist_ok=True)
    with config.log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_cloud", "run"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        return _answering(config, process)
    except BaseException:  # an interruption too: nobody would know of this process
        process.terminate()
        raise


def _answering(config: CloudConfig, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CloudError(
                f"it ended at once with code {process.returncode}. Its log: {config.log_file}\n{tail(config.log_file)}"
            )
        if running_cloud(config) is not None:
            return f"The local cloud answers at {config.endpoint} (process {process.pid}). Its log: {config.log_file}"
        time.sleep(0.05)
    raise CloudError(f"it did not answer within {START_SECONDS} s. Its log: {config.log_file}\n{tail(config.log_file)}")


def stop(config: CloudConfig) -> str:
    """Stop the cloud, which saves its state first; do nothing when none runs.

    Raises:
        CloudError: it did not end in time.
    """
    running = running_cloud(config)
    if running is None:
        config.discovery_file.unlink(missing_ok=True)
        return f"No local cloud is running (looked at {config.discovery_file})."
    pid = int(running["pid"])
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not _is_cloud(pid):
            return f"The local cloud at {running['endpoint']} stopped; its state is kept in {config.state_dir}."
        time.sleep(0.05)
    raise CloudError(f"process {pid} did not end within {STOP_SECONDS} s. Its log: {config.log_file}")


def status(config: CloudConfig) -> str:
    """Return where the cloud runs.

    Raises:
        CloudError: none runs.
    """
    running = running_cloud(config)
    if running is None:
        raise CloudError(
            f"no cloud is running (looked at {config.discovery_file}). Start it: 'python -m local_cloud start' or 'make cloud'."
        )
    return f"The local cloud runs at {running['endpoint']} (process {running['pid']})."


def running_cloud(config: CloudConfig) -> dict[str, str] | None:
    """Return the content of ``cloud.json`` when its process is alive and is a local cloud; else None."""
    try:
        found: dict[str, str] = json.loads(config.discovery_file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return found if _is_cloud(int(found["pid"])) else None


def _is_cloud(pid: int) -> bool:
    """Tell whether the process is a local cloud: after a crash its id may belong to another program."""
    try:
        process = psutil.Process(pid)
        return "local_cloud" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def tail(path: Path, lines: int = 5) -> str:
    """Return the last lines of a log, for an error message."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])

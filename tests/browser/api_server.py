"""Run Airflow's own api-server in a process of its own, with one user."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

START_SECONDS = 180


@contextmanager
def api_server(folder: Path, user: str, role: str, password: str, **environment: str) -> Iterator[str]:
    """Start a server and return its address; its log and its password are in the folder.

    ``environment`` is added to this process's, whose Airflow it is otherwise.

    Raises:
        RuntimeError: it did not start; the message has the end of its log.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    passwords, log = folder / "login.json", folder / "api-server.log"
    passwords.write_text(json.dumps({user: password}))
    of_its_own = {
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{user}:{role}",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with log.open("ab") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "airflow", "api-server", *where],
            env={**os.environ, **environment, **of_its_own}, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_it_answers(f"{address}/api/v2/version", server, log)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"Airflow did not start:\n{log.read_text()[-2000:]}")

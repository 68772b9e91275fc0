"""Run Airflow's processes as ``make ui`` does, beside a local cloud that runs, and ask its REST API."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UI = Path(__file__).resolve().parents[1] / "include" / "scripts" / "ui.py"
READY_SECONDS = 600
STOP_SECONDS = 90


class AirflowApi:
    """The REST API of one Airflow, as its administrator.

    Source: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html
    """

    def __init__(self, url: str, home: Path) -> None:
        self._url, self._home = url, home
        self._token = ""

    def is_healthy(self) -> bool:
        """Return whether scheduler, processor and database report themselves healthy."""
        try:
            parts = self._send("GET", "/api/v2/monitor/health")
        except OSError:
            return False
        return all(
            parts[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "dag_processor", "triggerer")
        )

    def unpause(self, dag_id: str) -> None:
        self._asked("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the newest hundred runs, oldest first."""
        found = self._asked("GET", f"/api/v2/dags/{dag_id}/dagRuns?limit=100&order_by=-id")["dag_runs"]
        return list(reversed(found))

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        answer = self._asked(
            "GET", f"/api/v2/dags/{dag_id}/dagRuns/{urllib.request.quote(run_id, safe='')}/taskInstances?limit=100"
        )
        found: list[dict[str, Any]] = answer["task_instances"]
        return found

    def failures(self, dag_id: str, run_id: str) -> str:
        """Say which tasks of a run failed and with what: the logs are gone once the benchmark has ended."""
        failed = [each for each in self.tasks(dag_id, run_id) if each["state"] == "failed"]
        logs = self._home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}"
        return "\n".join(
            f"  {task}: {last_error(logs / f'task_id={task}' / f'attempt={tries}.log')}"
            for task, tries in ((each["task_id"], each["try_number"]) for each in failed)
        )

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        if not self._token:
            login = {"username": "admin", "password": json.loads((self._home / "login.json").read_text())["admin"]}
            self._token = self._send("POST", "/auth/token", login)["access_token"]
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {self._token}"} if self._token else {}),
        }
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self._url}{path}", data, headers, method=method)  # noqa: S310 (our own server)
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
            return json.load(answer)


def last_error(log: Path) -> str:
    """Return the exception that ended a task, as its log in lines of JSON has it last."""
    found = "its log names no exception"
    for line in log.read_text().splitlines() if log.exists() else []:
        try:
            details = json.loads(line).get("error_detail") or []
        except (ValueError, AttributeError):
            continue
        if details:  # its causes follow the exception itself
            found = f"{details[0]['exc_type']}: {details[0]['exc_value']}"
    return found


@contextmanager
def live_airflow() -> Iterator[AirflowApi]:
    """Start the processes on a free port, wait until they are healthy, and end them all.

    Raises:
        RuntimeError: they did not come up; the message has their last words.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "SALES_CDC_UI_PORT": str(port)}
    said = subprocess.PIPE
    running = subprocess.Popen(
        [sys.executable, str(UI)], env=environment, stdout=said, stderr=subprocess.STDOUT, text=True
    )
    api = AirflowApi(f"http://127.0.0.1:{port}", Path(os.environ["AIRFLOW_HOME"]))
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not api.is_healthy():
            if running.poll() is not None or time.monotonic() > deadline:
                running.terminate()
                raise RuntimeError(f"Airflow did not come up: {running.communicate(timeout=STOP_SECONDS)[0][-2000:]}")
            time.sleep(1)
        yield api
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGTERM)
            running.wait(STOP_SECONDS)

"""Run docker-compose.yaml's services as processes: their commands, environment and health checks.

The module replaces what a container supplies: names of services become loopback addresses, folders of the image become folders of
the checkout and temporary ones, and Postgres comes from Debian's packages.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 600
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")


def postgres_programs() -> Path | None:
    """Return the folder of Postgres's server programs on Debian; None when it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@dataclass
class ComposeServices:
    """Start services; ``stop`` ends them all."""

    folder: Path
    secrets: Mapping[str, str]
    ports: Mapping[str, int]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def services(self) -> dict[str, Any]:
        document = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
        return dict(document["services"])

    def environment(self, service: str) -> dict[str, str]:
        """Return the environment of the service's container, with this machine's PATH."""
        image = {"PYTHONPATH": os.environ["PYTHONPATH"], "AIRFLOW_HOME": f"{self.folder}/airflow"}
        own = {name: self.here(text) for name, text in self.services[service]["environment"].items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {
            "PATH": path,
            "HOME": str(self.folder),
            "LOCAL_CLOUD_HOME": f"{self.folder}/local-cloud",
            **image,
            **own,
            "LOCAL_CLOUD_JARS": str(Path.home() / ".cache/sales-cdc/jars"),  # fetched once for all of this machine
        }

    def here(self, text: str) -> str:
        """Replace variables and paths in a text of the file."""
        text = VARIABLE.sub(lambda found: self.secrets.get(found[1]) or found[2] or "", text)
        for service, port in (("postgres", 5432), ("local-cloud", 4566), ("api-server", 8080)):
            text = text.replace(f"{service}:{port}", f"localhost:{self.ports[service]}")
        text = text.replace("0.0.0.0", "127.0.0.1").replace("127.0.0.1:8080", f"127.0.0.1:{self.ports['api-server']}")
        text = {"8080": str(self.ports["api-server"]), "4566": str(self.ports["local-cloud"])}.get(text, text)
        return text.replace("/opt/sales-cdc", str(ROOT)).replace("/opt/", f"{self.folder}/")

    def run(self, service: str) -> None:
        """Run a service that ends, and expect it to succeed."""
        self._start(service, self.services[service]["command"]).wait()
        assert self.processes.pop(service).returncode == 0, self.log(service)

    def start(self, service: str) -> None:
        self._start(service, self.services[service]["command"])

    def start_postgres(self, programs: Path) -> None:
        """Start Postgres; as root, start it as Debian's user for it, because it refuses to run as root."""
        home, password = self.folder / "postgres", self.folder / "password"
        home.mkdir()
        password.write_text(self.secrets["POSTGRES_PASSWORD"])
        as_user: list[str] = []
        if os.geteuid() == 0:
            as_user = ["runuser", "-u", "postgres", "--"]
            self.folder.chmod(0o755)
            for mine in (home, password):
                shutil.chown(mine, "postgres")
        initdb = [
            f"{programs}/initdb",
            "-D",
            f"{home}/data",
            "-U",
            "airflow",
            "-A",
            "scram-sha-256",
            f"--pwfile={password}",
        ]
        subprocess.run([*as_user, *initdb], check=True, capture_output=True, cwd="/")
        listen = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self.ports['postgres']}", "-k", str(home), "-F"]
        self._start("postgres", [*as_user, f"{programs}/postgres", "-D", f"{home}/data", *listen])
        create = [
            *as_user,
            f"{programs}/createdb",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.ports["postgres"]),
            "-U",
            "airflow",
            "airflow",
        ]
        environment = {**os.environ, "PGPASSWORD": self.secrets["POSTGRES_PASSWORD"]}
        self.until(
            lambda: subprocess.run(create, env=environment, capture_output=True, check=False, cwd="/").returncode == 0,
            "postgres",
        )

    def _start(self, service: str, command: list[str]) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ["PATH"]} if service == "postgres" else self.environment(service)
        with (self.folder / f"{service}.log").open("wb") as log:
            self.processes[service] = subprocess.Popen(
                command, cwd="/" if service == "postgres" else ROOT, env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return self.processes[service]

    def health_check(self, service: str) -> subprocess.Popen[bytes]:
        """Start the service's own health check."""
        test = [self.here(part) for part in self.services[service]["healthcheck"]["test"][1:]]
        return subprocess.Popen(
            test, cwd=ROOT, env=self.environment(service), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def until(self, happened: Callable[[], bool], service: str) -> None:
        """Wait for a condition; show the service's log when it does not come true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            ended = self.processes[service].poll() is not None
            assert not ended, f"{service} ended:\n{self.log(service)}"
            assert time.monotonic() < deadline, f"{service}:\n{self.log(service)}"
            time.sleep(0.5)

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text(errors="replace")[-5000:]

    def stop(self) -> None:
        """Send SIGTERM to each service's process group, the last started first; kill what stays."""
        for process in reversed(self.processes.values()):
            for number, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 5)):
                try:
                    os.killpg(process.pid, number)
                    process.wait(seconds)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue


@dataclass
class AirflowApi:
    """Call Airflow's REST API as a user with a password."""

    url: str
    token: str = ""

    def log_in(self, user: str, password: str) -> None:
        self.token = self.call("POST", "/auth/token", {"username": user, "password": password})["access_token"]

    def healthy(self) -> bool:
        try:
            parts = self.call("GET", "/api/v2/monitor/health")
        except OSError:
            return False
        return all(part["status"] == "healthy" for part in parts.values())

    def run(self, dag_id: str, conf: Mapping[str, Any], until: Callable[[Callable[[], bool], str], None]) -> str:
        """Unpause and trigger a DAG without a schedule; return its run's final state."""
        self._unpause(dag_id)
        self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return self._only_run(dag_id, until)

    def scheduled_run(self, dag_id: str, until: Callable[[Callable[[], bool], str], None]) -> str:
        """Unpause a DAG, whose schedule then starts the run that is due; return the run's final state."""
        self._unpause(dag_id)
        return self._only_run(dag_id, until)

    def _unpause(self, dag_id: str) -> None:
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def _only_run(self, dag_id: str, until: Callable[[Callable[[], bool], str], None]) -> str:
        states: list[str] = []

        def ended() -> bool:
            states[:] = [run["state"] for run in self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]]
            return bool(states) and set(states) <= {"success", "failed"}

        until(ended, "scheduler")
        (state,) = states
        return state

    def call(self, method: str, path: str, document: Any = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

"""Test docker-compose.yaml without containers: Postgres, Airflow in four processes, the local cloud."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import boto3
import pytest

from include.scripts.compose_env import SECRETS
from include.scripts.compose_env import main as write_secrets
from tests.conftest import KEYS
from tests.e2e.compose_services import AirflowApi, ComposeServices, postgres_programs
from tests.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")


def needs(package: str) -> NoReturn:
    """Skip when a system package is missing, but not in CI, where all have to be installed."""
    assert not os.environ.get("CI"), f"{package} is missing: .ci/run installs it."
    pytest.skip(f"needs Debian's package {package}")


@pytest.fixture(scope="module")
def services() -> Iterator[ComposeServices]:
    programs = postgres_programs()
    if programs is None:
        needs("postgresql")
    drawn = {name: draw() for name, draw in SECRETS.items()}
    ports = {service: free_port() for service in ("postgres", "local-cloud", "api-server")}
    folder = Path(tempfile.mkdtemp(prefix="sales-cdc-compose-"))  # pytest's own are closed to Postgres's user
    made = ComposeServices(folder, drawn, ports)
    try:
        made.start_postgres(programs)
        made.start("local-cloud")
        made.until(lambda: made.health_check("local-cloud").wait() == 0, "local-cloud")
        made.run("init")
        for service in AIRFLOW:
            made.start(service)
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def airflow(services: ComposeServices) -> AirflowApi:
    api = AirflowApi(f"http://127.0.0.1:{services.ports['api-server']}")
    services.until(api.healthy, "api-server")
    services.until(lambda: services.health_check("api-server").wait() == 0, "api-server")
    api.log_in("admin", services.secrets["AIRFLOW_ADMIN_PASSWORD"])
    services.until(lambda: api.call("GET", "/api/v2/dags?tags=sales-cdc")["total_entries"] >= 4, "dag-processor")
    return api


def test_another_password_is_refused(services: ComposeServices, airflow: AirflowApi) -> None:
    stranger = AirflowApi(airflow.url)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        stranger.log_in("admin", secrets.token_urlsafe(12))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        stranger.call("GET", "/api/v2/dags")


def test_orders_reach_athena_through_dags_that_are_triggered_or_scheduled(
    services: ComposeServices, airflow: AirflowApi
) -> None:
    endpoint = f"http://127.0.0.1:{services.ports['local-cloud']}"
    glue = boto3.client("glue", endpoint_url=endpoint, **KEYS)

    def succeeds(dag_id: str, **conf: Any) -> None:
        assert airflow.run(dag_id, conf, services.until) == "success", services.log("scheduler")

    succeeds("sales_cdc_setup")
    succeeds("sales_cdc_generate", inserts=30, updates=10, deletes=5)
    assert airflow.scheduled_run("sales_cdc_batch", services.until) == "success", services.log("scheduler")
    assert glue.get_table(DatabaseName="sales_cdc", Name="raw_orders")["Table"]["PartitionKeys"]
    succeeds("sales_cdc_teardown", confirm="sales-cdc")
    assert glue.get_databases()["DatabaseList"] == []


def test_the_health_checks_of_airflows_services_find_them_healthy(
    services: ComposeServices, airflow: AirflowApi
) -> None:
    under_way = {service: services.health_check(service) for service in AIRFLOW}
    assert {service: check.wait() for service, check in under_way.items()} == dict.fromkeys(AIRFLOW, 0)


def test_only_loopback_is_published(services: ComposeServices) -> None:
    published = [port for service in services.services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_image_copies_only_existing_files() -> None:
    lines = Path("Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY ")]
    assert copied
    assert all(Path(source).exists() for source in copied)


def test_docker_compose_accepts_the_file_with_its_secrets_and_not_without(tmp_path: Path) -> None:
    if shutil.which("docker-compose") is None:
        needs("docker-compose")
    command = ["docker-compose", "--env-file", str(tmp_path / "env"), "config", "--quiet"]
    (tmp_path / "env").touch()
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "run 'make env' first" in refused.stderr
    write_secrets([str(tmp_path / "env")])
    subprocess.run(command, check=True)

"""Set up a pipeline by its own DAG, for whole runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.scripts.airflow_session import AirflowSession

ORDERS = "sales-cdc-orders"
DATABASE = "sales_cdc"
WORKGROUP = "sales-cdc"


@dataclass(frozen=True)
class DagRun:
    """Hold how an Airflow command ended and what it printed."""

    code: int
    log: str

    @property
    def succeeded(self) -> bool:
        return self.code == 0


@dataclass(frozen=True)
class Pipeline:
    """Hold the pipeline in the session's local cloud."""

    client: Callable[[str], Any]
    endpoint: str
    airflow: AirflowSession
    log: Path

    def run(self, dag_id: str, **conf: Any) -> DagRun:
        """Run a DAG with the command that a user gives at the terminal."""
        options = ["-c", json.dumps(conf)] if conf else []
        return self.command("dags", "test", dag_id, *options)

    def command(self, *arguments: str) -> DagRun:
        code = self.airflow.run(list(arguments), self.log)
        return DagRun(code, self.log.read_text(errors="replace"))

    def must_run(self, dag_id: str, **conf: Any) -> DagRun:
        done = self.run(dag_id, **conf)
        assert done.succeeded, f"{dag_id} failed:\n{done.log[-6000:]}"
        return done

    @property
    def bucket(self) -> str:
        return f"sales-cdc-{self.client('sts').get_caller_identity()['Account']}-us-east-1"

    def orders(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return every item of the orders table, in DynamoDB's typed form, by key."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=ORDERS, ConsistentRead=True)
        return {item["orderid"]["S"]: item for page in pages for item in page["Items"]}


@pytest.fixture(scope="session")
def pipeline(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with AirflowSession() as airflow:
        made = Pipeline(cloud.client, cloud.endpoint, airflow, tmp_path_factory.mktemp("airflow") / "command.log")
        migrated = made.command("db", "migrate")
        assert migrated.succeeded, migrated.log
        made.must_run("sales_cdc_setup")
        yield made

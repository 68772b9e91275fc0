"""A pipeline that was set up by its own DAG, for whole runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ORDERS = "sales-cdc-orders"
DATABASE = "sales_cdc"
WORKGROUP = "sales-cdc"


@dataclass(frozen=True)
class DagRun:
    """How an ``airflow dags test`` ended and what it printed."""

    code: int
    log: str

    @property
    def succeeded(self) -> bool:
        return self.code == 0


@dataclass(frozen=True)
class Pipeline:
    """The pipeline at the session's local cloud."""

    client: Callable[[str], Any]
    endpoint: str

    def run(self, dag_id: str, **conf: Any) -> DagRun:
        """Run a DAG as a user does at the terminal."""
        options = ["-c", json.dumps(conf)] if conf else []
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "dags", "test", dag_id, *options],
            cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=280,
        )  # fmt: skip
        return DagRun(done.returncode, done.stdout)

    def must_run(self, dag_id: str, **conf: Any) -> DagRun:
        done = self.run(dag_id, **conf)
        assert done.succeeded, f"{dag_id} failed:\n{done.log[-6000:]}"
        return done

    @property
    def bucket(self) -> str:
        return f"sales-cdc-{self.client('sts').get_caller_identity()['Account']}-us-east-1"

    def orders(self) -> dict[str, dict[str, dict[str, str]]]:
        """Every item of the source table, as DynamoDB types it, by key."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=ORDERS, ConsistentRead=True)
        return {item["orderid"]["S"]: item for page in pages for item in page["Items"]}


@pytest.fixture(scope="session")
def pipeline(cloud: Any) -> Pipeline:
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    made = Pipeline(cloud.client, cloud.endpoint)
    made.must_run("sales_cdc_setup")
    return made

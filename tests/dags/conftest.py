"""Load the DAG that a test module is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

DAGS = Path(__file__).resolve().parents[2] / "dags"


@pytest.fixture(scope="module")
def dag(request: pytest.FixtureRequest) -> DAG:
    """Return the DAG of the test module: ``sales_cdc_batch`` for ``test_batch_dag.py``."""
    return load(f"sales_cdc_{request.path.stem.removeprefix('test_').removesuffix('_dag')}")


def load(name: str) -> DAG:
    bag = DagBag(DAGS / f"{name}.py")
    assert not bag.import_errors
    return bag.dags[name]

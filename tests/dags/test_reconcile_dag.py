"""The reconcile DAG's shape."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def dag() -> DAG:
    bag = DagBag(ROOT / "dags" / "sales_cdc_reconcile.py")
    assert not bag.import_errors
    return bag.dags["sales_cdc_reconcile"]


def test_it_runs_when_asked_once_at_a_time(dag: DAG) -> None:
    assert dag.get_task("find_account").downstream_task_ids == {"reconcile_orders"}
    assert dag.schedule is None
    assert dag.max_active_runs == 1
    assert dag.doc_md


def test_its_statements_are_found_by_its_own_templates(dag: DAG) -> None:
    environment = dag.get_task("reconcile_orders").get_template_env()
    params = {"database": "lake", "columns": ["colour", "price"], "order_ids": ["it's", "b"]}
    assert "'it''s'" in environment.get_template("reconcile/versions.sql").render(params=params)
    for name in ("fingerprints", "objects_taken"):
        assert "lake." in environment.get_template(f"reconcile/{name}.sql").render(params=params)

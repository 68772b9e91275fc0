"""The redrive DAG's shape and its form."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

FILE = Path(__file__).resolve().parents[2] / "dags" / "sales_cdc_redrive.py"
ORDER = ["find_account", "redrive_errors", "redrive_dead_letters", "report_redrive"]


@pytest.fixture(scope="module")
def dag() -> DAG:
    bag = DagBag(FILE)
    assert not bag.import_errors
    return bag.dags["sales_cdc_redrive"]


def test_errors_come_before_the_queue_whose_failures_they_would_count_twice(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()] == ORDER
    for task_id, following in pairwise(ORDER):
        assert dag.get_task(task_id).downstream_task_ids == {following}


def test_it_runs_only_when_triggered_one_run_at_a_time(dag: DAG) -> None:
    assert dag.schedule is None
    assert dag.max_active_runs == 1
    assert dag.doc_md
    assert len(FILE.read_text().splitlines()) <= 120


def test_every_task_retries_and_has_a_time_limit(dag: DAG) -> None:
    for task in dag.tasks:
        assert task.retries >= 1
        assert task.retry_exponential_backoff
        assert task.execution_timeout


def test_by_default_everything_is_tried_and_airflow_can_store_the_dag(dag: DAG) -> None:
    assert dag.params.dump() == {"dry_run": False, "reason": ""}
    assert DagSerialization.to_dict(dag)

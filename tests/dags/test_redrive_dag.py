"""The redrive DAG's shape and its form."""

from __future__ import annotations

from itertools import pairwise

from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

ORDER = ["find_account", "redrive_errors", "redrive_dead_letters", "report_redrive"]


def test_errors_come_before_the_queue_whose_failures_they_would_count_twice(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()] == ORDER
    for task_id, following in pairwise(ORDER):
        assert dag.get_task(task_id).downstream_task_ids == {following}


def test_by_default_everything_is_tried_and_airflow_can_store_the_dag(dag: DAG) -> None:
    assert dag.params.dump() == {"dry_run": False, "reason": ""}
    assert DagSerialization.to_dict(dag)

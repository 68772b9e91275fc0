"""Test the redrive DAG's order and form."""

from __future__ import annotations

from itertools import pairwise

from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

ORDER = ["find_account", "redrive_errors", "redrive_dead_letters", "report_redrive"]


def test_errors_are_redriven_before_the_queue_so_that_no_failure_is_counted_again(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()] == ORDER
    for task_id, following in pairwise(ORDER):
        assert dag.get_task(task_id).downstream_task_ids == {following}


def test_by_default_everything_is_tried_and_airflow_can_serialize_the_dag(dag: DAG) -> None:
    assert dag.params.dump() == {"dry_run": False, "reason": ""}
    assert DagSerialization.to_dict(dag)

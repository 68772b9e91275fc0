"""Test the drill DAG's order: faults are lifted after failures too, and the verdict comes last."""

from __future__ import annotations

from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization


def test_the_order_is_write_then_settle_then_redrive_then_curate_then_judge(dag: DAG) -> None:
    order = [task.task_id for task in dag.topological_sort()]
    milestones = ["plan_drill", "inject_faults", "write_inserts", "write_updates", "write_deletes", "put_extras",
                  "expect_settled", "redrive_errors", "report_redrive", "curate", "judge_drill"]  # fmt: skip
    assert [task for task in order if task in milestones] == milestones
    assert dag.get_task("judge_drill").downstream_task_ids == {"put_poison_away"}


def test_the_faults_are_lifted_even_after_a_failed_write_and_before_the_redrive(dag: DAG) -> None:
    lift = dag.get_task("lift_faults")
    assert lift.is_teardown
    assert dag.get_task("inject_faults").is_setup
    assert "expect_settled" in lift.downstream_task_ids


def test_it_starts_with_its_defaults_and_airflow_can_serialize_it(dag: DAG) -> None:
    assert dag.params.dump()["changes"] == 20_000
    assert DagSerialization.to_dict(dag)

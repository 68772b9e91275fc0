"""Test the teardown DAG: confirmed first, from the pipe on, and one failure stops no other removal."""

from __future__ import annotations

import pytest
from airflow.sdk import DAG, TriggerRule

from tests.dags.conftest import load


@pytest.fixture
def removals(dag: DAG) -> list[str]:
    return [task_id for task_id in dag.task_ids if task_id.startswith("remove_")]


def test_confirmation_comes_before_everything(dag: DAG) -> None:
    assert dag.get_task("confirm_removal").upstream_task_ids == set()
    assert dag.get_task("find_account").upstream_task_ids == {"confirm_removal"}
    assert dag.params["confirm"] == ""


def test_a_removal_runs_after_a_failed_one_too_but_never_unconfirmed(dag: DAG, removals: list[str]) -> None:
    for task_id in [*removals, "summarise_teardown"]:
        task = dag.get_task(task_id)
        assert "find_account" in task.upstream_task_ids
        assert len(task.upstream_task_ids) <= 2
        assert task.trigger_rule == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS


def test_it_removes_as_many_resources_as_setup_provisions(removals: list[str]) -> None:
    provisioned = [task_id for task_id in load("sales_cdc_setup").task_ids if ".provision_" in task_id]
    assert {task_id.removeprefix("remove_") for task_id in removals} == {
        task_id.partition(".provision_")[2] for task_id in provisioned
    }


def test_the_pipe_goes_first_and_roles_last(dag: DAG, removals: list[str]) -> None:
    order = [task.task_id for task in dag.topological_sort() if task.task_id in removals]
    assert order[0] == "remove_pipe"
    assert order[-5:] == [task_id for task_id in order if task_id.endswith("_role")]


def test_the_summary_covers_every_removal(dag: DAG, removals: list[str]) -> None:
    assert dag.get_task("summarise_teardown").of_tasks == removals

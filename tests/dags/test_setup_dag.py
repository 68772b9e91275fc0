"""Test the setup DAG's order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from tests.dags.conftest import load


def upstream(dag: DAG, task_id: str) -> set[str]:
    return dag.get_task(task_id).get_flat_relative_ids(upstream=True)


def test_each_hop_exists_before_the_one_that_feeds_it(dag: DAG) -> None:
    backwards = [
        "lake.provision_bucket",
        "delivery.provision_delivery_stream",
        "capture.provision_pipe",
        "proof.put_probe_order",
        "proof.expect_probe_in_raw",
        "summarise_setup",
    ]
    for earlier, later in pairwise(backwards):
        assert earlier in upstream(dag, later)
    assert "delivery.provision_stream" in upstream(dag, "delivery.provision_delivery_stream")
    assert "delivery.hold_flow" in upstream(dag, "delivery.provision_delivery_stream")
    assert "capture.expect_stream_drained" in upstream(dag, "capture.provision_table")


def test_the_account_is_known_before_anything_is_touched(dag: DAG) -> None:
    for task in dag.tasks:
        assert task.task_id == "find_account" or "find_account" in upstream(dag, task.task_id)


def test_the_first_task_may_only_plan_and_a_run_does_more_unless_it_is_told(dag: DAG) -> None:
    first = dag.get_task("find_account")
    assert (first.plan_only, first.operating) == ("{{ params.plan_only }}", "{{ params.operating }}")
    assert (dag.params["plan_only"], dag.params["operating"]) == (False, "")
    assert dag.params.get_param("operating").resolve("arn:aws-cn:iam::123456789012:role/team/daily")
    with pytest.raises(ParamValidationError):
        dag.params.get_param("operating").resolve("daily")


def test_the_probe_order_is_deleted_even_when_it_does_not_arrive(dag: DAG) -> None:
    assert dag.get_task("proof.put_probe_order").is_setup
    assert dag.get_task("proof.delete_probe_order").is_teardown


def test_what_may_not_fit_is_found_before_anything_is_made(dag: DAG) -> None:
    for task_id in ("roles.provision_pipe_role", "lake.provision_bucket", "lake.upload_contract"):
        assert "expect_contract_fits" in upstream(dag, task_id)


def test_an_adopted_table_is_looked_at_first_and_never_provisioned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_CDC_TABLE", "shop")
    dag = load("sales_cdc_setup")
    assert "expect_table_fits" in upstream(dag, "roles.provision_pipe_role")
    assert "capture.adopt_table" in upstream(dag, "capture.provision_pipe")
    assert "capture.adopt_table" in dag.get_task("summarise_setup").of_tasks
    assert not [each for each in dag.task_ids if each.endswith(("provision_table", "expect_stream_drained"))]
    assert dag.get_task("proof.put_probe_order").wanted == "{{ params.probe_adopted_table }}"
    teardown = load("sales_cdc_teardown")
    order = [task.task_id for task in teardown.topological_sort()]
    assert order.index("remove_pipe") < order.index("release_table") < order.index("remove_bucket")
    assert "remove_table" not in order
    assert "release_table" in teardown.get_task("summarise_teardown").of_tasks


def test_every_resource_is_in_the_summary(dag: DAG) -> None:
    summarised = set(dag.get_task("summarise_setup").of_tasks)
    assert summarised == {each for each in dag.task_ids if ".provision_" in each or ".upload_" in each}
    assert len(summarised) == 33

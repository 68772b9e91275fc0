"""Test the setup DAG's order."""

from __future__ import annotations

from itertools import pairwise

from airflow.sdk import DAG


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


def test_the_probe_order_is_deleted_even_when_it_does_not_arrive(dag: DAG) -> None:
    assert dag.get_task("proof.put_probe_order").is_setup
    assert dag.get_task("proof.delete_probe_order").is_teardown


def test_every_resource_is_in_the_summary(dag: DAG) -> None:
    summarised = set(dag.get_task("summarise_setup").of_tasks)
    assert summarised == {each for each in dag.task_ids if ".provision_" in each or ".upload_" in each}
    assert len(summarised) == 25

"""Test that waiting times follow Firehose's buffer interval, up to its longest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG

from tests.dags.conftest import load

INTERVALS = pytest.mark.parametrize("interval", [0, 60, 900])
ROUNDS = {"expect_stream_drained": 1, "expect_probe_in_raw": 1, "expect_settled": 1}
"""How many times a task waits for the chain; one with a barrier sends two rounds of probes."""
DAGS = ["setup", "batch", "reconcile", "repair", "drill"]


def load_with(interval: int, name: str, environment: pytest.MonkeyPatch) -> DAG:
    environment.setenv("SALES_CDC_FIREHOSE_INTERVAL_SECONDS", str(interval))
    return load(f"sales_cdc_{name}")


def waiting(dag: DAG) -> list[tuple[Any, float]]:
    """Return the tasks that wait for the chain, with how long each may wait."""
    tasks = [task for task in dag.tasks if hasattr(task, "patience_seconds")]
    return [(task, task.patience_seconds * ROUNDS.get(task.task_id.rpartition(".")[2], 2)) for task in tasks]


@INTERVALS
@pytest.mark.parametrize("name", DAGS)
def test_a_task_has_time_for_the_longest_wait(interval: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = waiting(load_with(interval, name, monkeypatch))
    assert tasks
    for task, seconds in tasks:
        assert task.patience_seconds >= interval + 60, task.task_id
        assert getattr(task, "timeout", seconds + 1) > seconds, task.task_id
        assert task.execution_timeout > timedelta(seconds=seconds + 60), task.task_id


@INTERVALS
@pytest.mark.parametrize("name", DAGS)
def test_a_run_has_time_for_all_its_waits(interval: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dag = load_with(interval, name, monkeypatch)
    longest = sum(seconds for _, seconds in waiting(dag))
    assert dag.dagrun_timeout is None or dag.dagrun_timeout > timedelta(seconds=longest + 1800)


@INTERVALS
def test_the_batch_waits_for_changes_that_firehose_still_buffers(
    interval: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = load_with(interval, "batch", monkeypatch).get_task("wait_for_delivery")
    assert delivery.timeout >= 2 * interval + 300 or delivery.timeout >= interval + 600

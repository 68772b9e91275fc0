"""Test that the same DAG files look seldom on AWS and hold no slot there, and look often on the laptop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import DAG

from tests.dags.conftest import load

Load = Callable[[str, str], DAG]


@pytest.fixture
def load_for(monkeypatch: pytest.MonkeyPatch) -> Load:
    def parsed(target: str, name: str) -> DAG:
        monkeypatch.setenv("SALES_CDC_TARGET", target)
        return load(f"sales_cdc_{name}")

    return parsed


def pauses(dag: DAG) -> dict[str, float]:
    """Return how many seconds each task that looks again and again waits between two looks."""
    names = ("poll_interval", "job_poll_interval", "sleep_time", "poke_interval")
    found: dict[str, Any] = {
        task.task_id: next((getattr(task, name) for name in names if hasattr(task, name)), None) for task in dag.tasks
    }
    return {task_id: seconds for task_id, seconds in found.items() if seconds is not None}


def test_the_same_tasks_look_less_often_on_aws(load_for: Load) -> None:
    local, aws = pauses(load_for("local", "batch")), pauses(load_for("aws", "batch"))
    assert local.keys() == aws.keys()
    assert local["crawl_raw"] == 1
    assert aws["crawl_raw"] == 30
    assert all(aws[task_id] >= seconds for task_id, seconds in local.items())


def test_no_long_wait_holds_a_slot_on_aws(load_for: Load) -> None:
    batch, repair = load_for("aws", "batch"), load_for("aws", "repair")
    assert batch.get_task("crawl_raw").deferrable
    assert repair.get_task("crawl_raw").deferrable
    assert repair.get_task("curate_orders").deferrable
    assert {batch.get_task(name).mode for name in ("wait_for_delivery", "await_curation")} == {"reschedule"}


def test_a_crawl_may_take_hours(load_for: Load) -> None:
    for target in ("local", "aws"):
        batch = load_for(target, "batch")
        crawl = batch.get_task("crawl_raw")
        assert crawl.execution_timeout.total_seconds() >= 6 * 3600
        assert batch.dagrun_timeout > crawl.execution_timeout
        assert batch.dagrun_timeout.total_seconds() < 24 * 3600

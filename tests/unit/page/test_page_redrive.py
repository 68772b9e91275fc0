"""A redrive from the page is a run of the DAG in its user's name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sales_cdc.page import redrive


def test_the_run_is_the_users_and_a_paused_dag_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def trigger(dag_id: str, **kwargs: Any) -> SimpleNamespace:
        asked.append((dag_id, kwargs["triggering_user_name"]))
        return SimpleNamespace(run_id="manual__1")

    monkeypatch.setattr("airflow.models.dag.DagModel.get_current", lambda dag_id: SimpleNamespace(is_paused=True))
    monkeypatch.setattr(redrive, "trigger_dag", trigger)
    assert redrive.trigger_redrive("Vera") == redrive.StartedRun("sales_cdc_redrive", "manual__1", is_paused=True)
    assert asked == [("sales_cdc_redrive", "Vera")]


def test_a_dag_that_airflow_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow.models.dag.DagModel.get_current", lambda dag_id: None)
    with pytest.raises(redrive.RedriveError, match="sales_cdc_redrive"):
        redrive.trigger_redrive("Vera")

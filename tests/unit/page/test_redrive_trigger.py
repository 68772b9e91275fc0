"""A redrive from the page starts a run of the DAG in the user's name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sales_cdc.page import redrive_trigger


def test_the_run_has_the_users_name_and_says_when_the_dag_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def trigger(dag_id: str, **kwargs: Any) -> SimpleNamespace:
        asked.append((dag_id, kwargs["triggering_user_name"]))
        return SimpleNamespace(run_id="manual__1")

    monkeypatch.setattr("airflow.models.dag.DagModel.get_current", lambda dag_id: SimpleNamespace(is_paused=True))
    monkeypatch.setattr(redrive_trigger, "trigger_dag", trigger)
    assert redrive_trigger.trigger_redrive("Vera") == redrive_trigger.StartedRun(
        "sales_cdc_redrive", "manual__1", is_paused=True
    )
    assert asked == [("sales_cdc_redrive", "Vera")]


def test_an_unknown_dag_raises_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow.models.dag.DagModel.get_current", lambda dag_id: None)
    with pytest.raises(redrive_trigger.RedriveError, match="sales_cdc_redrive"):
        redrive_trigger.trigger_redrive("Vera")

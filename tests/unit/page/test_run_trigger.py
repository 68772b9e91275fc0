"""A run from the page is started in the user's name; a paused DAG is said, and unpaused on request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sales_cdc.page import run_trigger


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Airflow was asked to start or to unpause, of a DAG that is paused."""
    calls: list[Any] = []

    def trigger(dag_id: str, **kwargs: Any) -> SimpleNamespace:
        calls.append((dag_id, kwargs["triggering_user_name"], kwargs["conf"]))
        return SimpleNamespace(run_id="manual__1")

    monkeypatch.setattr("airflow.models.dag.DagModel.get_current", lambda dag_id: SimpleNamespace(is_paused=True))
    monkeypatch.setattr(run_trigger, "trigger_dag", trigger)
    monkeypatch.setattr(run_trigger, "_unpause", lambda dag_id: calls.append(("unpause", dag_id)))
    return calls


def test_the_run_has_the_users_name_and_says_when_the_dag_is_paused(asked: list[Any]) -> None:
    run = run_trigger.start_run("sales_cdc_redrive", "Vera")
    assert (run.dag_id, run.run_id, run.is_paused) == ("sales_cdc_redrive", "manual__1", True)
    assert run.link.endswith("/dags/sales_cdc_redrive/runs/manual__1")
    assert asked == [("sales_cdc_redrive", "Vera", {})]


def test_a_paused_dag_is_unpaused_after_its_run_was_made(asked: list[Any]) -> None:
    assert not run_trigger.start_run("sales_cdc_backfill", "Vera", {"a": 1}, unpause=True).is_paused
    assert asked == [("sales_cdc_backfill", "Vera", {"a": 1}), ("unpause", "sales_cdc_backfill")]


def test_an_unknown_dag_raises_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow.models.dag.DagModel.get_current", lambda dag_id: None)
    with pytest.raises(run_trigger.StartError, match="sales_cdc_redrive"):
        run_trigger.start_run("sales_cdc_redrive", "Vera")

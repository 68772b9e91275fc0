"""Trigger the redrive DAG for a user, like Airflow's own trigger button."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models.dag import DagModel
from airflow.utils.types import DagRunTriggeredByType

from sales_cdc.page.access import REDRIVE_DAG


class RedriveError(Exception):
    """The run could not be started; the message says why and what to do."""


@dataclass(frozen=True)
class StartedRun:
    """A run that was started; while ``is_paused``, it waits until somebody unpauses the DAG."""

    dag_id: str
    run_id: str
    is_paused: bool


def trigger_redrive(user_name: str) -> StartedRun:
    """Start a run of the redrive DAG in the user's name.

    Raises:
        RedriveError: Airflow does not know the DAG yet.
    """
    dag = DagModel.get_current(REDRIVE_DAG)
    if dag is None:
        raise RedriveError(
            f"Could not start {REDRIVE_DAG}: Airflow does not know the DAG (yet). Check that it is in the dags folder."
        )
    run = trigger_dag(REDRIVE_DAG, triggered_by=DagRunTriggeredByType.UI, triggering_user_name=user_name)
    if run is None:
        raise RedriveError(f"Could not start {REDRIVE_DAG}: Airflow refused. Trigger it from its own page.")
    return StartedRun(REDRIVE_DAG, run.run_id, bool(dag.is_paused))

"""Trigger a DAG for a user, like Airflow's own trigger button, and unpause it if the user asks for that too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType

from sales_cdc.dag_page.links import run_link


class StartError(Exception):
    """The run could not be started; the message says why and what to do."""


@dataclass(frozen=True)
class StartedRun:
    """A run that was started; while ``is_paused``, it waits until somebody unpauses the DAG. ``link`` leads to it."""

    dag_id: str
    run_id: str
    is_paused: bool
    link: str = ""


def start_run(
    dag_id: str, user_name: str, conf: Mapping[str, Any] | None = None, *, unpause: bool = False
) -> StartedRun:
    """Start a run of a DAG in the user's name.

    Raises:
        StartError: Airflow does not know the DAG yet, or refuses the run.

    Example::

        start_run("sales_cdc_batch", "vera", unpause=True).link
    """
    dag = DagModel.get_current(dag_id)
    if dag is None:
        raise StartError(
            f"Could not start {dag_id}: Airflow does not know the DAG (yet). Check that it is in the dags folder."
        )
    is_paused = bool(dag.is_paused)
    run = trigger_dag(
        dag_id, triggered_by=DagRunTriggeredByType.UI, triggering_user_name=user_name, conf=dict(conf or {})
    )
    if run is None:
        raise StartError(f"Could not start {dag_id}: Airflow refused. Trigger it from its own page.")
    if is_paused and unpause:
        _unpause(dag_id)
        is_paused = False
    return StartedRun(dag_id, run.run_id, is_paused, run_link(dag_id, run.run_id))


def _unpause(dag_id: str) -> None:
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        if dag is not None:
            dag.is_paused = False

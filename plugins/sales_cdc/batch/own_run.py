"""Ask Airflow, in a task of the batch, what its database says of the batch: a task cannot read the database itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError

from sales_cdc.dag_page.links import run_link
from sales_cdc.verdict.evidence import BatchRuns

FAILED = "failed"


def passing_run(task_instance: Any) -> BatchRuns | None:
    """Return what the verdict needs of a run that is about to pass, which mends every run that failed before it.

    Returns:
        None where Airflow does not tell: it is older than 3.2, or does not know the DAG.

    Example::

        read_evidence(sources, settings, passing_run(context["ti"]))
    """
    ask = getattr(task_instance, "get_dag", None)
    if ask is None:
        return None
    try:
        return BatchRuns(is_paused=bool(ask(task_instance.dag_id).is_paused))
    except AirflowRuntimeError:
        return None


def failing_run(task_instance: Any, at: datetime) -> BatchRuns:
    """Return what the verdict needs of a run in which a task failed: the failed tasks, and a link to the run."""
    dag_id, run_id = task_instance.dag_id, task_instance.run_id
    states = task_instance.get_task_states(dag_id=dag_id, run_ids=[run_id]).get(run_id, {})
    tasks = [name for name, state in states.items() if state == FAILED]
    known = passing_run(task_instance)
    return BatchRuns(known is not None and known.is_paused, at, at, run_id, tasks, run_link(dag_id, run_id))

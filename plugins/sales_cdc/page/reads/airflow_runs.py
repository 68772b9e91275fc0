"""Read runs of the DAGs from Airflow's database: the newest of each, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sales_cdc.dag_page.links import run_link
from sales_cdc.verdict.evidence import BatchRuns

BATCH = "sales_cdc_batch"
DAGS = tuple(
    f"sales_cdc_{name}"
    for name in ("batch", "generate", "reconcile", "repair", "redrive", "backfill", "rebuild", "drill", "setup")
)
SHOWN = (  # columns alone: the whole rows hold what only the scheduler needs
    DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.run_type, DagRun.start_date, DagRun.end_date, DagRun.triggering_user_name,
)  # fmt: skip
KNOWN = (DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after, DagModel.asset_expression)
MAX_RUNS = 8
COMPARED_RUNS = 20
MAX_TASKS = 3
FAILED, SUCCESS = "failed", "success"


@dataclass(frozen=True)
class Task:
    """A task that failed, and the path of its log in Airflow's UI."""

    name: str
    link: str


@dataclass(frozen=True)
class Run:
    """One run of a DAG. ``started_at`` and ``ended_at`` are None until then; ``failed_tasks`` holds its own failures only."""

    run_id: str
    state: str
    run_type: str
    started_at: datetime | None
    ended_at: datetime | None
    user: str
    link: str
    failed_tasks: Sequence[Task] = ()


@dataclass(frozen=True)
class DagRuns:
    """A DAG with its newest runs, newest first; ``next_at`` is when the next one starts by schedule, None when none does."""

    dag_id: str
    is_paused: bool
    next_at: datetime | None
    runs: Sequence[Run]


def recent_runs() -> list[DagRuns]:
    """Return the DAGs that Airflow knows, each with its newest runs."""
    with create_session() as session:
        known = {dag.dag_id: dag for dag in session.execute(select(*KNOWN).where(DagModel.dag_id.in_(DAGS)))}
        return [_dag_runs(session, known[name]) for name in DAGS if name in known]


def batch_runs() -> BatchRuns | None:
    """Return whether the batch is paused and whether it failed last; None when Airflow's database cannot be asked."""
    try:
        with create_session() as session:
            dag = session.execute(select(*KNOWN).where(DagModel.dag_id == BATCH)).first()
            return (
                None
                if dag is None
                else replace(_batch_runs(session, bool(dag.is_paused)), follows_arrivals=_has_assets(dag))
            )
    except SQLAlchemyError:
        return None


def _has_assets(dag: Any) -> bool:
    """Return whether arrivals start the DAG as Airflow has parsed it, whatever this process's settings say."""
    return bool(dag.asset_expression)


def _batch_runs(session: Session, is_paused: bool) -> BatchRuns:
    failed, succeeded = (_newest(session, BATCH, COMPARED_RUNS, state) for state in (FAILED, SUCCESS))
    mended_at = max((run.end_date for run in succeeded if run.end_date), default=None)
    ended = sorted((run for run in failed if run.end_date), key=lambda run: run.end_date)
    still = [run for run in ended if mended_at is None or run.end_date > mended_at]
    if not still:
        return BatchRuns(is_paused)
    last = still[-1]
    tasks = [task.name for task in _failed_tasks(session, last)]
    return BatchRuns(
        is_paused, last.end_date, still[0].end_date, last.run_id, tasks, run_link(last.dag_id, last.run_id)
    )


def _dag_runs(session: Session, dag: Any) -> DagRuns:
    runs = [
        Run(
            run.run_id, str(run.state), str(run.run_type), run.start_date, run.end_date, run.triggering_user_name or "",
            run_link(run.dag_id, run.run_id), _failed_tasks(session, run) if run.state == FAILED else (),
        )
        for run in _newest(session, dag.dag_id, MAX_RUNS)
    ]  # fmt: skip
    return DagRuns(dag.dag_id, bool(dag.is_paused), None if dag.is_paused else dag.next_dagrun_create_after, runs)


def _newest(session: Session, dag_id: str, count: int, state: str | None = None) -> Sequence[Any]:
    """Return the newest runs by id: both indices of the table end in it, so that older runs are not looked at."""
    asked = select(*SHOWN).where(DagRun.dag_id == dag_id)
    if state:
        asked = asked.where(DagRun.state == state)
    return session.execute(asked.order_by(DagRun.id.desc()).limit(count)).all()


def _failed_tasks(session: Session, run: Any) -> list[Task]:
    """Return the tasks that failed themselves, in the order in which they did."""
    asked = (
        select(TaskInstance.task_id, TaskInstance.map_index)
        .where(TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id, TaskInstance.state == FAILED)
        .order_by(TaskInstance.end_date)
        .limit(MAX_TASKS)
    )
    return [Task(name, _task_link(run, name, index)) for name, index in session.execute(asked)]


def _task_link(run: Any, task: str, index: int) -> str:
    mapped = f"/mapped/{index}" if index >= 0 else ""
    return f"{run_link(run.dag_id, run.run_id)}/tasks/{quote(task, safe='')}{mapped}"

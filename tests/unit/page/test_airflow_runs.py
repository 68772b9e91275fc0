"""Runs are read from Airflow's own tables: the newest of each DAG, whatever came before them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sales_cdc.page.reads import airflow_runs
from sqlalchemy import Engine, create_engine, event, insert
from sqlalchemy.orm import Session

AT = datetime(2026, 11, 25, tzinfo=UTC)
OLD_RUNS = 10_000
EMPTY = {int: 0, str: "", bool: False, datetime: AT, UUID: UUID(int=0)}


class Database:
    """Airflow's tables in memory, and the statements that were sent to them."""

    def __init__(self) -> None:
        import_all_models()  # the tables that others refer to
        self.engine: Engine = create_engine("sqlite://")
        Base.metadata.create_all(self.engine, [each.__table__ for each in (DagModel, DagRun, TaskInstance)])
        self.statements: list[str] = []
        event.listen(self.engine, "before_cursor_execute", lambda c, cursor, sql, *rest: self.statements.append(sql))

    def dag(self, name: str, *, paused: bool = False, assets: Any = None) -> None:
        self._add(
            DagModel,
            dag_id=f"sales_cdc_{name}",
            is_paused=paused,
            is_stale=False,
            bundle_name="dags",
            next_dagrun_create_after=AT,
            asset_expression=assets,
        )

    def runs(self, name: str, *states: str, first: int = 0) -> None:
        rows = [
            {
                "dag_id": f"sales_cdc_{name}", "run_id": f"run-{first + at}", "state": state, "run_type": "manual", "run_after": AT, "log_template_id": 1,
                "start_date": AT + timedelta(hours=first + at), "end_date": AT + timedelta(hours=first + at, minutes=3),
            }
            for at, state in enumerate(states)
        ]  # fmt: skip
        self._add(DagRun, *rows)

    def failed_task(self, run_id: str, task_id: str, map_index: int = -1) -> None:
        self._add(
            TaskInstance,
            task_id=task_id,
            dag_id="sales_cdc_batch",
            run_id=run_id,
            map_index=map_index,
            state="failed",
            end_date=AT,
            pool="x",
            pool_slots=1,
        )

    def _add(self, model: Any, *rows: dict[str, Any], **values: Any) -> None:
        """Insert rows, with something in each column that must not be empty."""
        table = model.__table__
        needed = {
            column.name: EMPTY[column.type.python_type]
            for column in table.columns
            if not (column.nullable or column.primary_key or column.default or column.server_default)
        }
        with Session(self.engine) as session:
            session.execute(insert(table), [{**needed, **row} for row in list(rows) or [values]])
            session.commit()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    database = Database()

    @contextmanager
    def session() -> Iterator[Session]:
        with Session(database.engine) as opened:
            yield opened

    monkeypatch.setattr(airflow_runs, "create_session", session)
    return database


def test_the_batch_failed_since_the_first_failure_after_its_last_success(database: Database) -> None:
    database.dag("batch", paused=True)
    database.runs("batch", "failed", "success", "failed", "failed", "running")
    database.failed_task("run-3", "check_curated")
    database.failed_task("run-3", "touch", map_index=2)
    found = airflow_runs.batch_runs()
    assert found
    assert (found.is_paused, found.run_id, list(found.failed_tasks)) == (True, "run-3", ["check_curated", "touch"])
    assert [at.hour for at in (found.failed_since, found.failed_at) if at] == [2, 3]
    assert found.link.endswith("/dags/sales_cdc_batch/runs/run-3")


@pytest.mark.parametrize(("assets", "follows"), [(None, False), ({"any": [{"asset": {"name": "arrivals"}}]}, True)])
def test_whether_arrivals_start_the_batch_is_what_airflow_has_parsed(
    database: Database, assets: Any, follows: bool
) -> None:
    database.dag("batch", assets=assets)
    found = airflow_runs.batch_runs()
    assert found
    assert found.follows_arrivals is follows


def test_a_success_mends_a_failure(database: Database) -> None:
    database.dag("batch")
    database.runs("batch", "failed", "success")
    found = airflow_runs.batch_runs()
    assert found
    assert found.failed_at is None


def test_an_older_run_that_was_cleared_and_succeeded_last_mends_what_failed_after_it(database: Database) -> None:
    database.dag("batch")
    database.runs("batch", "success", first=9)
    database.runs("batch", "failed", first=3)
    found = airflow_runs.batch_runs()
    assert found
    assert found.failed_at is None


def test_an_airflow_without_the_dag_or_without_tables_says_nothing(database: Database) -> None:
    assert airflow_runs.batch_runs() is None
    Base.metadata.drop_all(database.engine, [DagModel.__table__])
    assert airflow_runs.batch_runs() is None


def test_the_newest_runs_of_each_known_dag_come_with_duration_and_failed_tasks(database: Database) -> None:
    for name in ("batch", "drill"):
        database.dag(name)
    database.runs("batch", "success", "failed")
    database.failed_task("run-1", "crawl_raw")
    batch, drill = airflow_runs.recent_runs()
    assert [run.run_id for run in batch.runs] == ["run-1", "run-0"]
    assert batch.runs[0].failed_tasks[0].link.endswith("/dags/sales_cdc_batch/runs/run-1/tasks/crawl_raw")
    assert batch.next_at
    assert drill.runs == []


def test_as_many_statements_are_sent_after_ten_thousand_runs_as_after_ten(database: Database) -> None:
    database.dag("batch")
    counts = []
    for states, first in (["success"] * 10, 0), (["success", "failed"] * (OLD_RUNS // 2), 10):
        database.runs("batch", *states, first=first)
        database.statements.clear()
        airflow_runs.batch_runs()
        assert len(airflow_runs.recent_runs()[0].runs) == airflow_runs.MAX_RUNS
        counts.append(len([sql for sql in database.statements if "LIMIT" not in sql]))
    assert counts[0] == counts[1]

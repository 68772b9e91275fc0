"""Mark the runs of an ended ``airflow dags test`` as failed: otherwise they count as running for ever, and a scheduler would go on with them.

Airflow has no command for it, and to import Airflow takes longer than somebody who presses Ctrl-C waits. Only the file of this checkout
is written, and only what the command itself began: Airflow names what started a run (``triggered_by`` is TEST).
Source: https://github.com/apache/airflow/blob/3.3.2/airflow-core/src/airflow/models/dagrun.py
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

TASKS = """
    UPDATE task_instance SET state = 'failed', end_date = :now
    WHERE state IN ('running', 'queued', 'scheduled', 'deferred') AND EXISTS (
        SELECT 1 FROM dag_run AS run
        WHERE run.dag_id = task_instance.dag_id AND run.run_id = task_instance.run_id
            AND run.state = 'running' AND run.triggered_by = 'TEST' AND run.start_date >= :began
    )"""
RUNS = """
    UPDATE dag_run SET state = 'failed', end_date = :now
    WHERE state = 'running' AND triggered_by = 'TEST' AND start_date >= :began"""


def end_runs(since: datetime) -> None:
    """Mark what the terminal began since then, and what is still called running, as failed now.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    database = Path(os.environ.get("AIRFLOW_HOME", "")) / "airflow.db"
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ or not database.exists():
        return
    times = {"now": _written(datetime.now(UTC)), "began": _written(since)}
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        for statement in (TASKS, RUNS):
            connection.execute(statement, times)


def _written(at: datetime) -> str:
    """Return a time as Airflow writes it into SQLite: in UTC, without its zone."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

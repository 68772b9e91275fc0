"""An interrupted command ends the cloud that it started, leaves one that ran before, and names the next command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import create_engine
from sqlalchemy.schema import CreateColumn

from tests.unit.include.scripts.test_terminal import script

CLOUD = "import sys, time; time.sleep(600)"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a process that passes for the local cloud of a home of its own."""
    monkeypatch.setenv("LOCAL_CLOUD_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen([sys.executable, "-c", CLOUD, "local_cloud"]))
        found = {"endpoint": "http://127.0.0.1:1", "pid": running[-1].pid, "region": "us-east-1"}
        (tmp_path / "cloud.json").write_text(json.dumps(found))
        return running[-1]

    yield start
    for each in running:
        each.kill()
        each.wait()


def interruption() -> Any:
    return script("interruption").Interruption("the demo", "Again, from its beginning: make demo")


def test_a_cloud_that_the_command_started_is_stopped(cloud: Callable[[], subprocess.Popen[bytes]]) -> None:
    interrupted = interruption()
    process = cloud()
    last = interrupted.end().splitlines()[-1]
    assert last == "Interrupted: the demo was ended. Its local cloud is stopped, and keeps what it has. Again, from its beginning: make demo"  # fmt: skip
    assert process.wait(timeout=30) != 0


def test_a_cloud_that_ran_before_stays(cloud: Callable[[], subprocess.Popen[bytes]]) -> None:
    process = cloud()
    assert "The local cloud ran before, and still does." in interruption().end()
    assert process.poll() is None


def test_without_a_cloud_nothing_is_said_of_one(cloud: object) -> None:
    assert interruption().end() == "\nInterrupted: the demo was ended. Again, from its beginning: make demo"


def test_a_database_that_was_left_half_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    database = script("airflow_database")
    half = tmp_path / "airflow.db"
    assert database.is_missing()

    def interrupted() -> None:
        with database.being_made():
            half.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert database.is_missing()
    with database.being_made():
        assert not half.exists()
        half.write_text("whole")
    assert not database.is_missing()
    assert half.read_text() == "whole"


RUNS = [  # how it was started, when, its state, and its state after an interruption
    ("TEST", "2026-11-30 12:00:01.000000", "running", "failed"),
    ("TEST", "2026-11-30 11:59:59.000000", "running", "running"),
    ("UI", "2026-11-30 12:00:01.000000", "running", "running"),
    ("TEST", "2026-11-30 12:00:01.000000", "success", "success"),
]


def test_a_run_that_was_interrupted_is_not_called_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counted as running for ever, on the page too, and a scheduler would have gone on with it."""
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    engine = create_engine(f"sqlite:///{tmp_path / 'airflow.db'}")
    asked = "SELECT dag_run.state, task_instance.state, dag_run.end_date FROM dag_run JOIN task_instance USING (dag_id, run_id) ORDER BY run_id"
    with engine.begin() as connection:  # the columns of Airflow's own models
        for model, names in (
            (DagRun, ("dag_id", "run_id", "state", "triggered_by", "start_date", "end_date")),
            (TaskInstance, ("dag_id", "run_id", "task_id", "state", "end_date")),
        ):
            columns = ", ".join(str(CreateColumn(model.__table__.c[name]).compile(engine)) for name in names)
            connection.exec_driver_sql(f"CREATE TABLE {model.__tablename__} ({columns.replace('NOT NULL', '')})")
        for at, (by, start, state, _) in enumerate(RUNS):
            connection.exec_driver_sql(
                "INSERT INTO dag_run VALUES ('sales_cdc_batch', ?, ?, ?, ?, NULL)", (str(at), state, by, start)
            )
            connection.exec_driver_sql(
                "INSERT INTO task_instance VALUES ('sales_cdc_batch', ?, 'await_curation', 'running', NULL)", (str(at),)
            )
    script("ended_runs").end_runs(datetime(2026, 11, 30, 12, tzinfo=UTC))
    with engine.begin() as connection:
        rows = connection.exec_driver_sql(asked).fetchall()
    assert [row[0] for row in rows] == [after for *_, after in RUNS]
    assert [row[1] for row in rows] == ["failed", "running", "running", "running"]
    assert [row[2] is not None for row in rows] == [True, False, False, False]


def test_the_makefile_knows_a_database_that_is_half_made() -> None:
    makefile = (Path(__file__).parents[4] / "Makefile").read_text()
    assert "database-half-made" in makefile
    assert "database-half-made" in Path(str(script("airflow_database").__file__)).read_text()

"""A run that failed under a benchmark is reported with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.live_airflow import AirflowApi, last_error

RUN = "scheduled__2026-12-01T00:00:00+00:00"


def line(kind: str, value: str) -> str:
    return json.dumps({"event": "Task failed with exception", "error_detail": [{"exc_type": kind, "exc_value": value}]})


def test_the_last_exception_of_a_log_is_named(tmp_path: Path) -> None:
    log = tmp_path / "attempt=1.log"
    log.write_text("\n".join([line("OSError", "first"), "no JSON", "7", '{"event": "x"}', line("ValueError", "last")]))
    assert last_error(log) == "ValueError: last"
    log.write_text("")
    assert last_error(log) == last_error(tmp_path / "none") == "its log names no exception"


def test_a_failed_run_names_its_failed_tasks(tmp_path: Path, monkeypatch: Any) -> None:
    tasks = [
        {"task_id": "checks.one", "state": "success", "try_number": 1},
        {"task_id": "reconcile", "state": "failed", "try_number": 3},
        {"task_id": "write_report", "state": "upstream_failed", "try_number": 0},
    ]
    folder = tmp_path / "logs" / "dag_id=batch" / f"run_id={RUN}" / "task_id=reconcile"
    folder.mkdir(parents=True)
    (folder / "attempt=3.log").write_text(line("QueryFailedError", "the query ended as FAILED"))
    airflow = AirflowApi("http://127.0.0.1:1", tmp_path)
    monkeypatch.setattr(airflow, "tasks", lambda dag_id, run_id: tasks)
    assert airflow.failures("batch", RUN) == "  reconcile: QueryFailedError: the query ended as FAILED"

"""The batch DAG's shape: who waits for whom, with which patience, and what its templates render to."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "include" / "sql"


@pytest.fixture(scope="module")
def dag() -> DAG:
    bag = DagBag(ROOT / "dags" / "sales_cdc_batch.py")
    assert not bag.import_errors
    return bag.dags["sales_cdc_batch"]


def test_it_waits_then_crawls_then_checks_then_shows(dag: DAG) -> None:
    assert dag.get_task("find_account").downstream_task_ids == {"wait_for_delivery"}
    assert dag.get_task("wait_for_delivery").downstream_task_ids == {"crawl_raw"}
    checks = {task for task in dag.task_ids if task.startswith("checks.query_")}
    assert dag.get_task("crawl_raw").downstream_task_ids == checks
    shown = {task for task in dag.task_ids if task.startswith("seed_queries.query_")}
    for task in dag.task_ids:
        if task.startswith("checks.expect_"):
            assert dag.get_task(task).downstream_task_ids == shown


def test_every_check_file_is_run_and_every_task_has_its_file(dag: DAG) -> None:
    files = {path.stem for path in (SQL / "checks").glob("*.sql")}
    assert {task.removeprefix("checks.query_") for task in dag.task_ids if task.startswith("checks.query_")} == files


def test_every_check_is_judged(dag: DAG) -> None:
    for task in dag.tasks:
        if task.task_id.startswith("checks.query_"):
            (judge,) = task.downstream_task_ids
            assert judge == task.task_id.replace("query_", "expect_no_rows_of_")


def test_it_runs_daily_once_at_a_time_and_never_catches_up(dag: DAG) -> None:
    assert dag.schedule == "@daily"
    assert dag.max_active_runs == 1
    assert not dag.catchup
    assert dag.doc_md


def test_every_task_retries_and_has_a_time_limit(dag: DAG) -> None:
    for task in dag.tasks:
        assert task.retries >= 1
        assert task.retry_exponential_backoff
        assert task.execution_timeout


@pytest.mark.parametrize("path", sorted(SQL.glob("*/*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_statement_opens_with_its_question(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("-- ")
    assert "?" in first
    assert len(path.read_text().splitlines()) <= 80


def test_the_rendered_count_check_is_one_athena_statement(dag: DAG) -> None:
    class Instance:
        def xcom_pull(self, task_ids: str) -> dict[str, dict[str, int]]:
            assert task_ids == "wait_for_delivery"
            return {"written": {"INSERT": 5, "MODIFY": 3, "REMOVE": 0}}

    template = dag.get_template_env().get_template("checks/counts_by_event_type.sql")
    rendered = template.render(params={"database": "sales_cdc"}, ti=Instance())
    (statement,) = sqlglot.parse(rendered, read="athena")
    assert [row.sql() for row in statement.find(sqlglot.exp.Values).expressions] == [
        "('INSERT', 5)",
        "('MODIFY', 3)",
        "('REMOVE', 0)",
    ]

"""The generate DAG's shape, its form, and that a misspelt Param does nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

FILE = Path(__file__).resolve().parents[2] / "dags" / "sales_cdc_generate.py"
ORDER = ["find_account", "plan_changes", "write_inserts", "write_updates", "write_deletes", "record_ledger"]


@pytest.fixture(scope="module")
def dag() -> DAG:
    bag = DagBag(FILE)
    assert not bag.import_errors
    return bag.dags["sales_cdc_generate"]


def test_it_plans_then_writes_each_event_type_then_records(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()] == ORDER
    for task_id, following in pairwise(ORDER):
        assert dag.get_task(task_id).downstream_task_ids == {following}
    written = [dag.get_task(task_id).event_type for task_id in ORDER[2:5]]  # type: ignore[attr-defined]
    assert written == ["INSERT", "MODIFY", "REMOVE"]


def test_it_runs_only_when_triggered_one_run_at_a_time(dag: DAG) -> None:
    assert dag.schedule is None
    assert dag.max_active_runs == 1
    assert not dag.catchup
    assert dag.doc_md
    assert len(FILE.read_text().splitlines()) <= 120


def test_every_task_retries_and_has_a_time_limit(dag: DAG) -> None:
    for task in dag.tasks:
        assert task.retries >= 1
        assert task.retry_exponential_backoff
        assert task.execution_timeout


def test_every_param_is_a_described_field_of_the_form(dag: DAG) -> None:
    defaults = {"inserts": 500, "updates": 0, "deletes": 0, "seed": 1, "rate_per_second": None}
    assert dag.params.dump() == defaults
    for name in defaults:
        param = dag.params.get_param(name)
        assert param.schema["title"]
        assert param.description


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inserts", -1),
        ("updates", 1.5),
        ("deletes", "3"),
        ("seed", None),
        ("rate_per_second", 0),
        ("rate_per_second", float("nan")),
        ("rate_per_second", float("inf")),
        ("inserts", True),
    ],
)
def test_a_wrong_value_is_refused_by_the_form(dag: DAG, name: str, value: object) -> None:
    with pytest.raises(ParamValidationError):
        dag.params.get_param(name).resolve(value)


def test_an_unknown_param_is_named_before_anything_is_read_or_written(dag: DAG) -> None:
    context: dict[str, Any] = {"dag_run": SimpleNamespace(conf={"insert": 5, "seed": 2}), "params": dag.params.dump()}
    with pytest.raises(
        AirflowFailException, match=r"Unknown Param insert .* known are deletes, inserts, rate_per_second"
    ):
        dag.get_task("plan_changes").execute(context)  # type: ignore[attr-defined]


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_rate_that_is_no_finite_number_is_refused_before_anything_is_read_or_written(dag: DAG, rate: float) -> None:
    context: dict[str, Any] = {
        "dag_run": SimpleNamespace(conf={}),
        "params": {**dag.params.dump(), "rate_per_second": rate},
        "run_id": "r",
    }
    with pytest.raises(AirflowFailException, match=r"rate_per_second is (nan|inf): .* finite number above 0"):
        dag.get_task("plan_changes").execute(context)  # type: ignore[attr-defined]

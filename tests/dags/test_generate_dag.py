"""Test the generate DAG's order and form, and that it refuses unknown Params."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

ORDER = ["find_account", "plan_changes", "write_inserts", "write_updates", "write_deletes", "record_ledger"]


def test_it_plans_then_writes_each_event_type_then_records(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()] == ORDER
    for task_id, following in pairwise(ORDER):
        assert dag.get_task(task_id).downstream_task_ids == {following}
    written = [dag.get_task(task_id).event_type for task_id in ORDER[2:5]]  # type: ignore[attr-defined]
    assert written == ["INSERT", "MODIFY", "REMOVE"]


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

"""Test the generate DAG's order and form, and which runs it refuses before it reads or writes anything."""

from __future__ import annotations

from itertools import pairwise
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
    defaults = {
        "inserts": 500,
        "updates": 0,
        "deletes": 0,
        "seed": 1,
        "rate_per_second": None,
        "confirm_cost_up_to_dollars": "10",
    }
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
        ("inserts", 10_000_001),
        ("confirm_cost_up_to_dollars", 10),
        ("confirm_cost_up_to_dollars", "NaN"),
    ],
)
def test_a_wrong_value_is_refused_by_the_form(dag: DAG, name: str, value: object) -> None:
    with pytest.raises(ParamValidationError):
        dag.params.get_param(name).resolve(value)


@pytest.mark.parametrize("dollars", ["10", "20.01", "0"])
def test_a_run_is_refused_when_its_forecast_is_above_what_was_confirmed(dag: DAG, dollars: str) -> None:
    asked = {"inserts": 9_000_000, "deletes": 1_000_000, "confirm_cost_up_to_dollars": dollars}
    context: dict[str, Any] = {"params": {**dag.params.dump(), **asked}, "run_id": "r"}
    refused = (
        rf"10,000,000 changes is forecast to cost \$20\.\d\d on AWS, and confirm_cost_up_to_dollars is {dollars}\."
    )
    with pytest.raises(AirflowFailException, match=refused):
        dag.get_task("plan_changes").execute(context)  # type: ignore[attr-defined]


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_rate_that_is_no_finite_number_is_refused_before_anything_is_read_or_written(dag: DAG, rate: float) -> None:
    context: dict[str, Any] = {
        "params": {**dag.params.dump(), "rate_per_second": rate},
        "run_id": "r",
    }
    with pytest.raises(AirflowFailException, match=r"rate_per_second is (nan|inf): .* finite number above 0"):
        dag.get_task("plan_changes").execute(context)  # type: ignore[attr-defined]

"""Test the backfill DAG's order, its form, and the values that it refuses before it touches an order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

ORDER = ["find_account", "plan_backfill", "touch_orders", "record_backfill"]


def test_it_forecasts_then_touches_each_segment_then_records(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()] == ORDER
    for task_id, following in pairwise(ORDER):
        assert dag.get_task(task_id).downstream_task_ids == {following}
    assert dag.get_task("touch_orders").is_mapped


def test_every_param_is_a_described_field_of_the_form(dag: DAG) -> None:
    defaults = {"confirm_cost_up_to_dollars": "5", "segments": 4, "rate_per_second": 500}
    assert dag.params.dump() == defaults
    for name in defaults:
        param = dag.params.get_param(name)
        assert param.schema["title"]
        assert param.description


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("confirm_cost_up_to_dollars", 5),
        ("confirm_cost_up_to_dollars", "-1"),
        ("confirm_cost_up_to_dollars", "1e9"),
        ("segments", 0),
        ("segments", 65),
        ("rate_per_second", 0),
        ("rate_per_second", float("nan")),
    ],
)
def test_a_wrong_value_is_refused_by_the_form(dag: DAG, name: str, value: object) -> None:
    with pytest.raises(ParamValidationError):
        dag.params.get_param(name).resolve(value)


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({"rate_per_second": float("nan")}, "rate_per_second is nan"),
        ({"confirm_cost_up_to_dollars": "NaN"}, "confirm_cost_up_to_dollars is 'NaN'"),
    ],
)
def test_the_plan_task_refuses_values_that_the_form_accepts(dag: DAG, params: dict[str, Any], refused: str) -> None:
    context = {"params": {**dag.params.dump(), **params}, "run_id": "r"}
    with pytest.raises(AirflowFailException, match=refused):
        dag.get_task("plan_backfill").execute(context)  # type: ignore[attr-defined]

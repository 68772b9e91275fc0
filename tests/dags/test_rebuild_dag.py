"""Test the rebuild DAG's order, its form, and which tables its checks read."""

from __future__ import annotations

from copy import copy
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

ORDER = [
    "find_account", "plan_rebuild", "build_tables", "check_rebuilt", "exchange_tables", "start_curation", "await_curation",
    "publish_views", "write_report",
]  # fmt: skip


def test_it_plans_builds_checks_exchanges_and_takes_what_arrived(dag: DAG) -> None:
    for task_id, following in pairwise(ORDER):
        assert following in dag.get_task(task_id).downstream_task_ids
    assert set(dag.task_ids) == {*ORDER, "delete_old_tables"}
    assert dag.get_task("delete_old_tables").upstream_task_ids == {"find_account"}
    assert not dag.get_task("delete_old_tables").downstream_task_ids
    assert DagSerialization.to_dict(dag)


def test_a_rebuild_whose_tables_are_built_goes_on_with_the_exchange_and_a_failed_check_stops_it(dag: DAG) -> None:
    exchange = dag.get_task("exchange_tables")
    assert exchange.upstream_task_ids == {"plan_rebuild", "check_rebuilt"}
    assert exchange.trigger_rule == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    planned = SimpleNamespace(xcom_pull=lambda task_ids: {"phase": "exchanging"})
    for task_id in ("build_tables", "check_rebuilt"):
        with pytest.raises(AirflowSkipException, match="exchanging"):
            dag.get_task(task_id).execute({"ti": planned})


def test_nothing_is_removed_unless_the_run_says_so(dag: DAG) -> None:
    assert dag.params["action"] == "rebuild"
    assert dag.params["give_up_changes"] is False
    with pytest.raises(ParamValidationError):
        dag.params.get_param("action").resolve("delete")
    with pytest.raises(AirflowSkipException):
        dag.get_task("delete_old_tables").execute({"params": {"action": "rebuild"}})
    with pytest.raises(AirflowSkipException):
        dag.get_task("plan_rebuild").execute({"params": {"action": "delete_old"}, "run_id": "x"})


@pytest.mark.parametrize(("plan", "give_up", "reads_live"), [
    ({"has_changes": True, "has_streams": True}, False, True),
    ({"has_changes": True, "has_streams": False}, False, True),
    ({"has_changes": False, "has_streams": False}, False, False),
    ({"has_changes": True, "has_streams": True}, True, False),
])  # fmt: skip
def test_the_checks_read_the_rebuilt_tables_and_compare_the_live_changes(
    dag: DAG, plan: dict[str, Any], give_up: bool, reads_live: bool
) -> None:
    checks = copy(dag.get_task("check_rebuilt"))
    params = {**dag.params.dump(), "give_up_changes": give_up}
    checks.render_template_fields({"ti": SimpleNamespace(xcom_pull=lambda task_ids: plan), "params": params})
    lost, *others = checks.statements
    assert len(checks.names) == len(checks.checks) == 4
    assert ("sales_cdc.orders_changes AS standing" in lost) == reads_live
    assert ("source_stream" in lost) == (reads_live and plan["has_streams"])
    for statement in (lost, *others):
        assert "sales_cdc.orders_rebuild_" in statement
    assert not any(
        "sales_cdc.orders_changes" in statement or "sales_cdc.orders_current" in statement for statement in others
    )

"""Test the repair DAG: it writes, waits for the chain, curates, and reconciles again."""

from __future__ import annotations

from airflow.sdk import DAG


def test_it_ends_by_reconciling_again(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()][:3] == ["find_account", "repair_orders", "await_delivery"]
    assert dag.get_task("await_delivery").downstream_task_ids == {"crawl_raw", "curate_orders"}
    assert dag.get_task("verify_raw_table").upstream_task_ids == {"crawl_raw"}
    assert dag.leaves == [dag.get_task("reconcile_orders")]
    assert dag.get_task("reconcile_orders").fail_on_difference is True


def test_its_parameters_render_to_what_the_operator_reads(dag: DAG) -> None:
    environment = dag.get_template_env()
    task = dag.get_task("repair_orders")
    params = {"orders": ["it's", '"b"'], "reconcile_run": None}
    assert environment.from_string(task.orders).render(params=params) == '["it\\u0027s", "\\"b\\""]'
    assert environment.from_string(task.reconcile_run).render(params=params) == ""


def test_the_job_writes_its_counts_under_the_run_s_name(dag: DAG) -> None:
    key = dag.get_task("curate_orders").script_args["--ledger_key"]
    assert dag.get_template_env().from_string(key).render(run_id="manual__1:2") == "ledger/curate/manual__1-2.json"

"""Test the reconcile DAG's order and templates."""

from __future__ import annotations

from airflow.sdk import DAG


def test_it_finds_the_account_then_reconciles(dag: DAG) -> None:
    assert dag.get_task("find_account").downstream_task_ids == {"reconcile_orders"}


def test_it_reads_by_a_scan_by_default(dag: DAG) -> None:
    assert dag.params["source"] == "scan"
    assert dag.get_task("reconcile_orders").source == "{{ params.source }}"


def test_its_statements_are_found_by_its_own_templates(dag: DAG) -> None:
    environment = dag.get_task("reconcile_orders").get_template_env()
    params = {
        "database": "lake",
        "columns": ["colour", "price"],
        "order_ids": ["it's", "b"],
        "source_stream": "source_stream",
    }
    assert "'it''s'" in environment.get_template("reconcile/versions.sql").render(params=params)
    for name in ("fingerprints", "objects_taken"):
        assert "lake." in environment.get_template(f"reconcile/{name}.sql").render(params=params)

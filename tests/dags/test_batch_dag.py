"""Test the batch DAG's order, its trigger rules, and what its templates render to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pendulum
import pytest
import sqlglot
from airflow.api_fastapi.core_api.datamodels.dag_run import TriggerDAGRunPostBody
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval, TimeRestriction
from sales_cdc.batch.arrivals_trigger import ArrivalsTrigger
from sales_cdc.batch.schedule import batch_schedule
from sales_cdc.batch.statements import CURATED_CHECKS, INSIGHTS, RAW_CHECKS, VIEWS
from sales_cdc.batch.timetable import DailyTimetable
from sales_cdc.deployment.process import deployed_topology

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "include" / "sql"


def test_the_job_runs_beside_the_raw_checks_and_the_gate_waits_for_it(dag: DAG) -> None:
    line = ["find_account", "take_notices", "wait_for_delivery", "start_curation", "crawl_raw", "verify_raw_table"]
    for earlier, later in pairwise(line):
        assert later in dag.get_task(earlier).downstream_task_ids
    raw_side = {task for task in dag.task_ids if task.startswith(("checks.", "seed_queries."))}
    assert raw_side < dag.get_task("verify_raw_table").get_flat_relative_ids(upstream=False)
    assert raw_side < dag.get_task("await_curation").get_flat_relative_ids(upstream=True)


def test_nothing_is_published_before_the_gate_nor_reported_before_it_is_published(dag: DAG) -> None:
    line = [{"await_curation"}, {"check_curated"}, {"publish_views"}, {"reconcile", "ask_insights"}, {"write_report"}]
    for earlier, later in pairwise(line):
        for task in earlier:
            assert dag.get_task(task).downstream_task_ids - {"record_ledger"} == later
        for task in later:
            assert dag.get_task(task).trigger_rule == ("none_failed" if task == "write_report" else "all_success")


def test_the_ledger_is_recorded_after_failures_too_and_before_the_report(dag: DAG) -> None:
    record_ledger = dag.get_task("record_ledger")
    assert record_ledger.upstream_task_ids == {"await_curation"}
    assert record_ledger.downstream_task_ids == {"write_report"}
    assert record_ledger.trigger_rule == "all_done"


def test_a_failure_is_reported_by_a_task_that_leaves_the_run_failed(dag: DAG) -> None:
    report = dag.get_task("report_failure")
    assert (report.trigger_rule, report.upstream_task_ids) == ("one_failed", {"write_report"})
    assert "write_report" in {task.task_id for task in dag.tasks if task.downstream_task_ids == {"report_failure"}}


def test_every_check_file_is_run_and_its_rows_checked(dag: DAG) -> None:
    queried = {task.removeprefix("checks.query_") for task in dag.task_ids if task.startswith("checks.query_")}
    assert queried == {path.stem for path in (SQL / "checks").glob("*.sql")} == set(RAW_CHECKS)
    for name in queried:
        (sensor,) = dag.get_task(f"checks.query_{name}").downstream_task_ids
        assert sensor == f"checks.expect_no_rows_of_{name}"
    assert {path.stem for path in (SQL / "curated_checks").glob("*.sql")} == set(CURATED_CHECKS)


def test_every_view_and_insight_file_is_used() -> None:
    assert {path.stem for path in (SQL / "views").glob("*.sql")} == set(VIEWS)
    assert {path.stem for path in (SQL / "insights").glob("*.sql")} == set(INSIGHTS)


def test_the_assets_are_updated_by_the_crawl_and_by_the_published_views(dag: DAG) -> None:
    outlets = {task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks if task.outlets}
    assert outlets == {"crawl_raw": ["sales-cdc-raw-orders"], "publish_views": ["sales-cdc-curated-orders"]}


@pytest.mark.parametrize(
    ("asked", "run_type", "day", "maintains"),
    [(False, "manual", 22, "false"), (True, "manual", 25, "true"), (False, "scheduled", 22, "true"), (False, "scheduled", 23, "false")],
)  # fmt: skip
def test_files_are_compacted_on_sundays_and_when_asked_for(
    dag: DAG, asked: bool, run_type: str, day: int, maintains: str
) -> None:
    run = SimpleNamespace(run_type=run_type, start_date=datetime(2026, 11, day, tzinfo=UTC))
    task = dag.get_task("start_curation")
    arguments = task.render_template(
        task.script_args,
        {"params": {"maintain": asked}, "dag_run": run, "run_id": "manual__2026-11-22T00:00:00+00:00"},
        dag.get_template_env(),
    )
    assert arguments == {
        "--ledger_key": "ledger/curate/manual__2026-11-22T00-00-00-00-00.json",
        "--maintain": maintains,
    }


def test_insights_cover_the_days_before_the_run(dag: DAG) -> None:
    task = dag.get_task("ask_insights").prepare_for_execution()
    run = SimpleNamespace(start_date=datetime(2026, 11, 22, 23, 59, tzinfo=UTC))
    travel = {"before": "1", "columns_before": ["price"], "after": "2"}
    curated = {"attributes": ["colour"], "time_travel": travel}
    params = {"database": "lake", "days": 30}
    context = {
        "params": params,
        "dag_run": run,
        "ti": SimpleNamespace(xcom_pull=lambda task_ids: curated),
        "task": task,
    }
    task.render_template_fields(context, dag.get_template_env())
    for statement in task.statements:
        assert len(sqlglot.parse(statement, read="athena")) == 1
    assert "TIMESTAMP '2026-10-23 00:00:00'" in task.statements[0]
    assert "TIMESTAMP '2026-11-23 00:00:00'" in task.statements[0]


def test_an_order_is_compared_in_the_columns_that_it_had(dag: DAG) -> None:
    travel = {"before": "1", "columns_before": ["price"], "after": "2"}
    curated = {"attributes": ["colour"], "time_travel": travel}
    template = dag.get_template_env().get_template("report/changed_orders.sql")
    rendered = template.render(params={"database": "lake"}, ti=SimpleNamespace(xcom_pull=lambda task_ids: curated))
    assert "FOR VERSION AS OF 1" in rendered
    assert 'earlier."price" AS "before_price"' in rendered
    assert 'earlier."colour"' not in rendered
    assert 'later."colour" AS "after_colour"' in rendered


@pytest.mark.parametrize(
    ("foreign", "asked"), [({}, "quantity = 5"), ({"quantity": "string"}, "try_cast(quantity AS bigint) = 5")]
)
def test_the_brief_s_select_works_when_a_foreign_object_made_quantity_a_text(
    dag: DAG, foreign: dict[str, str], asked: str
) -> None:
    template = dag.get_template_env().get_template("seed_queries/laptops_by_five.sql")
    rendered = template.render(
        params={"database": "lake"}, ti=SimpleNamespace(xcom_pull=lambda task_ids: {"foreign_types": foreign})
    )
    assert f"product_name = 'laptop' AND {asked}" in rendered


def test_parsing_uses_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a DAG file used the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    assert not DagBag(ROOT / "dags" / "sales_cdc_batch.py").import_errors


@pytest.mark.parametrize("path", sorted(SQL.glob("*/*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_statement_begins_with_its_question(path: Path) -> None:
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
    rendered = template.render(params={"database": "sales_cdc", "probe": "^p$"}, ti=Instance())
    (statement,) = sqlglot.parse(rendered, read="athena")
    assert [row.sql() for row in statement.find(sqlglot.exp.Values).expressions] == [
        "('INSERT', 5)",
        "('MODIFY', 3)",
        "('REMOVE', 0)",
    ]


def test_arrivals_start_the_batch_too_if_the_setting_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_CDC_EVENT_DRIVEN", "on")
    schedule = batch_schedule(deployed_topology())
    (watcher,) = schedule.asset_condition.objects[0].watchers
    assert isinstance(watcher.trigger, ArrivalsTrigger)
    assert watcher.trigger.queue == "sales-cdc-arrivals"
    monkeypatch.setenv("SALES_CDC_EVENT_DRIVEN", "off")
    assert isinstance(batch_schedule(deployed_topology()), DailyTimetable)


@pytest.mark.parametrize("event_driven", ["on", "off"])
def test_a_run_for_the_future_is_refused_and_one_for_now_is_not(
    monkeypatch: pytest.MonkeyPatch, event_driven: str
) -> None:
    """Asked as Airflow's API server asks: by the DAG as it is stored."""
    monkeypatch.setenv("SALES_CDC_EVENT_DRIVEN", event_driven)
    with DAG(
        dag_id="stored", schedule=batch_schedule(deployed_topology()), start_date=datetime(2026, 1, 1, tzinfo=UTC)
    ) as dag:
        pass
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    now = datetime.now(UTC)
    for allowed in (None, now, now - timedelta(days=400), now + timedelta(minutes=1)):
        TriggerDAGRunPostBody(logical_date=allowed).validate_context(stored)
    with pytest.raises(ValueError, match=r"in the future.*no other run.*Leave the logical date empty"):
        TriggerDAGRunPostBody(logical_date=now + timedelta(days=1)).validate_context(stored)


def test_the_batch_still_runs_at_every_midnight() -> None:
    timetable = DailyTimetable("0 0 * * *", timezone="UTC")
    restriction = TimeRestriction(earliest=pendulum.datetime(2026, 1, 1), latest=None, catchup=True)
    last = DataInterval.exact(pendulum.datetime(2026, 3, 1))
    following = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
    assert following is not None
    assert following.run_after == pendulum.datetime(2026, 3, 2)

"""Test what holds for every DAG: its pages, owner, tags, limits and form."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from sales_cdc.aws.run_params import UnknownParamError
from sales_cdc.batch.timetable import DailyTimetable
from sales_cdc.dag_page.dag_defaults import WHAT_TO_DO
from sales_cdc.deployment.settings import SettingsError

from tests.dags.conftest import DAGS

NAMES = [path.stem for path in sorted(DAGS.glob("*.py"))]
WITHOUT_RETRY = {"confirm_removal", "summarise_teardown"}
ALERTS = """\
from sales_cdc_alerts_received import received
def page(context):
    received.append(context)
class Notifier:
    pass
"""


@pytest.fixture(scope="module")
def dags() -> dict[str, DAG]:
    bag = DagBag(DAGS)
    assert not bag.import_errors
    assert sorted(bag.dags) == NAMES
    return bag.dags


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_and_each_of_its_tasks_describe_what_they_do_and_what_to_do_after_a_failure(
    dags: dict[str, DAG], name: str
) -> None:
    dag = dags[name]
    assert (dag.doc_md or "").startswith("## ")
    for task in dag.tasks:
        what, _, remedy = (task.doc_md or "").rpartition("\n\n")
        assert len(what) > 40, task.task_id
        assert remedy == WHAT_TO_DO, task.task_id
    stored = DagSerialization.to_dict(dag)["dag"]["tasks"]
    assert all("doc_md" in task["__var"] or "doc_md" in task["__var"]["partial_kwargs"] for task in stored)


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_has_an_owner_tags_and_limits_and_needs_no_pool_of_its_own(dags: dict[str, DAG], name: str) -> None:
    dag = dags[name]
    assert dag.tags == {"sales-cdc"}
    assert dag.max_active_runs == 1
    assert 1 <= dag.max_active_tasks <= 16
    for task in dag.tasks:
        assert (task.owner, task.pool) == ("sales", "default_pool"), task.task_id


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_runs_only_when_triggered_but_for_the_daily_batch_and_never_catches_up(
    dags: dict[str, DAG], name: str
) -> None:
    if name == "sales_cdc_batch":
        assert isinstance(dags[name].schedule, DailyTimetable)
    else:
        assert dags[name].schedule is None
    assert not dags[name].catchup


@pytest.mark.parametrize("name", NAMES)
def test_every_task_retries_with_growing_pauses_and_has_a_time_limit(dags: dict[str, DAG], name: str) -> None:
    for task in dags[name].tasks:
        assert task.retries >= 1 or task.task_id in WITHOUT_RETRY, task.task_id
        assert task.retry_exponential_backoff or name == "sales_cdc_drill", task.task_id  # its faults last for seconds
        assert task.execution_timeout, task.task_id


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_has_at_most_120_lines(name: str) -> None:
    assert len((DAGS / f"{name}.py").read_text().splitlines()) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_the_default_arguments_hold_connection_retries_and_limits_only(dags: dict[str, DAG], name: str) -> None:
    allowed = {"aws_conn_id", "region_name", "owner", "execution_timeout", "max_retry_delay"}
    assert {key for key in dags[name].default_args if not key.startswith("retr")} <= allowed


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_dag_shows_a_configuration_that_its_form_accepts(dags: dict[str, DAG], name: str) -> None:
    shown = re.search(r"\*\*Example\s+configuration\*\*: `([^`]+)`", dags[name].doc_md or "")
    assert shown
    for param, value in json.loads(shown[1]).items():
        assert dags[name].params.get_param(param).resolve(value) == value


@pytest.mark.parametrize("name", NAMES)
def test_every_param_has_a_title_and_a_description(dags: dict[str, DAG], name: str) -> None:
    params = dags[name].params
    for param in params:
        found = params.get_param(param)
        is_hidden = found.schema.get("const") == found.value
        assert is_hidden or (found.schema.get("title") and found.description), param


def test_tasks_link_to_what_they_worked_on(dags: dict[str, DAG]) -> None:
    links = {
        task.task_id: [link.name for link in task.operator_extra_links]
        for task in dags["sales_cdc_batch"].tasks
        if task.operator_extra_links
    }
    assert links["checks.query_change_events_are_whole"] == ["Query Results"]
    assert links["checks.expect_no_rows_of_change_events_are_whole"] == ["Query Results"]
    assert links["start_curation"] == links["await_curation"] == ["AWS Glue Job Run Details"]
    assert links["crawl_raw"] == ["Crawler"]
    assert links["ask_insights"] == ["Athena queries"]
    assert links["write_report"] == links["reconcile"] == ["S3 object"]


@pytest.fixture
def alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the contexts that the module ``sales_cdc_alerts``, on the import path, was called with."""
    (tmp_path / "sales_cdc_alerts_received.py").write_text("received = []\n")
    (tmp_path / "sales_cdc_alerts.py").write_text(ALERTS)
    monkeypatch.syspath_prepend(tmp_path)
    received: list[object] = import_module("sales_cdc_alerts_received").received
    received.clear()
    return received


def test_the_function_of_the_setting_is_called_with_the_context_when_a_run_of_any_dag_fails(
    alerts: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_CDC_ON_FAILURE", "sales_cdc_alerts.page")
    bag = DagBag(DAGS)
    assert sorted(bag.dags) == NAMES
    for name in NAMES:
        bag.dags[name].on_failure_callback({"run_id": name})
    assert alerts == [{"run_id": name} for name in NAMES]


def test_nothing_is_called_without_the_setting(dags: dict[str, DAG]) -> None:
    assert [dag.on_failure_callback for dag in dags.values()] == [None] * len(NAMES)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("sales_cdc_alerts.pag", "the module sales_cdc_alerts has no pag"),
        ("no_such_module.page", r"importing no_such_module failed .*plugins folder"),
        ("sales_cdc_alerts.received", "that is not callable"),
        ("sales_cdc_alerts.Notifier", "that is a class"),
        ("page", "has to be sns, smtp, slack, or the dotted path of a function"),
    ],
)
def test_a_wrong_path_is_an_import_error_that_names_the_setting(
    alerts: list[object], monkeypatch: pytest.MonkeyPatch, path: str, complaint: str
) -> None:
    monkeypatch.setenv("SALES_CDC_ON_FAILURE", path)
    (error,) = DagBag(DAGS / "sales_cdc_reconcile.py").import_errors.values()
    assert SettingsError.__name__ in error
    assert f"SALES_CDC_ON_FAILURE is '{path}'" in error
    assert re.search(complaint, error)


@pytest.mark.parametrize("name", NAMES)
def test_every_task_is_of_a_class_of_ours_so_that_the_endpoint_guard_knows_its_sessions(
    dags: dict[str, DAG], name: str
) -> None:
    classes = [getattr(task, "operator_class", type(task)) for task in dags[name].tasks]
    assert [each for each in classes if not each.__module__.startswith("sales_cdc.")] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_param_is_refused_before_anything_is_asked_of_aws(dags: dict[str, DAG], name: str) -> None:
    run = SimpleNamespace(conf={"insert": 5})
    with pytest.raises(
        UnknownParamError, match=r"Unknown Param insert in the run's configuration; known are [a-z_, ]+\."
    ):
        dags[name].get_task("find_account").execute({"dag_run": run})  # type: ignore[attr-defined]

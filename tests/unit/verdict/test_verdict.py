"""Put the pipeline into each bad state: page, report and terminal give one true verdict, which stays until it is mended."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from fastapi import HTTPException
from rich.console import Console
from sales_cdc.batch.own_run import failing_run, passing_run
from sales_cdc.batch.report_document import with_verdict
from sales_cdc.batch.report_page import as_markdown
from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings
from sales_cdc.page.tabs import verdict as tab
from sales_cdc.verdict.evidence import BatchRuns
from sales_cdc.verdict.lake_reader import Report
from sales_cdc.verdict.matters import Acknowledgement
from sales_cdc.verdict.reading import read_evidence
from sales_cdc.verdict.verdict import Verdict, verdict_on

from tests import shipped
from tests.browser.bad_states import BAD_STATES, FAILED, RESCUED, StatefulReader, changed
from tests.browser.canned import NOW

SETTINGS = Settings.from_environment({"SALES_CDC_TARGET": "local", "SALES_CDC_EVENT_DRIVEN": "on"})
REPORT = {
    "run_id": "one", "at": "2026-11-25T12:00:00+00:00", "failed": 0, "lost": 0, "duplicates_in_raw": 0, "warnings": [],
    "lag_seconds": {"p50": 1, "p99": 2, "max": 3}, "written": {"INSERT": 0, "MODIFY": 0, "REMOVE": 0},
    "delivered": {"INSERT": 0, "MODIFY": 0, "REMOVE": 0}, "ledger": None, "curated": {}, "quarantine": {"rows": []}, "checks": [],
    "reconciliation": None, "changed_orders": [], "insights": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def status() -> ModuleType:
    return shipped.load("include/scripts/status.py")


def on_terminal(status: ModuleType, verdict: Verdict) -> str:
    out = io.StringIO()
    status.show(Console(file=out, width=1000, soft_wrap=True), verdict)
    return out.getvalue()


def of(reader: StatefulReader) -> Verdict:
    return tab.current(reader, SETTINGS)


@pytest.mark.parametrize("name", BAD_STATES)
def test_page_report_and_terminal_give_a_bad_state_the_same_verdict(name: str, status: ModuleType) -> None:
    make, state, sentence, remedy = BAD_STATES[name]
    verdict = of(make())
    assert verdict.state == state
    assert verdict.is_trustworthy is {"untrustworthy": False, "outdated": False}.get(state)
    assert sentence in verdict.sentence
    assert remedy in verdict.remedy
    shown = on_terminal(status, verdict)
    page = as_markdown(with_verdict(REPORT, verdict.as_json()))
    for words in (verdict.sentence, verdict.reason, verdict.remedy):
        assert words in shown
        assert words in page
    assert tab.shown(make(), SETTINGS)["sentence"] == verdict.sentence


@pytest.mark.parametrize(
    "name", [name for name, (_, state, *_) in BAD_STATES.items() if state in ("untrustworthy", "outdated")]
)
def test_what_a_task_reads_gives_the_same_verdict(name: str) -> None:
    reader = BAD_STATES[name][0]()
    in_airflow = reader.batch_runs()
    assert in_airflow
    states = {
        "crawl_raw": "success",
        **dict.fromkeys(in_airflow.failed_tasks, "failed"),
        "write_report": "upstream_failed",
    }
    instance = SimpleNamespace(
        dag_id="sales_cdc_batch", run_id=in_airflow.run_id, get_dag=lambda dag_id: in_airflow,
        get_task_states=lambda dag_id, run_ids: {in_airflow.run_id: states},
    )  # fmt: skip
    told = failing_run(instance, NOW) if in_airflow.failed_at else passing_run(instance)
    in_task = verdict_on(read_evidence(reader, SETTINGS, told))
    assert (in_task.state, in_task.reason, in_task.remedy) == (of(reader).state, of(reader).reason, of(reader).remedy)


def test_a_task_of_an_airflow_that_does_not_tell_knows_nothing_of_its_dag() -> None:
    def refuse(dag_id: str) -> None:
        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 404}))

    assert passing_run(SimpleNamespace(dag_id="sales_cdc_batch", get_dag=refuse)) is None
    assert passing_run(SimpleNamespace(dag_id="sales_cdc_batch")) is None


def test_tables_that_nobody_brings_up_to_date_are_right_as_of_the_last_comparison() -> None:
    said = of(BAD_STATES["paused DAG"][0]()).sentence
    assert said == "Right as of 2026-11-25 14:18:20 UTC, but not kept up to date: no batch runs by itself."
    assert of(BAD_STATES["stale reconcile"][0]()).sentence.startswith("Not up to date since")


def test_a_deployment_without_an_open_matter_is_trustworthy_as_of_its_last_comparison(status: ModuleType) -> None:
    verdict = of(StatefulReader())
    assert (verdict.state, verdict.is_trustworthy, verdict.matters) == ("trustworthy", True, [])
    assert "at 2026-11-25 14:18:20 UTC every order was the same" in verdict.sentence
    assert verdict.since == verdict.as_of == NOW - timedelta(minutes=12)
    assert verdict.sentence in on_terminal(status, verdict)


@pytest.mark.parametrize(
    ("in_flight", "said"),
    [
        (0, "the same in DynamoDB and in the tables, and nothing is open."),
        (1, "in the tables, except 1 that changed meanwhile and is compared next time, and nothing is open."),
        (30, "in the tables, except 30 that changed meanwhile and are compared next time, and nothing is open."),
    ],
)
def test_what_a_comparison_did_not_judge_is_not_called_the_same(in_flight: int, said: str) -> None:
    def not_judged(prefix: str, suffix: str, report: Report | None) -> Report | None:
        is_comparison = report is not None and prefix == bucket_keys.RECONCILE_RUNS
        return replace(report, document={**report.document, "in_flight": in_flight}) if is_comparison else report

    assert of(StatefulReader(reports=not_judged)).sentence.endswith(said)


def test_after_a_teardown_setup_is_the_one_thing_to_do_whatever_the_last_batch_did(status: ModuleType) -> None:
    verdict = of(StatefulReader("missing", runs=FAILED))
    assert (verdict.state, verdict.sentence) == ("missing", "The pipeline is not set up here yet.")
    assert [matter.id for matter in verdict.matters] == ["setup"]
    assert "make setup" in on_terminal(status, verdict)


def test_the_worst_matter_comes_first_and_the_others_are_counted_and_listed(status: ModuleType) -> None:
    verdict = of(StatefulReader("stopped", runs=replace(FAILED, is_paused=True)))
    assert verdict.state == "untrustworthy"
    assert "the pipe has stopped. 5 more matters are open." in verdict.sentence
    assert [matter.id for matter in verdict.matters] == [
        "hop-pipe",
        "failed-batch",
        "failed-records",
        "dead-letters",
        "hop-delivery",
        "paused-batch",
    ]
    shown = on_terminal(status, verdict)
    assert "Also: The last batch failed." in shown
    assert "(make batch)" in shown


def test_an_acknowledged_matter_is_kept_with_who_and_when_and_opens_again_with_newer_evidence(
    status: ModuleType,
) -> None:
    reader = StatefulReader(reports=changed("ledger/batch/", "/report.json", open=RESCUED))
    tab.acknowledged(reader, SETTINGS, "rescued-values", "Vera", " Known. ")
    assert (reader.kept[0].by, reader.kept[0].note) == ("Vera", "Known.")
    verdict = of(reader)
    assert verdict.state == "trustworthy"
    assert verdict.sentence.endswith("; 1 open matter acknowledged.")
    assert verdict.matters[0].as_json()["acknowledged"]["by"] == "Vera"
    assert "acknowledged by Vera" in on_terminal(status, verdict)
    newer = {"rescued": {**RESCUED["rescued"], "newest": "2026-11-25T08:00:00+00:00"}}
    later = StatefulReader(reports=changed("ledger/batch/", "/report.json", open=newer))
    later.kept = reader.kept
    assert of(later).state == "untrustworthy"


@pytest.mark.parametrize(
    ("name", "matter"),
    [("stopped pipe", "hop-pipe"), ("failed batch", "rescued-values"), ("paused DAG", "paused-batch")],
)
def test_a_present_state_and_a_matter_that_is_not_open_cannot_be_acknowledged(name: str, matter: str) -> None:
    reader = BAD_STATES[name][0]()
    with pytest.raises(HTTPException, match="409"):
        tab.acknowledged(reader, SETTINGS, matter, "Vera", "")
    assert reader.kept == []


def test_an_acknowledgement_survives_being_written() -> None:
    at = datetime(2026, 11, 25, 8, tzinfo=UTC)
    found = Acknowledgement("differences", "vera", at, at - timedelta(hours=1), "Known.")
    assert Acknowledgement.of(found.as_json()) == found


def test_arrivals_that_need_not_start_a_batch_need_no_rule() -> None:
    reader = BAD_STATES["disabled rule"][0]()
    off = Settings.from_environment({"SALES_CDC_TARGET": "local"})
    assert tab.current(reader, off).state == "trustworthy"


def test_a_failed_record_stays_open_whatever_the_last_batch_says() -> None:
    """After "1 failed", an empty batch once read: everything that was written was delivered."""
    empty = {"failed": 0, "written": {}, "delivered": {}, "lost": 0}
    reader = StatefulReader(
        failed=BAD_STATES["failed records"][0]().failed_records(),
        reports=changed("ledger/batch/", "/report.json", **empty),
    )
    assert "3 records failed" in of(reader).sentence


def test_a_paused_batch_of_a_deployment_that_never_ran_one_is_no_matter() -> None:
    assert of(StatefulReader("empty", runs=BatchRuns(is_paused=True))).state == "empty"


def test_every_matter_says_what_to_do() -> None:
    for make, *_ in BAD_STATES.values():
        for matter in of(make()).matters:
            found: dict[str, Any] = matter.as_json()
            assert found["title"], found
            assert found["remedy"], found

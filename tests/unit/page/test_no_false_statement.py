"""The page says nothing better than it is: what is unread, dropped, cut or not measured is never shown as good or as nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sales_cdc.page.views import reports
from sales_cdc.page.views.batch_starts import batch_starts
from sales_cdc.verdict.evidence import BatchRuns
from sales_cdc.verdict.hop import Seen
from sales_cdc.verdict.observation import Answer

from tests.browser.canned import CURATED, CannedReader
from tests.unit.page.test_tabs import judged, seen


def test_a_dropped_table_stops_the_tables_hop_after_a_batch_and_not_before_the_first() -> None:
    left = Answer({"names": [name for name in CURATED if name != "orders_current"]})
    dropped = judged(seen(tables=left))["athena"]
    assert (dropped["state"], "orders_current is gone" in dropped["reason"]) == ("stopped", True)
    assert "sales_cdc_batch" in dropped["remedy"]
    assert judged(seen(tables=left, has_report=False))["athena"]["state"] == "ok"


@pytest.mark.parametrize(("hop", "answer"), [("athena", "tables"), ("pipe", "dead_letters")])
def test_what_cannot_be_read_is_not_shown_as_nothing(hop: str, answer: str) -> None:
    found = judged(seen(**{answer: Answer(refusal="denied", message="may not read it", remedy="Let it.")}))[hop]
    assert found["state"] in ("unknown", "warn")
    assert "may not read it" in found["reason"]
    assert not any(text in fact for fact in found["facts"] for text in ("No table", "Dead letters: 0"))


def test_a_hop_without_metrics_has_no_count_and_says_why() -> None:
    busy = CannedReader().observe()
    unread = replace(busy, series={}, metrics=Answer(refusal="denied", message="may not cloudwatch:GetMetricData"))
    pipe = judged(Seen(unread, None, None, 1))["pipe"]
    assert (pipe["count"], pipe["rate"], pipe["minutes"]) == (None, None, [])
    assert "may not cloudwatch:GetMetricData" in pipe["facts"][-1]


def test_a_run_that_has_not_ended_has_no_duration_yet() -> None:
    running = judged(seen(job=Answer({"runs": [{"JobRunState": "RUNNING", "ExecutionTime": 0}]})))["job"]
    assert "Last run: RUNNING" in running["facts"]


def test_a_report_that_lacks_its_counts_claims_nothing() -> None:
    reader = CannedReader()
    found = reader.newest_report("ledger/reconcile/")
    assert found
    bare = replace(found, document={"run_id": "one"})
    assert reports.reconciliation_view(bare)["is_equal"] is None
    assert [row["missing"] for row in reports.batch_view(bare)["ledger"]] == [None, None, None]


def test_lists_of_a_report_say_of_how_many_they_are() -> None:
    found = CannedReader().newest_report("ledger/batch/")
    assert found
    view = reports.batch_view(replace(found, document={"changed_orders": [{"orderid": str(n)} for n in range(5_001)]}))
    assert (len(view["changed_orders"]), view["changed_count"]) == (20, 5_001)


@pytest.mark.parametrize(
    ("airflow", "rule", "differs", "sentence"),
    [
        (True, Answer({"State": "ENABLED"}), False, "Arrivals start batches"),
        (False, Answer({"State": "DISABLED"}), False, "by schedule and by hand"),
        (True, Answer({"State": "DISABLED"}), True, "is disabled"),
        (True, Answer(refusal="missing"), True, "is missing"),
        (False, Answer({"State": "ENABLED"}), True, "this Airflow does not read them"),
        (True, Answer(refusal="denied", message="may not"), False, "could not be read: may not"),
    ],
)
@pytest.mark.parametrize("setting", [True, False])
def test_whether_arrivals_start_batches_is_told_of_airflow_and_of_aws(
    airflow: bool, rule: Answer, differs: bool, sentence: str, setting: bool
) -> None:
    """What Airflow has parsed counts, not what this process's settings say."""
    told = batch_starts(rule, BatchRuns(is_paused=False, follows_arrivals=airflow), setting=setting)
    assert (told["airflow"], told["differs"], bool(told["remedy"])) == (airflow, differs, differs)
    assert sentence in told["sentence"]
    assert batch_starts(rule, None, setting=airflow)["differs"] is differs


def test_nothing_starts_a_batch_by_itself_while_its_dag_is_paused() -> None:
    told = batch_starts(Answer({"State": "ENABLED"}), BatchRuns(is_paused=True, follows_arrivals=True), setting=True)
    assert told["sentence"] == "Nothing starts a batch by itself: the DAG sales_cdc_batch is paused."
    assert not told["differs"]

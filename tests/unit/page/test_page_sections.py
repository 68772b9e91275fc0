"""What each part of the page says of a busy, an empty, a stopped, a missing and an unreachable pipeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sales_cdc.deployment.settings import Settings
from sales_cdc.page import sections
from sales_cdc.page.bars import summed
from sales_cdc.page.flow import flow_view
from sales_cdc.page.hops import Seen, ago
from sales_cdc.page.orders import compared, moment, versions
from sales_cdc.page.reads.observation import Answer
from sales_cdc.page.trouble import NothingYetError, trouble

from tests.browser.canned import NOW, ORDER, CannedReader

SETTINGS = Settings.from_environment({"SALES_CDC_TARGET": "local"})


def hops(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {hop["id"]: hop for hop in view["hops"]}


def seen(**changed: Answer) -> Seen:
    observation = CannedReader().observe()
    return Seen(replace(observation, answers={**observation.answers, **changed}), CannedReader().newest_changes(), CannedReader().failed_records(), 1)  # fmt: skip


def test_a_busy_pipeline_moves_with_counts_rates_and_lags() -> None:
    view = sections.flow(CannedReader("busy"), 1)
    assert (view["verdict"], view["sentence"]) == ("ok", "Every hop runs, and changes are moving.")
    pipe = hops(view)["pipe"]
    assert pipe["state"] == "ok"
    assert pipe["count"] == sum(pipe["minutes"])
    assert len(pipe["minutes"]) == 60
    assert hops(view)["delivery"]["lag_seconds"] == 1.8
    assert hops(view)["raw"]["lag_seconds"] == 4.0


def test_a_pipe_that_stopped_is_named_with_its_reason_and_what_to_do() -> None:
    view = sections.flow(CannedReader("stopped"), 1)
    pipe = hops(view)["pipe"]
    assert view["sentence"] == "The pipe stands still."
    assert pipe["state"] == "stopped"
    assert "may not kinesis:PutRecords" in pipe["reason"]
    assert "sales_cdc_setup" in pipe["remedy"]
    assert hops(view)["raw"]["reason"] == "3 records lie under errors/ instead."


def test_an_empty_pipeline_is_ready() -> None:
    view = sections.flow(CannedReader("empty"), 1)
    assert view["verdict"] == "idle"
    assert {hop["state"] for hop in view["hops"]} <= {"ok", "idle"}


def test_a_pipeline_that_was_not_set_up_says_so() -> None:
    view = sections.flow(CannedReader("missing"), 1)
    assert (view["verdict"], view["sentence"]) == ("missing", "The pipeline is not set up here yet.")
    assert "sales_cdc_setup" in view["remedy"]


@pytest.mark.parametrize(
    ("hop", "answer", "state", "reason"),
    [
        ("pipe", Answer({"CurrentState": "RUNNING", "StateReason": "Denied."}), "stopped", "Denied."),
        ("pipe", Answer({"CurrentState": "CREATE_FAILED"}), "stopped", "The pipe is CREATE_FAILED."),
        ("pipe", Answer(refusal="denied", message="not authorized"), "unknown", "not authorized"),
        ("table", Answer({"TableStatus": "ACTIVE"}), "stopped", "The table's stream is off: changes are not captured."),
        ("stream", Answer({"StreamStatus": "DELETING"}), "stopped", "The stream is DELETING."),
        ("delivery", Answer({"DeliveryStreamStatus": "CREATING_FAILED", "FailureDescription": {"Details": "No role."}}), "stopped", "No role."),
        ("crawler", Answer({"LastCrawl": {"Status": "FAILED", "ErrorMessage": "No bucket."}}), "stopped", "No bucket."),
        ("job", Answer({"runs": [{"JobRunState": "FAILED", "ErrorMessage": "Out of memory."}]}), "stopped", "Out of memory."),
        ("job", Answer(refusal="missing"), "missing", "There is no such resource."),
        ("athena", Answer({"State": "DISABLED"}), "stopped", "The work group is disabled: no query runs."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_hop_is_said_in_its_own_words(hop: str, answer: Answer, state: str, reason: str) -> None:
    found = hops(flow_view(seen(**{hop: answer})))[hop]
    assert (found["state"], found["reason"]) == (state, reason)
    assert found["remedy"]


def test_dead_letters_want_a_look() -> None:
    pipe = hops(flow_view(seen(dead_letters=Answer({"ApproximateNumberOfMessages": "2"}))))["pipe"]
    assert pipe["state"] == "warn"
    assert "2 positions" in pipe["reason"]


@pytest.mark.parametrize(("interval", "freshness", "state"), [(60, 200.0, "ok"), (1, 200.0, "warn"), (1, 2000.0, "stopped")])  # fmt: skip
def test_firehose_is_late_only_beyond_its_own_interval(interval: int, freshness: float, state: str) -> None:
    busy = CannedReader().observe()
    late = replace(busy, series={**busy.series, "freshness": [(NOW, freshness)]})
    assert hops(flow_view(Seen(late, None, None, interval)))["delivery"]["state"] == state


def test_a_metric_that_nobody_reports_any_more_is_no_lag() -> None:
    busy = CannedReader().observe()
    old = replace(busy, series={"freshness": [(NOW - timedelta(minutes=6), 2000.0)]})
    assert hops(flow_view(Seen(old, None, None, 1)))["delivery"]["lag_seconds"] is None


def test_an_orders_versions_tell_each_field_before_and_after() -> None:
    told = sections.order(CannedReader(), ORDER)["versions"]
    assert [each["event_type"] for each in told] == ["INSERT", "MODIFY", "MODIFY", "REMOVE", "INSERT"]
    changed = {field["name"]: (field["before"], field["after"]) for field in told[2]["fields"] if field["changed"]}
    assert changed == {"price": ("1249.90", "1189.00"), "order_status": ("placed", "paid")}
    assert {field["after"] for field in told[3]["fields"]} == {None}
    assert {field["before"] for field in told[4]["fields"]} == {None}
    assert [each["ended_at"] for each in told][:2] == ["2026-11-24T09:15:41.000Z", "2026-11-24T16:40:10.000Z"]


def test_a_change_that_was_delivered_twice_is_one_version() -> None:
    row = {"orderid": "a", "sequence_number": "7", "event_type": "INSERT", "creation_time": "2026-11-25T10:00:00.000Z"}
    assert len(versions([row, dict(row)])) == 1


def test_the_same_number_in_other_digits_is_no_change() -> None:
    assert [field["changed"] for field in compared({"price": "10.5"}, {"price": "10.50"})] == [False]
    assert [field["changed"] for field in compared({"price": "10.5"}, {"price": "10.51"})] == [True]


@pytest.mark.parametrize("text", ["2026-11-25 10:00:00.000", "2026-11-25T10:00:00.000Z", "2026-11-25 10:00:00.000 UTC"])
def test_times_of_both_zones_are_told_alike(text: str) -> None:
    assert moment(text) == "2026-11-25T10:00:00.000Z"


def test_values_reach_athena_as_parameters() -> None:
    reader = CannedReader()
    sections.found_orders(reader, "x' OR '1'='1")
    assert reader.asked == [("page/orders_found.sql", ("x' OR '1'='1", "x' OR '1'='1"))]


@pytest.mark.parametrize("anew", [True, False])
def test_changes_are_counted_by_the_unit_of_their_span(anew: bool) -> None:
    view = sections.changes(CannedReader(), "day", anew=anew)
    assert view["unit"] == "hour"
    assert [view["bars"][0]["at"], view["bars"][-1]["at"]] == ["2026-11-24T14:00:00.000Z", "2026-11-25T14:00:00.000Z"]
    assert len(view["bars"]) == 25
    assert view["table"] == "orders_changes"


def test_hours_days_and_insights_are_shown_as_the_last_batch_asked_them_unless_asked_anew() -> None:
    reader = CannedReader()
    views = [sections.changes(reader, "month"), sections.insight(reader, "cancellation_rate")]
    assert {(view["run_id"], view["asked_at"]) for view in views} == {("scheduled__2026-11-25T14:00:00+00:00", "2026-11-25T14:17:20+00:00")}  # fmt: skip
    assert reader.asked == []
    assert reader.recalled == [
        ("query of change_mix_by_hour", "insights/change_mix_by_hour.sql"),
        ("query of cancellation_rate", "insights/cancellation_rate.sql"),
    ]
    anew = [sections.changes(reader, "month", anew=True), sections.insight(reader, "cancellation_rate", anew=True)]
    assert {(view["run_id"], view["asked_at"]) for view in anew} == {("", NOW.isoformat())}
    assert [file for file, _ in reader.asked] == ["page/changes_over_time.sql", "insights/cancellation_rate.sql"]


def test_what_a_batch_asked_and_cannot_be_had_any_more_is_asked_now() -> None:
    class Forgetful(CannedReader):
        def answered(self, *_: Any) -> None:
            return None

    assert sections.insight(Forgetful(), "cancellation_rate")["run_id"] == ""
    assert sections.changes(Forgetful(), "day")["run_id"] == ""


def test_counts_by_hour_become_bars_of_days_with_both_kinds_of_deletes() -> None:
    names = ("modifies", "inserts", "removes_by_users", "removes_by_expiry")
    hours = [
        {"change_hour": f"{hour}:00:00.000", **dict(zip(names, counts, strict=True))}
        for hour, counts in {
            "2026-11-24 23": ("9", "9", "9", "9"), "2026-11-25 00": ("1", "2", "3", "4"), "2026-11-25 05": ("10", "20", "30", None),
        }.items()
    ]  # fmt: skip
    bars = summed(hours, "day", datetime(2026, 11, 25, tzinfo=UTC))
    assert bars == [{"at": "2026-11-25T00:00:00.000Z", "inserts": 22, "updates": 11, "deletes": 37}]


@pytest.mark.parametrize("show", [
    lambda reader: sections.changes(reader, "hour"),
    lambda reader: sections.found_orders(reader, "a"),
    lambda reader: sections.insight(reader, "cancellation_rate"),
    lambda reader: sections.ledger_runs(reader),
    *[lambda reader, name=name: sections.report(reader, name) for name in sections.REPORTS],
])  # fmt: skip
def test_what_is_not_there_yet_says_what_makes_it_appear(show: Any) -> None:
    with pytest.raises(NothingYetError) as told:
        show(CannedReader("empty"))
    assert trouble(told.value).kind == "empty"
    assert "sales_cdc_" in told.value.remedy


@pytest.mark.parametrize("name", sections.REPORTS)
def test_every_report_is_shown_and_one_that_lacks_everything_too(name: str) -> None:
    reader = CannedReader()
    assert sections.report(reader, name)["run_id"]
    found = reader.newest_report(sections.REPORTS[name][0])
    assert found
    assert sections.REPORTS[name][2](replace(found, document={"written": [], "counts": 3, "by_reason": None}))


def test_failed_records_are_counted_by_reason_with_their_orders() -> None:
    view = sections.failures(CannedReader("stopped"))
    assert [(each["reason"], each["count"]) for each in view["by_reason"]] == [
        ("price is 'ten': it has to be a number", 2), ("quantity is 12.5: it has to be a whole number", 1),
    ]  # fmt: skip
    assert view["records"][0]["orderid"] == "0c1d9e7a-44f0-4d6c-8a51-b0cf5a2f7e10"
    assert view["dead_letters"] == 3


def test_the_cost_is_the_forecast_for_what_went_through() -> None:
    view = sections.cost(CannedReader(), SETTINGS)
    assert view["changes"] == 1_003_412
    assert view["is_local"]
    assert view["services"][0]["service"] == "Kinesis"


def test_a_cloud_that_does_not_answer_is_told_with_what_to_do(client: Any) -> None:
    answer = client(reader=CannedReader("down")).get("/api/flow").json()
    assert answer["trouble"]["kind"] == "unreachable"
    assert "make cloud" in answer["trouble"]["remedy"]


def test_the_time_that_passed_is_told_in_one_unit() -> None:
    told = [ago(timedelta(seconds=seconds)) for seconds in (-5, 59, 119, 120, 7_200, 172_800)]
    assert told == ["0 s ago", "59 s ago", "119 s ago", "2 min ago", "2 h ago", "2 days ago"]

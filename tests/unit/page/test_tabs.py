"""Each tab answers for a busy, an empty, a stopped, a missing and an unreachable pipeline."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sales_cdc.deployment.settings import Settings
from sales_cdc.page.tabs import changes, flow, insights, orders, trust
from sales_cdc.page.trouble import NothingYetError, trouble
from sales_cdc.page.views.change_bars import summed
from sales_cdc.page.views.order_versions import compared
from sales_cdc.page.views.texts import moment
from sales_cdc.verdict.hop import Seen, ago
from sales_cdc.verdict.observation import Answer, Observation
from sales_cdc.verdict.pipeline_state import hops_of

from tests.browser.canned import NOW, CannedReader

SETTINGS = Settings.from_environment({"SALES_CDC_TARGET": "local"})


def hops(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {hop["id"]: hop for hop in view["hops"]}


def judged(seen: Seen) -> dict[str, dict[str, Any]]:
    return {hop.id: asdict(hop) for hop in hops_of(seen)}


def seen(*, has_report: bool = True, **changed: Answer) -> Seen:
    observation = CannedReader().observe()
    return Seen(replace(observation, answers={**observation.answers, **changed}), CannedReader().newest_changes(), CannedReader().failed_records(), 1, has_report=has_report)  # fmt: skip


def test_a_busy_pipeline_shows_counts_rates_and_lags() -> None:
    view = flow.flow(CannedReader("busy"), SETTINGS)
    assert view["batch"] is None
    pipe = hops(view)["pipe"]
    assert pipe["state"] == "ok"
    assert pipe["count"] == sum(pipe["minutes"])
    assert len(pipe["minutes"]) == 60
    assert hops(view)["delivery"]["lag_seconds"] == 1.8
    assert hops(view)["raw"]["lag_seconds"] == 4.0


def test_a_stopped_pipe_is_named_with_its_reason_and_remedy() -> None:
    view = flow.flow(CannedReader("stopped"), SETTINGS)
    pipe = hops(view)["pipe"]
    assert pipe["state"] == "stopped"
    assert "may not kinesis:PutRecords" in pipe["reason"]
    assert "sales_cdc_setup" in pipe["remedy"]
    assert hops(view)["raw"]["reason"] == "3 records are under errors/ instead."


def test_an_empty_pipeline_is_idle() -> None:
    view = flow.flow(CannedReader("empty"), SETTINGS)
    assert {hop["state"] for hop in view["hops"]} <= {"ok", "idle"}


def test_a_pipeline_that_is_not_set_up_names_the_setup_dag() -> None:
    view = flow.flow(CannedReader("missing"), SETTINGS)
    pipe = hops(view)["pipe"]
    assert (pipe["state"], "sales_cdc_setup" in pipe["remedy"]) == ("missing", True)


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
def test_a_hop_shows_the_reason_that_aws_gives(hop: str, answer: Answer, state: str, reason: str) -> None:
    found = judged(seen(**{hop: answer}))[hop]
    assert (found["state"], found["reason"]) == (state, reason)
    assert found["remedy"]


def test_dead_letters_make_the_pipe_warn() -> None:
    pipe = judged(seen(dead_letters=Answer({"ApproximateNumberOfMessages": "2"})))["pipe"]
    assert pipe["state"] == "warn"
    assert "2 positions" in pipe["reason"]


@pytest.mark.parametrize(("interval", "freshness", "state"), [(60, 200.0, "ok"), (1, 200.0, "warn"), (1, 2000.0, "stopped")])  # fmt: skip
def test_firehose_is_late_only_beyond_its_own_interval(interval: int, freshness: float, state: str) -> None:
    busy = CannedReader().observe()
    late = replace(busy, series={**busy.series, "freshness": [(NOW, freshness)]})
    assert judged(Seen(late, None, None, interval))["delivery"]["state"] == state


def test_an_old_metric_gives_no_lag() -> None:
    busy = CannedReader().observe()
    old = replace(busy, series={"freshness": [(NOW - timedelta(minutes=6), 2000.0)]})
    assert judged(Seen(old, None, None, 1))["delivery"]["lag_seconds"] is None


def test_the_same_number_in_other_digits_is_no_change() -> None:
    assert [field["changed"] for field in compared({"price": "10.5"}, {"price": "10.50"})] == [False]
    assert [field["changed"] for field in compared({"price": "10.5"}, {"price": "10.51"})] == [True]


@pytest.mark.parametrize("text", ["2026-11-25 10:00:00.000", "2026-11-25T10:00:00.000Z", "2026-11-25 10:00:00.000 UTC"])
def test_times_of_the_raw_and_the_curated_zone_get_one_form(text: str) -> None:
    assert moment(text) == "2026-11-25T10:00:00.000Z"


@pytest.mark.parametrize("refresh", [True, False])
def test_changes_are_counted_by_the_unit_of_their_span(refresh: bool) -> None:
    view = changes.changes(CannedReader(), "day", refresh=refresh)
    assert view["unit"] == "hour"
    assert [view["bars"][0]["at"], view["bars"][-1]["at"]] == ["2026-11-24T14:00:00.000Z", "2026-11-25T14:00:00.000Z"]
    assert len(view["bars"]) == 25
    assert view["table"] == "orders_changes"


def test_answers_of_the_last_batch_are_shown_unless_a_refresh_is_requested() -> None:
    reader = CannedReader()
    views = [changes.changes(reader, "month"), insights.insight(reader, "cancellation_rate")]
    assert {(view["run_id"], view["asked_at"]) for view in views} == {("scheduled__2026-11-25T14:00:00+00:00", "2026-11-25T14:17:20+00:00")}  # fmt: skip
    assert reader.asked == []
    assert reader.recalled == [
        ("query of change_mix_by_hour", "insights/change_mix_by_hour.sql"),
        ("query of cancellation_rate", "insights/cancellation_rate.sql"),
    ]
    refresh = [
        changes.changes(reader, "month", refresh=True),
        insights.insight(reader, "cancellation_rate", refresh=True),
    ]
    assert {(view["run_id"], view["asked_at"]) for view in refresh} == {("", NOW.isoformat())}
    assert [file for file, _ in reader.asked] == ["page/changes_over_time.sql", "insights/cancellation_rate.sql"]


def test_athena_is_asked_when_it_no_longer_has_the_answer_of_the_batch() -> None:
    class Forgetful(CannedReader):
        def answered(self, *_: Any) -> None:
            return None

    assert insights.insight(Forgetful(), "cancellation_rate")["run_id"] == ""
    assert changes.changes(Forgetful(), "day")["run_id"] == ""


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
    lambda reader: changes.changes(reader, "hour"),
    lambda reader: orders.found_orders(reader, "a"),
    lambda reader: insights.insight(reader, "cancellation_rate"),
    lambda reader: trust.ledger_runs(reader),
    *[lambda reader, name=name: trust.report(reader, name) for name in trust.REPORTS],
])  # fmt: skip
def test_a_missing_table_or_report_raises_an_error_that_names_the_dag_to_run(show: Any) -> None:
    with pytest.raises(NothingYetError) as raised:
        show(CannedReader("empty"))
    assert trouble(raised.value).kind == "empty"
    assert "sales_cdc_" in raised.value.remedy


@pytest.mark.parametrize("name", trust.REPORTS)
def test_every_report_is_shown_even_when_it_lacks_everything(name: str) -> None:
    reader = CannedReader()
    assert trust.report(reader, name)["run_id"]
    found = reader.newest_report(trust.REPORTS[name][0])
    assert found
    assert trust.REPORTS[name][2](replace(found, document={"written": [], "counts": 3, "by_reason": None}))


def test_failed_records_are_counted_by_reason_with_their_orders() -> None:
    view = trust.failures(CannedReader("stopped"))
    assert [(each["reason"], each["count"]) for each in view["by_reason"]] == [
        ("price is 'ten': it has to be a number", 2), ("quantity is 12.5: it has to be a whole number", 1),
    ]  # fmt: skip
    assert view["records"][0]["orderid"] == "0c1d9e7a-44f0-4d6c-8a51-b0cf5a2f7e10"
    assert view["dead_letters"] == 3


def test_the_cost_is_the_forecast_for_the_changes_so_far() -> None:
    view = trust.cost(CannedReader(), SETTINGS)
    assert view["changes"] == 1_003_412
    assert view["is_local"]
    assert view["services"][0]["service"] == "Kinesis"


def test_the_cost_of_a_young_pipeline_counts_the_batches_that_ran() -> None:
    class Young(CannedReader):
        def observe(self) -> Observation:
            seen = super().observe()
            made = Answer({"StreamCreationTimestamp": self.now() - timedelta(hours=3)})
            return replace(seen, answers={**seen.answers, "stream": made})

    def glue(reader: CannedReader) -> Decimal:
        services = trust.cost(reader, SETTINGS)["services"]
        return Decimal(next(each["amount"] for each in services if each["service"] == "Glue"))

    ran = sum(run.started_at > Young().now() - timedelta(hours=3) for run in Young().dag_runs()[0].runs)
    assert ran > 1
    assert glue(Young()) > ran * Decimal("0.19"), "a crawl of ten minutes and a job of three for each"


def test_the_cost_asks_no_query_and_without_curated_changes_says_what_makes_them(client: Any) -> None:
    reader = CannedReader()
    trust.cost(reader, SETTINGS)
    assert reader.asked == []
    found = client(reader=CannedReader("empty")).get("/api/trust/cost").json()["trouble"]
    assert (found["kind"], found["title"]) == ("empty", "There is no table of changes")
    assert "sales_cdc_batch" in found["remedy"]


def test_an_unreachable_cloud_is_shown_with_the_remedy(client: Any) -> None:
    answer = client(reader=CannedReader("down")).get("/api/flow").json()
    assert answer["trouble"]["kind"] == "unreachable"
    assert "make cloud" in answer["trouble"]["remedy"]


def test_a_passed_time_has_one_unit() -> None:
    texts = [ago(timedelta(seconds=seconds)) for seconds in (-5, 59, 119, 120, 7_200, 172_800)]
    assert texts == ["0 s ago", "59 s ago", "119 s ago", "2 min ago", "2 h ago", "2 days ago"]

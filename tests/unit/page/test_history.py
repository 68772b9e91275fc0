"""Ranges of time, and what is drawn over them: from CloudWatch, and from the ledger of the batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sales_cdc.page.reads.lake_query import Rows
from sales_cdc.page.tabs import changes, history
from sales_cdc.page.views.order_filter import FilterError
from sales_cdc.page.views.span import span_of

from tests.browser.canned import NOW, CannedReader


@pytest.mark.parametrize(
    ("name", "since", "unit", "period_seconds"),
    [
        ("hour", datetime(2026, 11, 25, 13, 30, tzinfo=UTC), "minute", 60),
        ("day", datetime(2026, 11, 24, 14, tzinfo=UTC), "hour", 300),
        ("week", datetime(2026, 11, 18, 14, tzinfo=UTC), "hour", 3600),
        ("month", datetime(2026, 10, 26, tzinfo=UTC), "day", 21_600),
    ],
)
def test_a_range_begins_with_a_whole_unit(name: str, since: datetime, unit: str, period_seconds: int) -> None:
    span = span_of(name, {}, NOW)
    assert (span.since, span.until, span.unit, span.period_seconds) == (since, NOW, unit, period_seconds)


@pytest.mark.parametrize(
    ("back", "length", "unit", "period_seconds"),
    [
        (timedelta(hours=2), timedelta(hours=2), "minute", 60),
        (timedelta(days=20), timedelta(hours=2), "minute", 300),
        (timedelta(days=70), timedelta(hours=2), "minute", 3600),
        (timedelta(days=300), timedelta(days=299), "day", 172_800),
    ],
)
def test_an_own_range_asks_for_points_that_cloudwatch_still_keeps(
    back: timedelta, length: timedelta, unit: str, period_seconds: int
) -> None:
    since = NOW - back
    span = span_of("own", {"from": f"{since:%Y-%m-%dT%H:%M}", "until": f"{since + length:%Y-%m-%dT%H:%M}"}, NOW)
    assert (span.unit, span.period_seconds) == (unit, period_seconds)
    assert (span.until - span.since).total_seconds() / period_seconds <= 1440, "of one call of GetMetricData"


@pytest.mark.parametrize(
    "asked", [{}, {"from": "2026-11-26"}, {"from": "2020-01-01"}, {"from": "2026-11-02", "until": "2026-11-01"}]
)
def test_an_own_range_that_cannot_be_is_refused_with_what_would_do(asked: dict[str, str]) -> None:
    with pytest.raises(FilterError, match=r"^from: "):
        span_of("own", asked, NOW)


@pytest.mark.parametrize("path", ["/api/metrics/century", "/api/lags/own", "/api/changes/own?from=tomorrow"])
def test_a_request_without_a_range_that_can_be_is_refused(client: Any, path: str) -> None:
    reader = CannedReader()
    assert client(reader=reader).get(path).status_code == 422
    assert reader.asked == []


def test_throughput_is_a_rate_and_a_period_without_a_sample_has_no_point() -> None:
    span = span_of("day", {}, NOW)
    view = history.metrics(CannedReader(), span)
    assert len(view["rates"]["piped"]) == 24 * 12 + 7 - 6
    assert all(140 < rate < 240 for _, rate in view["rates"]["piped"])


def test_a_lag_without_a_sample_is_none_and_no_zero() -> None:
    class NoChange(CannedReader):
        def ask(self, *asked: Any, **more: Any) -> Rows:
            return Rows(
                ["run_time", "runs", "lag_p50", "lag_p99", "lag_max"],
                ["varchar"] * 5,
                [["2026-11-25 14:00:00.000", "1", None, None, None]],
            )

    (point,) = history.lags(NoChange(), span_of("hour", {}, NOW))["points"]
    assert (point["p50"], point["p99"], point["max"]) == (None, None, None)


def test_lags_before_the_first_batch_say_that_there_is_no_ledger() -> None:
    assert history.lags(CannedReader("empty"), span_of("hour", {}, NOW))["has_ledger"] is False


@pytest.mark.parametrize(
    ("asked", "recalled"),
    [
        ({"from": "2026-11-20", "until": "2026-11-22"}, True),
        ({"from": "2026-08-01"}, False),
        ({"from": "2026-11-25T13:00"}, False),
    ],
)
def test_an_own_range_is_taken_from_the_last_batch_if_it_has_all_of_it(asked: dict[str, str], recalled: bool) -> None:
    reader = CannedReader()
    view = changes.changes(reader, span_of("own", asked, NOW))
    assert bool(view["run_id"]) is bool(reader.recalled) is recalled
    assert all(view["from"][:16] <= bar["at"] < view["until"] for bar in view["bars"])

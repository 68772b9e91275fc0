"""Test what the verdict says of comparisons that read a part of the orders each."""

from __future__ import annotations

import pytest
from sales_cdc.page.views.reports import reconciliation_view
from sales_cdc.verdict.coverage import coverage_of
from sales_cdc.verdict.lake_reader import Report

from tests.browser.bad_states import RECONCILE, StatefulReader, changed, covered
from tests.browser.canned import NOW
from tests.unit.verdict.test_verdict import of, on_terminal, status  # noqa: F401 (a fixture)


def comparing(*days: float) -> StatefulReader:
    return StatefulReader(reports=changed(RECONCILE, ".json", coverage=covered(*days)))


def test_a_verdict_on_parts_says_since_when_every_order_was_the_same(status) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    verdict = of(comparing(7))
    assert verdict.state == "trustworthy"
    assert (
        "was the same in DynamoDB and in the tables when it was last compared, at 2026-11-18 14:30:20 UTC or later"
        in verdict.sentence
    )
    shown = on_terminal(status, verdict)
    assert "part by part: part 1 at 2026-11-18 14:30:20 UTC, part 2 at 2026-11-25 14:30:20 UTC" in shown
    assert verdict.as_json()["compared"] in shown


def test_a_comparison_of_all_orders_is_said_in_one_time() -> None:
    verdict = of(comparing(*[0] * 7))
    assert "at 2026-11-25 14:18:20 UTC every order was the same" in verdict.sentence
    assert verdict.compared == "All orders were compared at 2026-11-25 14:30:20 UTC."


def test_a_part_that_is_overdue_is_named_with_its_time() -> None:
    (matter,) = of(comparing(7.6, 7.4, 9)).matters
    assert "part 1, at 2026-11-18" in matter.reason
    assert "part 3, at 2026-11-16" in matter.reason
    assert "part 2" not in matter.reason
    assert matter.since == coverage_of(comparing(9).newest_report(RECONCILE)).oldest  # type: ignore[union-attr]


@pytest.mark.parametrize("coverage", [None, {}, [], {"verified_at": ["now"], "reads_all": True}, {"verified_at": []}])
def test_a_report_without_a_usable_coverage_has_none(coverage: object) -> None:
    assert coverage_of(Report("key", NOW, {"coverage": coverage})) is None
    assert coverage_of(None) is coverage_of(Report("key", NOW, {})) is None
    assert reconciliation_view(Report("key", NOW, {"coverage": coverage}))["reads_all"] in (True, False)


def test_the_page_shows_what_a_comparison_read_and_when_each_part_was_compared() -> None:
    view = reconciliation_view(Report("key", NOW, {"coverage": covered(6)}))
    assert (view["reads_all"], view["changed"], view["reopened"]) == (False, 40, 1)
    assert [each["part"] for each in view["parts"] if each["is_new"]] == [2]
    assert view["parts"][0]["verified_at"] == "2026-11-19T14:30:20+00:00"
    former = reconciliation_view(Report("key", NOW, {}))
    assert (former["reads_all"], former["parts"], former["why"]) == (True, [], "")

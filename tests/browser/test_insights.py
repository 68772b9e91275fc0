"""Insights in a real Chromium: a title above the question, one figure instead of one bar, outliers named, "as of" once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sales_cdc.page.reads.lake_query import Rows

from tests.browser.canned import CannedReader
from tests.browser.chromium import settled
from tests.browser.page_server import serving

pytestmark = pytest.mark.browser


class FirstRows(CannedReader):
    """Each insight has one row."""

    def ask(self, file: str, params: Mapping[str, Any], values: Sequence[str] = ()) -> Rows:
        return self._cut(super().ask(file, params, values))

    def answered(self, *asked: Any) -> Rows | None:
        found = super().answered(*asked)
        return found and self._cut(found)

    def _cut(self, rows: Rows) -> Rows:
        return replace(rows, rows=rows.rows[:1])


class Outlier(FirstRows):
    """One day's value is a thousand times that of any other."""

    def _cut(self, rows: Rows) -> Rows:
        if "revenue" not in rows.columns:
            return rows
        at = rows.columns.index("revenue")
        first = [*rows.rows[0][:at], "999999999.00", *rows.rows[0][at + 1 :]]
        return replace(rows, rows=[first, *rows.rows[1:]])


@contextmanager
def opened(browser: Browser, reader: CannedReader, **settings: str) -> Iterator[Page]:
    with serving(reader, **settings) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page.goto(f"{address}#insights")
        settled(page)
        yield page
        page.close()


def test_a_title_stands_above_the_question_and_as_of_is_told_once(browser: Browser) -> None:
    with opened(browser, CannedReader()) as page:
        card = page.locator("[data-insight=cancellation_rate]")
        expect(card.locator("h3")).to_have_text("Cancelled orders")
        expect(card.locator(".question")).to_contain_text("Which share of each day")
        expect(page.get_by_text("2026-11-25 14:17:20 UTC").locator("visible=true")).to_have_count(1)
        page.get_by_role("button", name="Ask all again now").press("Enter")
        expect(page.locator(".own-origin:visible")).to_have_count(5)


def test_a_single_figure_is_a_number_and_no_chart(browser: Browser) -> None:
    with opened(browser, FirstRows()) as page:
        expect(page.locator("#part-insights .plot")).to_have_count(0)
        expect(page.locator("[data-insight=cancellation_rate] .figure")).to_contain_text("% ")
        assert Axe().run(page).violations_count == 0


def test_amounts_have_the_currency_of_the_settings_or_the_page_says_that_they_have_none(browser: Browser) -> None:
    with opened(browser, FirstRows(), currency="EUR") as page:
        expect(page.locator("[data-insight=revenue_by_product_and_day] .figure strong")).to_contain_text(" EUR")
        expect(page.locator("#part-insights .lede")).to_contain_text("Amounts are in EUR.")
        prices = page.locator("[data-insight=demand_and_prices_by_day]")
        prices.locator("summary").first.press("Enter")
        expect(prices.locator("th").last).to_have_text("highest price (EUR)")
        page.evaluate("location.hash = 'orders'")
        expect(page.locator("#orders-found .what").first).to_contain_text(" at 1,099.50 EUR")
    with opened(browser, FirstRows()) as page:
        expect(page.locator("#part-insights .lede")).to_contain_text("their currency is not known")
        expect(page.locator("#part-insights")).not_to_contain_text("EUR")


def test_an_outlier_does_not_flatten_the_others_and_is_named(browser: Browser) -> None:
    with opened(browser, Outlier()) as page:
        card = page.locator("[data-insight=revenue_by_product_and_day]")
        expect(card).to_contain_text("Beyond the scale: 2026-11-12 (1,000,")
        top = card.locator(".ytick text").last.text_content()
        assert int((top or "0").replace(",", "")) < 1_000_000

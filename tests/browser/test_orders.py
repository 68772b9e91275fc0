"""The tab Orders in a real Chromium: filters and pages are addresses, what cannot be seen is shown, and lists are saved."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sales_cdc.page.reads.lake_query import Rows

from tests.browser.canned import CannedReader
from tests.browser.canned_orders import LONG, OLD, ORDER, UNSEEN
from tests.browser.chromium import settled
from tests.browser.page_server import serving

pytestmark = pytest.mark.browser
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(CannedReader("stopped")) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(reduced_motion="reduce", viewport=WIDE)  # type: ignore[arg-type]
    page.goto(f"{address}#orders")
    settled(page)
    yield page
    page.close()


def test_without_a_filter_all_orders_are_listed_page_by_page_and_back_returns(page: Page) -> None:
    found = page.locator("#orders-found")
    expect(found.locator("h3")).to_have_text("1,414 orders changed since 2026-11-18")
    expect(found.locator(".pager")).to_contain_text("1–50 of 1,414 orders")
    found.get_by_role("link", name="Older").press("Enter")
    expect(found.locator(".pager")).to_contain_text("51–100 of 1,414 orders")
    assert page.evaluate("location.hash") == "#orders?page=2"
    page.go_back()
    expect(found.locator(".pager")).to_contain_text("1–50 of 1,414 orders")


def test_filters_are_an_address_that_fills_the_form_again(page: Page) -> None:
    page.locator(".filters summary").press("Enter")
    page.get_by_label("Last change").select_option("Deleted")
    page.get_by_label("Product, now or once").fill("laptop")
    page.get_by_role("button", name="Search").press("Enter")
    expect(page.locator("#orders-found h3")).to_have_text("9 orders found since 2026-11-18")
    assert page.evaluate("location.hash") == "#orders?type=REMOVE&product=laptop"
    page.reload()
    expect(page.get_by_label("Last change")).to_have_value("REMOVE")
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("#orders-found h3")).to_have_text("1,414 orders changed since 2026-11-18")


def test_a_list_says_what_it_did_not_look_at_and_what_it_costs_to_look_there_too(page: Page) -> None:
    found = page.locator("#orders-found")
    expect(found.locator(".older")).to_have_text(
        "Those that changed only before 2026-11-18 were not looked for. The change log has 1,000,000 older changes. "
        "Look in the last 30 days · Look in the whole history (it reads about 90 MB)"
    )
    found.get_by_role("link", name="Look in the last 30 days").press("Enter")
    expect(found.locator("h3")).to_have_text("1,414 orders changed since 2026-10-26")
    found.get_by_role("link", name="Look in the whole history").press("Enter")
    expect(found.locator("h3")).to_have_text("20,118 orders")
    assert page.evaluate("location.hash") == "#orders?range=all"
    found.get_by_role("link", name="Older").press("Enter")
    assert page.evaluate("location.hash") == "#orders?range=all&page=2"
    found.get_by_role("link", name="Only the last 7 days").press("Enter")
    expect(found.locator("h3")).to_have_text("1,414 orders changed since 2026-11-18")


def test_an_id_that_no_list_has_leads_to_its_order(page: Page) -> None:
    page.evaluate("location.hash = 'orders?q=nothing'")
    found = page.locator("#orders-found")
    expect(found).to_contain_text("No order that changed since 2026-11-18 is let through by all filters.")
    found.get_by_role("link", name="Look up the order with exactly this id").press("Enter")
    expect(page.locator("#order-shown h3.id")).to_have_text("nothing")


def test_an_order_of_long_ago_says_in_which_time_its_changes_were_looked_for(page: Page) -> None:
    page.evaluate("id => { location.hash = `orders?id=${encodeURIComponent(id)}` }", OLD)
    shown = page.locator("#order-shown")
    expect(shown).to_contain_text("2 changes since 2025-05-31")
    expect(shown).to_contain_text("Its changes from 2025-05-31 on, thirty days before its last one, were looked for.")
    shown.locator(".timeline summary").nth(1).press("Enter")
    expect(shown).to_contain_text("The first change since 2025-05-31: what was before it was not looked for.")
    shown.get_by_role("link", name="Look in the whole history").press("Enter")
    expect(shown).to_contain_text("3 changes")
    expect(shown.locator(".timeline > li").first).to_contain_text("#3")


@pytest.mark.parametrize(("state", "text", "size", "theme"), [("failed", "quantity is 12.5", WIDE, "dark"), ("quarantined", "the line is no JSON object", NARROW, "light")])  # fmt: skip
def test_records_that_became_no_row_are_listed_with_their_reason(page: Page, state: str, text: str, size: dict[str, int], theme: str) -> None:  # fmt: skip
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.evaluate("state => { location.hash = `orders?state=${state}` }", state)
    expect(page.locator("#orders-found")).to_contain_text(text)
    page.locator("#orders-found summary").first.press("Enter")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_an_order_with_many_changes_is_paged_by_address(page: Page) -> None:
    page.evaluate("id => { location.hash = `orders?id=${encodeURIComponent(id)}` }", LONG)
    shown = page.locator("#order-shown")
    expect(shown).to_contain_text("Changes 4,952–5,001 of 5,001")
    shown.get_by_role("link", name="First changes").click()
    expect(shown).to_contain_text("Changes 1–50 of 5,001")
    assert "since=2026-10-26T00%3A00%3A00%2B00%3A00&upto=50" in page.evaluate("location.hash")
    expect(shown).to_contain_text("Changes 1–50 of 5,001 since 2026-10-26")


def test_an_order_is_shown_beside_its_item_with_milliseconds_sequence_and_json(page: Page) -> None:
    page.evaluate("id => { location.hash = `orders?id=${id}` }", ORDER)
    shown = page.locator("#order-shown")
    expect(shown).to_contain_text("DynamoDB and orders differ.")
    expect(shown.locator("tr", has_text="price").first).to_contain_text("1,099.50")
    newest = shown.locator(".timeline > li").first
    expect(newest).to_contain_text("2026-11-25 14:30:20.000")
    newest.locator("summary").first.press("Enter")
    expect(newest).to_contain_text("Sequence number 5")
    newest.get_by_text("The row as JSON").press("Enter")
    expect(newest.locator("pre")).to_contain_text('"event_type": "INSERT"')


def test_what_cannot_be_seen_in_an_id_is_shown_and_the_link_still_leads_to_it(page: Page) -> None:
    link = page.locator("#orders-found a[data-id]").nth(2)
    expect(link.locator(".id")).to_have_text("evilU+202Egnp.exeU+000A U+0007")
    link.click()
    expect(page.locator("#order-shown h3.id")).to_have_text("evilU+202Egnp.exeU+000A U+0007")
    assert page.evaluate("new URLSearchParams(location.hash.split('?')[1]).get('id')") == UNSEEN


def test_a_list_is_saved_as_csv_with_whole_values(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as begun:
        page.locator("#orders-found").get_by_role("button", name="Save as CSV").click()
    begun.value.save_as(tmp_path / "orders.csv")
    with (tmp_path / "orders.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 50
    assert (rows[0]["id"], rows[0]["price"], rows[2]["id"]) == (ORDER, "1099.50", UNSEEN)


class NothingTaken(CannedReader):
    """A pipeline whose tables are made, and hold nothing."""

    def ask(self, file: str, params: Any, values: Any = ()) -> Rows:
        found = super().ask(file, params, values)
        return replace(found, rows=[]) if file in ("page/orders_changed.sql", "page/quarantined_lines.sql") else found


def test_an_empty_list_says_no_more_than_the_tables_know(browser: Browser) -> None:
    """Orders wait for the next batch: none of them was called unchanged, nor every line of theirs a change event."""
    with serving(NothingTaken("busy")) as address:
        page = browser.new_page()
        page.goto(f"{address}#orders")
        expect(page.locator("#orders-found h3")).to_have_text(
            "orders_changes has no order that changed since 2026-11-18"
        )
        page.evaluate("location.hash = 'orders?state=quarantined'")
        expect(page.locator("#orders-found")).to_contain_text("Every line since then that a batch has taken was a change event.")  # fmt: skip
        page.close()

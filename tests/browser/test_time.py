"""Ranges and the age of figures in a real Chromium: each range is an address, old figures are grey, a pause stops the questions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.canned import CannedReader
from tests.browser.chromium import settled
from tests.browser.page_server import serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(CannedReader()) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    yield page
    page.close()


@pytest.mark.parametrize("part", ["flow", "changes"])
def test_a_range_is_an_address_and_back_returns_to_the_one_before(page: Page, address: str, part: str) -> None:
    page.goto(f"{address}#{part}")
    settled(page)
    chosen = page.locator(f"#{part}-ranges [aria-current]")
    expect(chosen).to_have_text("1 hour")
    page.locator(f"#{part}-ranges").get_by_role("link", name="7 days").press("Enter")
    expect(chosen).to_have_text("7 days")
    expect(chosen).to_be_focused()
    assert page.evaluate("location.hash") == f"#{part}?range=week"
    page.go_back()
    expect(chosen).to_have_text("1 hour")


def test_an_own_range_is_entered_by_keyboard_and_fits_a_narrow_window(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}#flow")
    settled(page)
    page.locator("#flow-ranges").get_by_role("button", name="Own").press("Enter")
    expect(page.locator("#flow-ranges").get_by_label("From (UTC)")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("#flow-ranges").get_by_label("From (UTC)").fill("2026-11-20T00:00")
    page.locator("#flow-ranges").get_by_label("until (UTC)").fill("2026-11-22T00:00")
    page.locator("#flow-ranges").get_by_role("button", name="Show").press("Enter")
    settled(page)
    assert page.evaluate("location.hash") == "#flow?range=own&from=2026-11-20T00%3A00&until=2026-11-22T00%3A00"
    expect(page.locator("#throughput .plot")).to_have_attribute("aria-label", "Changes a minute, captured and delivered, 2026-11-20 00:00:00 to 2026-11-22 00:00:00")  # fmt: skip
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_old_figures_are_grey_and_a_pause_asks_for_no_new_ones(page: Page, address: str) -> None:
    page.clock.install()
    page.goto(f"{address}#trust")
    page.clock.run_for(3_000)
    expect(page.locator("#updated")).to_contain_text("Updated")
    page.get_by_role("button", name="Pause").press("Enter")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(120_000)
    assert [url for url in asked if "/api/trust" in url] == []
    expect(page.locator("#updated")).to_contain_text("Paused, updated")
    expect(page.locator("[data-trust=batch]")).to_have_class("body old")
    expect(page.locator("[data-trust=batch]")).to_have_css("text-decoration-line", "none")
    page.get_by_role("button", name="Resume").press("Enter")
    page.clock.run_for(1_000)
    expect(page.locator("[data-trust=batch]")).to_have_class("body")

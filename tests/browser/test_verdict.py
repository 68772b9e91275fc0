"""The verdict in a real Chromium: each bad state says the same on Flow and Trust, and stays until somebody acknowledges it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.bad_states import BAD_STATES
from tests.browser.chromium import settled
from tests.browser.page_server import serving

pytestmark = pytest.mark.browser
SIZES = ((1280, 800), (390, 844))


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(reduced_motion="reduce")
    yield page
    page.close()


def opened(page: Page, address: str, part: str, size: tuple[int, int] = SIZES[0], theme: str = "light") -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.goto("about:blank")
    page.goto(f"{address}#{part}")
    settled(page)


@pytest.mark.parametrize(("at", "name"), enumerate(BAD_STATES))
def test_a_bad_state_is_told_first_on_flow_and_on_trust(page: Page, at: int, name: str) -> None:
    make, _, sentence, remedy = BAD_STATES[name]
    size, theme = SIZES[at % 2], ("light", "dark")[at // 2 % 2]
    with serving(make(), event_driven=True) as address:
        for part in ("flow", "trust"):
            opened(page, address, part, size, theme)
            expect(page.locator("#verdict .title")).to_contain_text(sentence)
            expect(page.locator("#verdict")).to_contain_text(remedy)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_a_failed_batch_is_red_on_flow_and_leads_to_its_run(page: Page) -> None:
    with serving(BAD_STATES["failed batch"][0]()) as address:
        opened(page, address, "flow")
        expect(page.locator(".picture .zone.failed")).to_have_text("In batches: the last one failed")
        expect(page.get_by_role("link", name="Open the run")).to_have_attribute(
            "href", "/dags/sales_cdc_batch/runs/manual__1"
        )


def test_a_matter_is_acknowledged_by_keyboard_with_a_note(page: Page) -> None:
    with serving(BAD_STATES["rescued values"][0]()) as address:
        opened(page, address, "trust")
        page.locator("#verdict summary").press("Enter")
        page.get_by_label("may stay").press_sequentially("Known since the import")
        page.get_by_role("button", name="Acknowledge").press("Enter")
        expect(page.locator("#verdict .title")).to_contain_text("Trustworthy")
        expect(page.locator("#verdict")).to_contain_text("Acknowledged by Vera")
        expect(page.locator("#verdict")).to_contain_text("Known since the import")

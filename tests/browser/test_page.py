"""The page in a real Chromium with canned figures: wide and narrow, light and dark, by mouse and keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.canned import HOSTILE, NOW, ORDER, CannedReader
from tests.browser.chromium import PATIENCE_SECONDS, settled
from tests.browser.page_server import serving

pytestmark = pytest.mark.browser
WIDE, NARROW = (1280, 800), (390, 844)
PARTS = ("flow", f"orders?q=laptop&id={ORDER}", "changes", "insights", "trust")
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def addresses() -> Iterator[Callable[[str], str]]:
    """The page's address by the reader's mood; each mood is served once."""
    with ExitStack() as stack:
        served: dict[str, str] = {}

        def address(mood: str) -> str:
            if mood not in served:
                served[mood] = stack.enter_context(serving(CannedReader(mood)))
            return served[mood]

        yield address


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A shared context, so that plotly.js is fetched and compiled once."""
    context = browser.new_context(reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def open_page(context: BrowserContext, addresses: Callable[[str], str]) -> Iterator[Open]:
    """Opens a tab of the page; the test fails on a script error and on a refusal by the security policy."""
    complaints: list[str] = []
    pages: list[Page] = []

    def open_one(part: str, mood: str = "busy", size: tuple[int, int] = WIDE, theme: str = "light") -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on("request", lambda request: complaints.append(request.url) if "127.0.0.1" not in request.url else None)
        pages.append(page)
        page.goto(f"{addresses(mood)}#{part}")
        settled(page)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert complaints == []


@pytest.mark.parametrize(
    ("mood", "size", "theme"),
    [
        ("busy", WIDE, "light"),
        ("busy", NARROW, "dark"),
        ("stopped", WIDE, "dark"),
        ("empty", NARROW, "light"),
    ],
)
def test_every_part_is_accessible_and_fits_its_window(open_page: Open, mood: str, size: Any, theme: str) -> None:
    page = open_page("flow", mood, size, theme)
    for part in PARTS:
        page.evaluate("part => { location.hash = part }", part)
        settled(page)
        for summary in page.locator("section:not([hidden]) summary").all():
            summary.click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], part


def test_times_below_a_narrow_plot_are_level(open_page: Open) -> None:
    page = open_page("changes", "busy", NARROW, "light")
    page.evaluate("location.hash = 'changes?range=day'")
    expect(page.locator("#changes h3")).to_have_text("Changes by hour, the last 24 hours")
    settled(page)
    tilts = page.locator(".plot .xtick text").evaluate_all("all => all.map((each) => each.getCTM().b)")
    assert tilts
    assert set(tilts) == {0}


@pytest.mark.parametrize("mood", ["missing", "down"])
def test_trouble_is_accessible_and_has_a_remedy(open_page: Open, mood: str) -> None:
    page = open_page("flow", mood)
    told = {"missing": "sales_cdc_setup", "down": "make cloud"}[mood]
    expect(page.locator("#verdict")).to_contain_text(told)
    assert Axe().run(page).violations_count == 0
    button = {"missing": "Run setup", "down": "Try again"}[mood]
    for part in PARTS:
        page.evaluate("part => { location.hash = part }", part)
        expect(page.locator("#verdict")).to_contain_text(told)
        expect(page.get_by_role("button", name=button)).to_have_count(1)
        expect(page.locator(".trouble:visible")).to_have_count(0)


def test_a_stopped_hop_is_red_and_has_the_reason(open_page: Open) -> None:
    page = open_page("flow", "stopped")
    expect(page.locator(".verdict.stopped")).to_contain_text("Not trustworthy: the pipe has stopped.")
    expect(page.locator(".verdict.stopped")).to_contain_text("may not kinesis:PutRecords")
    expect(page.locator("article.hop.stopped h3")).to_have_text("Pipe")
    assert page.locator(".picture .station.stopped").count() == 1


def test_the_keyboard_alone_searches_an_order_and_compares_its_versions(open_page: Open) -> None:
    page = open_page("flow")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Orders")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Order id").focus()
    page.keyboard.type("laptop")
    page.keyboard.press("Enter")
    found = page.locator("#orders-found .list a").first
    expect(found).to_contain_text(ORDER)
    page.keyboard.press("Tab")
    while not found.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    versions = page.locator(".timeline > li")
    expect(versions).to_have_count(5)
    expect(versions.nth(1)).to_contain_text("Deleted")
    changed = versions.nth(2)
    expect(changed.locator("table")).to_be_hidden()
    changed.locator("summary").first.press("Enter")
    expect(changed).to_contain_text("1,249.90")
    expect(changed).to_contain_text("1,189.00")


def test_hostile_values_are_shown_as_text(open_page: Open) -> None:
    page = open_page(f"orders/laptop/{ORDER}")  # a link of the form that it once had
    expect(page.locator("#part-orders")).to_contain_text(HOSTILE)
    for part in ("changes", "insights"):
        page.evaluate("part => { location.hash = part }", part)
        settled(page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("main script").count() == 0


def test_failed_records_are_redriven_after_the_cost_is_confirmed(open_page: Open) -> None:
    page = open_page("trust", "stopped")
    page.get_by_role("button", name="Deliver them again").click()
    confirm = page.locator("[data-trust=failures] .confirm")
    expect(confirm).to_contain_text("on AWS about $")
    confirm.get_by_role("button", name="Start the run").click()
    expect(confirm.locator(".said")).to_contain_text(
        "Started sales_cdc_redrive, run manual__2026-11-25T14:30:20+00:00."
    )
    assert Axe().run(page).violations_count == 0


def test_runs_show_state_duration_and_the_failed_tasks_log(open_page: Open) -> None:
    page = open_page("trust", "stopped")
    batch = page.get_by_label("sales_cdc_batch", exact=True)
    for text in ("Failed", "Paused", "2 min"):
        expect(batch).to_contain_text(text)
    log = batch.get_by_role("link", name="the log of check_curated")
    expect(log).to_have_attribute("href", "/dags/sales_cdc_batch/runs/manual__batch-0/tasks/check_curated")
    expect(page.get_by_label("sales_cdc_drill", exact=True)).to_contain_text("Never run")


def test_a_paused_batch_is_started_and_unpaused_by_keyboard(open_page: Open) -> None:
    page = open_page("trust", "stopped", NARROW, "dark")
    batch = page.get_by_label("sales_cdc_batch", exact=True)
    batch.get_by_role("button", name="Start", exact=True).press("Enter")
    batch.get_by_role("checkbox").press("Space")
    assert Axe().run(page).violations_count == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    batch.get_by_role("button", name="Start the run").press("Enter")
    said = batch.locator(".said")
    expect(said).to_contain_text("Started sales_cdc_batch")
    expect(said).not_to_contain_text("is paused")
    expect(said.get_by_role("link")).to_have_attribute("target", "_top")


def test_the_theme_follows_the_system_while_the_page_is_open(open_page: Open) -> None:
    page = open_page("changes")
    light = page.locator(".plot text.ytick-text, .plot .ytick text").first.evaluate(
        "text => getComputedStyle(text).fill"
    )
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".plot .ytick text").first).not_to_have_css("fill", light)


def test_plots_are_sketched_before_plotly_has_loaded(browser: Browser) -> None:
    with serving(CannedReader()) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.route("**/plotly.min.js", lambda route: None)  # it never comes
        page.goto(f"{address}#insights")
        expect(page.locator(".sketch")).to_have_count(5)
        expect(page.locator("[data-insight=revenue_by_product_and_day] .sketch")).to_contain_text("<script>window.")
        assert page.evaluate("window.hacked") is None
        page.close()


def test_plotly_starts_only_when_every_part_has_its_answer(browser: Browser) -> None:
    """It blocks the page while it starts: an answer that came meanwhile would be shown a second later."""
    with serving(CannedReader()) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.clock.install(time=NOW)
        page.clock.pause_at(NOW + timedelta(seconds=1))
        held: list[Route] = []
        page.route("**/api/lags/*", lambda route: held.append(route))
        page.goto(f"{address}#flow?range=month")
        _run_until(page, "document.querySelector('#throughput .sketch')")
        page.clock.run_for(4_000)
        assert page.evaluate("typeof window.Plotly") == "undefined"
        held[0].continue_()
        _run_until(page, "document.querySelector('#throughput .main-svg')")
        page.close()


def _run_until(page: Page, there: str) -> None:
    """Let the page's own time pass in small steps until something is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not page.evaluate(f"Boolean({there})"):
        assert time.monotonic() < deadline, there
        page.clock.run_for(50)
        page.wait_for_timeout(20)


def test_choosing_a_span_shows_a_number_for_every_bar(open_page: Open) -> None:
    page = open_page("changes")
    page.get_by_role("link", name="24 hours").click()
    assert page.evaluate("location.hash") == "#changes?range=day"
    expect(page.locator("#changes h3")).to_have_text("Changes by hour, the last 24 hours")
    page.locator("#changes summary").click()
    expect(page.locator("#changes tbody tr")).to_have_count(25)

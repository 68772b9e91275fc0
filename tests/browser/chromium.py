"""Start Chromium for tests and screenshots without requests to other hosts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_SECONDS = 60  # for what has to appear: a busy machine is no failure
expect.set_options(timeout=PATIENCE_SECONDS * 1000)
SHOWN = "main > :not([hidden])"


def settled(page: Page) -> None:
    """Wait until the shown tab has all answers, and every plot is drawn."""
    expect(page.locator(f"{SHOWN} .skeleton")).to_have_count(0)
    expect(page.locator(f"{SHOWN} .plot:not(:has(.main-svg))")).to_have_count(0)

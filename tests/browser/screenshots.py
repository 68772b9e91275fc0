"""Take the page's pictures in ``docs/img/`` from canned figures: ``make screenshots``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")

from playwright.sync_api import Browser, sync_playwright

from tests.browser.canned import ORDER, CannedReader
from tests.browser.chromium import FLAGS, settled
from tests.browser.page_server import serving

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PICTURES = (  # name, mood, part, window, theme
    ("flow", "busy", "flow", WIDE, "light"),
    ("flow-dark", "busy", "flow", WIDE, "dark"),
    ("flow-stopped", "stopped", "flow", WIDE, "light"),
    ("flow-narrow", "busy", "flow", NARROW, "light"),
    ("orders", "busy", f"orders?q=laptop&id={ORDER}", WIDE, "light"),
    ("changes", "busy", "changes", WIDE, "light"),
    ("changes-narrow-dark", "busy", "changes", NARROW, "dark"),
    ("insights", "busy", "insights", WIDE, "light"),
    ("insights-dark", "busy", "insights", WIDE, "dark"),
    ("trust", "stopped", "trust", WIDE, "light"),
    ("trust-empty", "empty", "trust", WIDE, "dark"),
)


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        for mood in dict.fromkeys(mood for _, mood, *_ in PICTURES):
            with serving(CannedReader(mood)) as address:
                for name, _, part, window, theme in [picture for picture in PICTURES if picture[1] == mood]:
                    _take(browser, f"{address}#{part}", window, theme, folder / f"{name}.png")
        browser.close()
    return 0


def _take(browser: Browser, address: str, window: dict[str, int], theme: str, path: Path) -> None:
    page = browser.new_page(viewport=window, color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.goto(address)
    settled(page)
    page.screenshot(path=path, full_page=True)
    page.close()
    print(f"{path} {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img")))

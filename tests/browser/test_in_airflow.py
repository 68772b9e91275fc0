"""The page inside Airflow: in its navigation, behind its login, under its own policy."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sales_cdc import links

pytestmark = pytest.mark.browser
START_SECONDS = 120


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an api-server with one user, and of no cloud at all."""
    home = tmp_path_factory.mktemp("airflow")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    passwords = home / "login.json"
    passwords.write_text(json.dumps({"vera": "lantern"}))
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "vera:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }
    log = home / "api-server.log"
    with log.open("wb") as out:
        subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"], env=environment, stdout=out, stderr=out, check=True
        )
        command = [
            sys.executable,
            "-m",
            "airflow",
            "api-server",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}/api/v2/version", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"Airflow did not start:\n{log.read_text()[-2000:]}")


def test_after_the_login_the_page_opens_from_the_navigation_and_says_that_the_cloud_is_down(
    browser: Browser, airflow: str
) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{airflow}/sales-cdc/")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(airflow)
    page.get_by_label("Username").fill("vera")
    page.locator("input[type=password]").fill("lantern")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Sales CDC").click(timeout=60_000)
    inside = page.frame_locator("iframe")
    expect(inside.get_by_role("heading", name="Sales CDC")).to_be_visible(timeout=60_000)
    expect(inside.locator("#flow .trouble.unreachable")).to_contain_text("make cloud")
    expect(
        page.get_by_role("img", name="Sales CDC").or_(page.locator("img[src*='sales-cdc']")).first
    ).to_have_js_property("complete", True)
    inside.get_by_role("link", name="Trust").click()
    expect(inside.locator("[data-trust=failures] .trouble")).to_be_visible(timeout=60_000)
    assert inside.locator("body").get_attribute("data-can-redrive") == "no"
    page.goto(f"{airflow}{links.page()}")  # where a task's links lead on the local cloud
    expect(inside.get_by_role("heading", name="Sales CDC")).to_be_visible(timeout=60_000)
    page.close()

"""The page inside Airflow: in its navigation, behind its login, with the page's own security policy."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sales_cdc.dag_page import links

from tests.browser.api_server import api_server
from tests.conftest import local_environment
from tests.ports import free_port

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an api-server with one user and without a cloud: nothing listens at its endpoint."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {**local_environment(free_port()), "AIRFLOW_HOME": str(home)}
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
    with api_server(home, "vera", "viewer", "lantern", **environment) as address:
        yield address


def test_the_navigation_opens_the_page_which_reports_an_unreachable_cloud(browser: Browser, airflow: str) -> None:
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
    expect(inside.locator("#verdict")).to_contain_text("make cloud", timeout=120_000)
    expect(
        page.get_by_role("img", name="Sales CDC").or_(page.locator("img[src*='sales-cdc']")).first
    ).to_have_js_property("complete", True)
    inside.get_by_role("link", name="Trust").click()
    expect(inside.locator("#part-trust .runs")).to_be_visible(timeout=60_000)
    expect(inside.locator(".trouble:visible")).to_have_count(0)
    assert inside.locator("body").get_attribute("data-can-run-batch") == "no"
    page.wait_for_function("location.hash === '#trust'")  # Airflow's own address leads to the same part
    inside.get_by_role("link", name="Changes").click()
    page.wait_for_function("location.hash === '#changes'")
    page.go_back()
    expect(inside.locator("#part-trust")).to_be_visible()
    page.wait_for_function("location.hash === '#trust'")
    page.reload()
    expect(inside.locator("#part-trust")).to_be_visible(timeout=60_000)
    inside.locator("body").evaluate(
        "body => { body.insertAdjacentHTML('beforeend', '<a id=out target=_top href=/dags/sales_cdc_batch>out</a>') }"
    )
    inside.locator("#out").click()  # the frame may not open it by itself: Airflow's sandbox forbids it
    page.wait_for_url("**/dags/sales_cdc_batch")
    page.goto(f"{airflow}{links.page()}")  # where a task's links lead on the local cloud
    expect(inside.get_by_role("heading", name="Sales CDC")).to_be_visible(timeout=60_000)
    page.close()

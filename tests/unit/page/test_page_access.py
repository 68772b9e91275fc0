"""The page refuses strangers, users without the right, other sites and hostile values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sales_cdc.page import access
from sales_cdc.page.run_trigger import StartError

from tests.browser.canned import HOSTILE, CannedReader

PATHS = ("/", "/static/page.js", "/static/0/page.js", "/static/plotly.min.js", "/api/flow", "/api/live", "/api/changes/hour", "/api/orders?q=a",
         "/api/order?id=a", "/api/order/now?id=a", "/api/records/failed", "/api/metrics/day", "/api/lags/day", "/api/insights/cancellation_rate", "/api/trust/batch", "/api/verdict", "/api/runs")  # fmt: skip


def token_of(page: str) -> str:
    found = re.search(r'name="page-token" content="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_sees_nothing(client: Any, path: str) -> None:
    assert client(None).get(path).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_a_user_without_the_right_to_read_is_refused(client: Any, path: str) -> None:
    assert client("nobody").get(path).status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_user_who_may_read_the_batch_dag_sees_everything(client: Any, path: str) -> None:
    assert client("viewer").get(path).status_code in (200, 202)


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
@pytest.mark.parametrize("role", ["admin", None])
def test_every_answer_forbids_foreign_and_inline_scripts(client: Any, path: str, role: str | None) -> None:
    policy = client(role).get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy


def test_the_page_has_no_inline_script_or_style_and_names_no_other_host(client: Any) -> None:
    page = client().get("/").text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page) == []


def test_a_hostile_prefix_or_question_cannot_become_markup(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = [{"name": '"><script>', "question": HOSTILE}]
    monkeypatch.setattr("sales_cdc.page.tabs.insights.insight_names", lambda: hostile)
    page = client().get("/").text
    assert HOSTILE not in page
    assert "&lt;script&gt;window.hacked" in page


def test_hostile_values_are_sent_as_json_that_no_browser_sniffs(client: Any) -> None:
    answer = client().get("/api/live")
    assert HOSTILE in answer.json()["value"]["events"][2]["values"]["product_name"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["..%2Fapp.py", "%2e%2e/app.py", "page.html", "nothing.js"])
def test_no_other_file_is_served(client: Any, name: str) -> None:
    assert client().get(f"/static/{name}").status_code == 404


def test_plotly_is_served_from_its_package_compressed_and_immutable(client: Any) -> None:
    page = client()
    versioned = re.search(r'data-plotly="([^"]+)"', page.get("/").text)
    assert versioned
    answer = page.get(f"/{versioned[1]}")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert b"plotly.js v" in answer.content[:200]


Started = list[tuple[str, str, bool]]
CONFIRMED = {"up_to_dollars": "9.99"}


def headers_of(role: str) -> dict[str, str]:
    return {access.TOKEN_HEADER: access.page_token(f"the {role}"), "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize("name", ["setup", "batch", "reconcile", "repair", "redrive", "backfill", "drill"])
def test_the_page_says_what_a_run_costs_and_starts_it_in_the_users_name(
    client: Any, started: Started, name: str
) -> None:
    page = client("admin")
    token = token_of(page.get("/").text)
    plan = page.get(f"/api/start/{name}").json()["value"]
    assert (plan["dag_id"], plan["is_known"], plan["is_paused"]) == (f"sales_cdc_{name}", True, False)
    assert plan["cost"].startswith("$")
    asked = {"up_to_dollars": plan["up_to_dollars"]}
    answer = page.post(f"/api/start/{name}", headers={access.TOKEN_HEADER: token}, json=asked)
    assert answer.status_code == 200
    assert answer.json() == {
        "dag_id": f"sales_cdc_{name}",
        "run_id": "manual__1",
        "is_paused": False,
        "link": "/dags/x",
    }
    assert started == [(f"sales_cdc_{name}", "the admin", False)]


def test_a_paused_dag_is_unpaused_when_the_user_asks_for_it(client: Any, started: Started) -> None:
    page = client("admin", reader=CannedReader("stopped"))
    assert page.get("/api/start/batch").json()["value"]["is_paused"] is True
    page.post("/api/start/batch", headers=headers_of("admin"), json={**CONFIRMED, "unpause": True})
    assert started == [("sales_cdc_batch", "the admin", True)]


def test_a_run_that_costs_more_than_was_confirmed_is_not_started(client: Any, started: Started) -> None:
    answer = client("admin").post("/api/start/backfill", headers=headers_of("admin"), json={"up_to_dollars": "0.01"})
    assert answer.status_code == 409
    assert "more than you confirmed" in answer.json()["detail"]
    assert started == []


def test_a_start_without_the_pages_token_is_refused(client: Any, started: Started) -> None:
    page = client("admin")
    token = token_of(page.get("/").text)
    foreign = token_of(client("op").get("/").text)
    for headers in ({}, {access.TOKEN_HEADER: ""}, {access.TOKEN_HEADER: foreign}, {access.TOKEN_HEADER: f"9{token}"}):
        assert page.post("/api/start/redrive", headers=headers, json=CONFIRMED).status_code == 403
    crossing = {access.TOKEN_HEADER: token, "Sec-Fetch-Site": "cross-site"}
    assert page.post("/api/start/redrive", headers=crossing, json=CONFIRMED).status_code == 403
    assert started == []


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("nobody", 403), ("viewer", 403)])
def test_a_start_needs_the_right_to_trigger_the_dag(
    client: Any, started: Started, role: str | None, status: int
) -> None:
    headers = {access.TOKEN_HEADER: access.page_token(f"the {role}")}
    assert client(role).post("/api/start/redrive", headers=headers, json=CONFIRMED).status_code == status
    assert client(role).get("/api/start/redrive").status_code == status
    assert started == []


@pytest.mark.parametrize("name", ["teardown", "generate", "..%2Fbatch"])
def test_no_other_dag_can_be_started(client: Any, started: Started, name: str) -> None:
    assert client("admin").post(f"/api/start/{name}", headers=headers_of("admin"), json=CONFIRMED).status_code == 404
    assert started == []


def test_acknowledging_is_offered_to_users_who_may_run_a_batch(client: Any) -> None:
    assert 'data-can-run-batch="yes"' in client("admin").get("/").text
    assert 'data-can-run-batch="no"' in client("viewer").get("/").text


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("nobody", 403), ("viewer", 403), ("admin", 409)])
def test_acknowledging_needs_the_right_to_run_a_batch(client: Any, role: str | None, status: int) -> None:
    headers = {access.TOKEN_HEADER: access.page_token(f"the {role}")}
    asked = client(role).post("/api/acknowledge", headers=headers, json={"matter": "differences-of-nobody"})
    assert asked.status_code == status


def test_an_acknowledgement_without_the_pages_token_is_refused(client: Any) -> None:
    assert client("admin").post("/api/acknowledge", json={"matter": "differences"}).status_code == 403


def test_a_run_that_cannot_start_gives_the_reason(client: Any) -> None:
    def refuse(*asked: Any, **kwargs: Any) -> Any:
        raise StartError("Airflow does not know the DAG sales_cdc_redrive (yet).")

    answer = client("admin", start=refuse).post("/api/start/redrive", headers=headers_of("admin"), json=CONFIRMED)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "Airflow does not know the DAG sales_cdc_redrive (yet).",
    )


def test_a_page_token_is_valid_for_half_a_day_and_one_user() -> None:
    token = access.page_token("vera", clock=lambda: 1000.0)
    assert access.is_page_token(token, "vera", clock=lambda: 1000.0 + access.TOKEN_SECONDS)
    assert not access.is_page_token(token, "vera", clock=lambda: 1001.0 + access.TOKEN_SECONDS)
    assert not access.is_page_token(token, "vera", clock=lambda: 999.0)
    assert not access.is_page_token(token, "otto", clock=lambda: 1000.0)
    for forged in ("", ".", "1000", "1000.", "x.y", "1000.é", "²." + "0" * 64):
        assert not access.is_page_token(forged, "vera", clock=lambda: 1000.0)


@pytest.mark.parametrize("path", ["/api/insights/..%2Fviews%2Forders", "/api/trust/secrets", "/api/records/secret"])
def test_unknown_names_get_404(client: Any, path: str) -> None:
    assert client().get(path).status_code == 404

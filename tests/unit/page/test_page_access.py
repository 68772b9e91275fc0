"""The page refuses strangers, users without the right, other sites and hostile values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sales_cdc.page import access
from sales_cdc.page.redrive_trigger import RedriveError

from tests.browser.canned import HOSTILE, CannedReader

PATHS = ("/", "/static/page.js", "/static/0/page.js", "/static/plotly.min.js", "/api/flow", "/api/live", "/api/changes/hour", "/api/orders?q=a",
         "/api/order?id=a", "/api/insights/cancellation_rate", "/api/trust/batch", "/api/verdict")  # fmt: skip


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


def test_the_page_starts_a_redrive_for_a_user_who_may_trigger_it(client: Any, redriven: list[str]) -> None:
    page = client("admin")
    token = token_of(page.get("/").text)
    answer = page.post("/api/redrive", headers={access.TOKEN_HEADER: token, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200
    assert answer.json() == {"dag_id": "sales_cdc_redrive", "run_id": "manual__1", "is_paused": False}
    assert redriven == ["the admin"]


def test_a_redrive_without_the_pages_token_is_refused(client: Any, redriven: list[str]) -> None:
    page = client("admin")
    token = token_of(page.get("/").text)
    foreign = token_of(client("op").get("/").text)
    for headers in ({}, {access.TOKEN_HEADER: ""}, {access.TOKEN_HEADER: foreign}, {access.TOKEN_HEADER: f"9{token}"}):
        assert page.post("/api/redrive", headers=headers).status_code == 403
    crossing = {access.TOKEN_HEADER: token, "Sec-Fetch-Site": "cross-site"}
    assert page.post("/api/redrive", headers=crossing).status_code == 403
    assert page.get("/api/redrive").status_code == 405
    assert redriven == []


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("nobody", 403), ("viewer", 403)])
def test_a_redrive_needs_the_right_to_trigger(client: Any, redriven: list[str], role: str | None, status: int) -> None:
    headers = {access.TOKEN_HEADER: access.page_token(f"the {role}")}
    assert client(role).post("/api/redrive", headers=headers).status_code == status
    assert redriven == []


def test_the_button_is_offered_to_users_who_may_use_it(client: Any) -> None:
    assert 'data-can-redrive="yes"' in client("admin").get("/").text
    assert 'data-can-redrive="no"' in client("viewer").get("/").text


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("nobody", 403), ("viewer", 403), ("admin", 409)])
def test_acknowledging_needs_the_right_to_run_a_batch(client: Any, role: str | None, status: int) -> None:
    headers = {access.TOKEN_HEADER: access.page_token(f"the {role}")}
    asked = client(role).post("/api/acknowledge", headers=headers, json={"matter": "differences-of-nobody"})
    assert asked.status_code == status


def test_an_acknowledgement_without_the_pages_token_is_refused(client: Any) -> None:
    assert client("admin").post("/api/acknowledge", json={"matter": "differences"}).status_code == 403


def test_a_redrive_that_cannot_start_gives_the_reason(client: Any) -> None:
    def refuse(name: str) -> Any:
        raise RedriveError("Airflow does not know the DAG sales_cdc_redrive (yet).")

    page = client("admin", redrive=refuse)
    answer = page.post("/api/redrive", headers={access.TOKEN_HEADER: token_of(page.get("/").text)})
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


@pytest.mark.parametrize("q", ["", "%20", "a%00b", "a%0Ab", "x" * 201])
def test_a_search_text_that_can_be_no_order_is_refused(client: Any, q: str) -> None:
    reader = CannedReader()
    assert client(reader=reader).get(f"/api/orders?q={q}").status_code == 422
    assert reader.asked == []


@pytest.mark.parametrize("path", ["/api/changes/century", "/api/insights/..%2Fviews%2Forders", "/api/trust/secrets"])
def test_unknown_names_get_404(client: Any, path: str) -> None:
    assert client().get(path).status_code == 404

"""Test who is told of a failed run: Airflow's own notifiers, with what they send."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.sns import SnsHook
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG
from sales_cdc.dag_page import notifiers
from sales_cdc.dag_page.dag_defaults import failure_callback
from sales_cdc.deployment.settings import Settings, SettingsError
from slack_sdk.webhook import WebhookResponse

CONTEXT: Any = {"dag": DAG("sales_cdc_batch", schedule=None), "run_id": "scheduled__1", "reason": "task_failure"}
AWS: dict[str, Any] = {"target": "aws", "region": "eu-central-1"}


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(SnsHook, "publish_to_target", lambda _, **call: calls.append(call))
    identity = {"Account": "123456789012"}
    hook = SimpleNamespace(conn=SimpleNamespace(get_caller_identity=lambda: identity))
    monkeypatch.setattr(notifiers, "StsHook", lambda **_: hook)
    return calls


def test_a_failed_run_is_published_to_the_deployments_topic(published: list[dict[str, Any]]) -> None:
    tell = failure_callback(Settings(**AWS, on_failure="sns"))
    assert tell is not None
    tell(CONTEXT)
    (call,) = published
    assert call["target_arn"] == "arn:aws:sns:eu-central-1:123456789012:sales-cdc-alerts"
    assert call["subject"] == "sales_cdc_batch failed"
    assert call["message"].startswith("The run scheduled__1 of sales_cdc_batch failed (task_failure).")


def test_a_topic_that_is_named_is_told_without_asking_for_the_account(published: list[dict[str, Any]]) -> None:
    theirs = "arn:aws:sns:eu-central-1:123456789012:theirs"
    notifiers.AlertsTopicNotifier(Settings(**AWS, on_failure="sns", alerts_topic_arn=theirs))(CONTEXT)
    assert [call["target_arn"] for call in published] == [theirs]


def test_a_mail_is_airflows_own_notifier() -> None:
    tell = failure_callback(Settings(**AWS, on_failure="smtp", alerts_email="ops@example.com"))
    assert isinstance(tell, SmtpNotifier)
    assert (tell.to, tell.smtp_conn_id) == ("ops@example.com", "smtp_default")


def test_slack_is_airflows_own_notifier_and_tells_the_webhooks_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    accepted = WebhookResponse(url="https://hooks.slack.com/", status_code=200, body="ok", headers={})
    monkeypatch.setattr(SlackWebhookHook, "send", lambda _, **call: sent.append(call) or accepted)
    tell = failure_callback(Settings(**AWS, on_failure="slack"))
    assert isinstance(tell, SlackWebhookNotifier)
    assert tell.slack_webhook_conn_id == "slackwebhook_default"
    tell(CONTEXT)
    assert sent[0]["text"].startswith(
        "*sales_cdc_batch failed*\nThe run scheduled__1 of sales_cdc_batch failed (task_failure)."
    )


def test_slack_without_its_package_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.slack.notifications.slack_webhook", None)
    with pytest.raises(
        SettingsError, match=r"is 'slack', but .* Install apache-airflow-providers-slack on every machine"
    ):
        failure_callback(Settings(**AWS, on_failure="slack"))

"""Tell of failed runs by Airflow's own notifiers: to the topic of alerts (SNS), by mail (SMTP), or in Slack."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.sts import StsHook
from airflow.providers.amazon.aws.notifications.sns import SnsNotifier

from sales_cdc.deployment.settings import Settings, SettingsError
from sales_cdc.deployment.topology import Topology

SUBJECT = "{{ dag.dag_id }} failed"
MESSAGE = (
    "The run {{ run_id }} of {{ dag.dag_id }} failed{% if reason is defined %} ({{ reason }}){% endif %}. The last lines of the failed "
    "task's log say what was observed and what to do. The page Sales CDC in Airflow says whether the tables can be trusted."
)


class AlertsTopicNotifier(SnsNotifier):
    """Publish a failed run to the deployment's topic of alerts.

    The topic's ARN has the account, which no DAG file knows: it is asked for when a run has failed.

    Example::

        AlertsTopicNotifier(Settings.from_environment())
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            aws_conn_id=settings.aws_conn_id, region_name=settings.region, target_arn=settings.alerts_topic_arn or "",
            subject=SUBJECT, message=MESSAGE,
        )  # fmt: skip
        self.target_arn: str
        self._settings = settings

    @cached_property
    def _topic_arn(self) -> str:
        identity = StsHook(aws_conn_id=self.aws_conn_id, region_name=self.region_name).conn.get_caller_identity()
        return Topology(self._settings, identity["Account"]).alerts_topic.arn

    def notify(self, context: Any) -> None:
        self.target_arn = self.target_arn or self._topic_arn
        super().notify(context)


def by_mail(settings: Settings) -> Any:
    """Return Airflow's notifier of mail, to SALES_CDC_ALERTS_EMAIL over Airflow's connection ``smtp_default``."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(to=str(settings.alerts_email), subject=SUBJECT, html_content=MESSAGE)


def in_slack() -> Any:
    """Return Airflow's notifier of a Slack channel, over Airflow's connection ``slackwebhook_default``.

    Raises:
        SettingsError: the provider's package, which only this needs, is not installed.
    """
    try:
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
    except ImportError as error:
        raise SettingsError(
            f"SALES_CDC_ON_FAILURE is 'slack', but Airflow's package for Slack cannot be imported here ({error}). Install "
            "apache-airflow-providers-slack on every machine of Airflow's, or choose sns or smtp."
        ) from error
    return SlackWebhookNotifier(slack_webhook_conn_id="slackwebhook_default", text=f"*{SUBJECT}*\n{MESSAGE}")

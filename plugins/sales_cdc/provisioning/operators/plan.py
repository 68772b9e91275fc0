"""Look before setup touches anything: what it would do, and what stands in its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.providers.standard.utils.skipmixin import SkipMixin

from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.deployment.process import include_folder
from sales_cdc.deployment.settings import Settings
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Finding, is_go, verdict
from sales_cdc.provisioning.preflight.run import preflight


class NoGoError(AirflowFailException):
    """Something stands in setup's way; nothing was changed."""


class PlanOperator(FindAccountOperator, SkipMixin):
    """Find the account; if only a plan is wanted, log the preflight of setup and skip every task after this one.

    The preflight is that of ``make preflight``: it reads only.

    Args:
        plan_only: "True" when a plan is wanted.
        operating: the ARN of the user or role of the other DAGs; "" when it is the one of this DAG.
        monthly: says from the settings what a month costs.

    Raises:
        AccountUnknownError: the connection is missing or refused, nothing answers, or the credentials are not accepted.
        NoGoError: a plan is wanted, and something stands in setup's way; the message has each reason.

    Example::

        PlanOperator(plan_only="{{ params.plan_only }}", operating="{{ params.operating }}", monthly=monthly_cost)
    """

    template_fields = aws_template_fields("plan_only", "operating")

    def __init__(self, *, plan_only: str, operating: str, monthly: Callable[[Settings], str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan_only = plan_only
        self.operating = operating
        self.monthly = monthly

    def execute(self, context: Any) -> str:
        account = super().execute(context)
        if self.plan_only == "True":
            self._plan()
            self.skip(context["ti"], self.get_flat_relatives(upstream=False))
        return account

    def _plan(self) -> None:
        settings = Settings.from_environment()
        principals = {"operating": self.operating} if self.operating else {}
        with ReadOnlyClients(settings, self.aws_conn_id) as clients:
            found = preflight(clients, include_folder(), principals, self._log_finding)
        self.log.info("cost     %s", self.monthly(settings))
        if not is_go(found):
            raise NoGoError("\n".join(verdict(found)))
        self.log.info("%s Nothing was changed: this run only plans.", verdict(found)[0])

    def _log_finding(self, finding: Finding) -> None:
        self.log.info("%-9s%s: %s", finding.level, finding.topic, finding.text)

"""Write the verdict of a batch that failed, beside the reports of those that passed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.aws.ledger_folder import json_line
from sales_cdc.batch.own_run import failing_run
from sales_cdc.batch.report_page import failure_page
from sales_cdc.contract import bucket_keys
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.deployment.settings import Settings
from sales_cdc.verdict.reading import read_evidence
from sales_cdc.verdict.sources import DeploymentSources
from sales_cdc.verdict.verdict import verdict_on


class BatchFailedError(AirflowFailException):
    """Raised when a task of the batch has failed; the message is the verdict on the tables."""


class FailureReportOperator(AwsBaseOperator[LandingZoneHook]):
    """Write the verdict on the tables to ``ledger/batch/<run>/failure.json`` after a task of the batch has failed.

    The page and ``make status`` give the same verdict as long as no later batch passes. The task fails too: it is the DAG's last, and a run is
    as its last tasks are.

    Args:
        bucket: the name of the bucket; the verdict is written as JSON and as Markdown.
        settings: of the deployment on which the verdict is.

    Raises:
        BatchFailedError: always; the verdict is written first.

    Example::

        FailureReportOperator(task_id="report_failure", bucket=bucket, settings=settings, trigger_rule="one_failed")
    """

    aws_hook_class = LandingZoneHook
    template_fields = aws_template_fields("bucket")
    operator_extra_links = (ObjectLink(),)

    def __init__(self, *, bucket: str, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.settings = settings

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}

    def execute(self, context: Any) -> None:
        now = datetime.now(UTC)
        runs = failing_run(context["ti"], now)
        verdict = verdict_on(read_evidence(DeploymentSources(self.settings), self.settings, runs)).as_json()
        folder = bucket_keys.folder_of(bucket_keys.BATCH_RUNS, context["run_id"])
        document = {"run_id": context["run_id"], "at": now.isoformat(), "verdict": verdict}
        page = failure_page(document)
        self.hook.put_text(f"{folder}failure.md", page, "text/markdown")
        self.hook.put_text(f"{folder}failure.json", json_line(document), "application/json")
        self.written_uri = f"s3://{self.bucket}/{folder}failure.md"
        self.log.error("%s", page)
        said = " ".join(each for each in (verdict["sentence"], verdict["reason"]) if each)
        raise BatchFailedError(f"{said} The verdict is in {self.written_uri}.")

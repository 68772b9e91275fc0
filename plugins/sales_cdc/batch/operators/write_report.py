"""Write the report of a batch: as JSON, as Markdown, and into the task's log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.athena import Athena
from sales_cdc.aws.dead_letters import DeadLetterHook, StreamPositionHook
from sales_cdc.aws.errors import refusal_of
from sales_cdc.aws.heartbeat import HeartbeatHook
from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.aws.ledger_folder import json_line
from sales_cdc.batch.given_up import given_up
from sales_cdc.batch.own_run import passing_run
from sales_cdc.batch.report_document import Answer, batch_report, question_of, with_verdict
from sales_cdc.batch.report_page import as_markdown
from sales_cdc.batch.rescued_orders import RescuedOrders
from sales_cdc.batch.statements import CHANGED_ORDERS, QUARANTINED, RAW_CHECKS, RESCUED
from sales_cdc.contract import bucket_keys
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.deployment.settings import Settings
from sales_cdc.reconcile.findings import FINDINGS
from sales_cdc.reconcile.operators.reconcile import DifferencesFoundError
from sales_cdc.verdict.evidence import BatchRuns
from sales_cdc.verdict.lake_reader import Report
from sales_cdc.verdict.reading import read_evidence
from sales_cdc.verdict.sources import DeploymentSources
from sales_cdc.verdict.verdict import Verdict, verdict_on


class ReportOperator(AwsBaseOperator[AthenaHook]):
    """Write the verdict on the tables and the run's counts, checks and query results to ``ledger/batch/<run>/``.

    It reads the XComs of the batch DAG's tasks. Without a task ``reconcile`` the report has None. The verdict follows from all that is
    open in the deployment, and from whether the batch is paused, which Airflow tells the task. The task ``report_failure`` writes that of a
    run that failed.

    Args:
        bucket: the name of the bucket for the report, which is written as JSON and as Markdown.
        settings: of the deployment on which the verdict is.
        dead_letter_queue: the pipe's, by name: the report names the orders whose changes the pipe gave up on.

    Returns:
        The S3 URI of ``report.json``.

    Raises:
        DifferencesFoundError: the reconciliation found orders that differ; the report is written first.

    Example::

        ReportOperator(task_id="write_report", bucket=bucket, dead_letter_queue=queue, settings=settings, trigger_rule="none_failed")
    """

    aws_hook_class = AthenaHook
    template_fields = aws_template_fields("bucket", "dead_letter_queue")
    operator_extra_links = (ObjectLink(),)

    def __init__(self, *, bucket: str, dead_letter_queue: str, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.dead_letter_queue = dead_letter_queue
        self.settings = settings

    def execute(self, context: Any) -> str:
        lake = LandingZoneHook(bucket=self.bucket, **self._hook_parameters)
        report = self._report(lake, context["run_id"], lambda task: context["ti"].xcom_pull(task_ids=task))
        folder = bucket_keys.folder_of(bucket_keys.BATCH_RUNS, context["run_id"])
        verdict = self._verdict(f"{folder}report.json", report, passing_run(context["ti"]))
        report = with_verdict(report, verdict.as_json())
        page = as_markdown(report)
        lake.put_text(f"{folder}report.md", page, "text/markdown")
        lake.put_text(f"{folder}report.json", json_line(report), "application/json")
        self.written_uri = f"s3://{self.bucket}/{folder}report.md"
        self.log.info("The report, also in s3://%s/%sreport.md:\n%s", self.bucket, folder, page)
        for warning in report["warnings"]:
            self.log.warning(warning)
        self.log.log(logging.INFO if verdict.is_trustworthy else logging.WARNING, "%s", verdict.sentence)
        self._refuse_differences(report["reconciliation"] or {})
        self._beat()
        return f"s3://{self.bucket}/{folder}report.json"

    def _report(self, lake: LandingZoneHook, run_id: str, pull: Callable[[str], Any]) -> dict[str, Any]:
        asked = {name: query for name, query in pull("ask_insights").items() if name != RESCUED}
        answers = {name: self._answer(name, query) for name, query in asked.items()}
        rescued = RescuedOrders.of(lake.document(bucket_keys.RESCUED_ORDERS))
        raw_checks = {name: pull(f"checks.expect_no_rows_of_{name}") for name in RAW_CHECKS}
        return batch_report(
            run_id=run_id,
            at=datetime.now(UTC).isoformat(),
            delivery=pull("wait_for_delivery"),
            curated=pull("await_curation"),
            checks={**raw_checks, **pull("check_curated")},
            changed=answers.pop(CHANGED_ORDERS),
            quarantine=answers.pop(QUARANTINED),
            holding_rescued=rescued.open() if rescued else None,
            answers=answers.values(),
            reconciliation=pull("reconcile"),
            ledger=pull("record_ledger"),
            raw_table=pull("verify_raw_table"),
            given_up=self._given_up(),
        )

    def _verdict(self, key: str, report: Mapping[str, Any], runs: BatchRuns | None) -> Verdict:
        """Return the verdict on the deployment with this report as its newest."""
        evidence = read_evidence(DeploymentSources(self.settings), self.settings, runs)
        return verdict_on(replace(evidence, batch=Report(key, evidence.at, report)))

    def _given_up(self) -> list[dict[str, str]]:
        queue = DeadLetterHook(queue=self.dead_letter_queue, **self._hook_parameters)
        return given_up(queue, StreamPositionHook(**self._hook_parameters))

    def _refuse_differences(self, counts: Mapping[str, Any]) -> None:
        differing = sum(counts.get(kind, 0) for kind in FINDINGS)
        if differing and not counts.get("awaits_backfill"):
            raise DifferencesFoundError(
                f"The report is written. {differing} orders differ between DynamoDB and the curated table; "
                f"s3://{self.bucket}/{counts['report']} names them. To repair them, run the DAG sales_cdc_repair: it takes that report."
            )

    def _beat(self) -> None:
        """Note in CloudWatch that a batch passed. Where that is refused the batch is as good; the alarm of overdue batches then fires."""
        try:
            HeartbeatHook(deployment=self.settings.prefix, **self._hook_parameters).beat()
        except (ClientError, BotoCoreError) as error:
            self.log.warning(
                "The heartbeat of batches could not be put to CloudWatch (%s), so the alarm batch-overdue will fire. Let the Airflow "
                "connection's principal do cloudwatch:PutMetricData, as in 'make policies'.",
                refusal_of(error).answer,
            )

    def _answer(self, name: str, query: str) -> Answer:
        athena = Athena(self.hook.conn)
        found = athena.first_rows(query)
        return Answer(name, question_of(athena.execution(query).sql), found.columns, found.values(), query)

"""Run the curate job."""

from __future__ import annotations

import json
from typing import Any

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

from sales_cdc.batch.watermark_ledger import WatermarkHook
from sales_cdc.dag_page.links import JobRunDetailsLink


class CurateOperator(GlueJobOperator):
    """Run the Glue job that takes new raw objects into the curated tables, each object once.

    This is the provider's operator, with a link that works on the local cloud too. With ``bucket``, it gives the job the watermark: the
    job lists the folders that may hold objects which nobody has taken. Without it, and in an audit, the job lists everything.

    Args:
        bucket: the bucket with the ledger.
        audit: ``true``: list everything.

    Raises:
        AirflowException: the job could not be started, or its run failed. What it had committed stays; the next run takes the rest.

    Example::

        CurateOperator(task_id="curate", job_name=topology.job.name, script_args={"--ledger_key": "ledger/curate/run-1.json"})
    """

    operator_extra_links = (JobRunDetailsLink(),)
    template_fields = (*GlueJobOperator.template_fields, "bucket", "audit")

    def __init__(self, *, bucket: str | None = None, audit: str = "false", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.audit = audit
        # A cleared task has to run the job again, not to find its earlier run. Providers of Airflow 3.2 know no such argument.
        self.durable = False

    def execute(self, context: Any) -> Any:
        if self.bucket:
            arguments: dict[str, str] = vars(self)["script_args"]
            self.script_args = {**arguments, "--watermark": self._watermark(self.bucket)}
        return super().execute(context)

    def _watermark(self, bucket: str) -> str:
        """Return the watermark with the late hours that are noted; the job returns the keys of these notes."""
        ledger = WatermarkHook(
            bucket=bucket, aws_conn_id=self.aws_conn_id, region_name=self.region_name, verify=self.verify
        )
        late = [note for note in ledger.notes() if note.document.get("late")]
        is_damaged = any(note.document.get("damaged") for note in late)  # nobody knows where its late object is
        watermark = None if str(self.audit) == "true" or is_damaged else ledger.watermark()
        known = {} if watermark is None else watermark.document()
        hours = sorted({(day, hour) for note in late for day, hour in note.document.get("hours", [])})
        return json.dumps(known | {"late": [list(hour) for hour in hours], "notes": [note.key for note in late]})

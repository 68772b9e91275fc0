"""Run the curate job."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

from sales_cdc.dag_page.links import JobRunDetailsLink


class CurateOperator(GlueJobOperator):
    """Run the Glue job that takes new raw objects into the curated tables, each object once.

    This is the provider's operator, with a link that works on the local cloud too.

    Raises:
        AirflowException: the job could not be started, or its run failed. What it had committed stays; the next run takes the rest.

    Example::

        CurateOperator(task_id="curate", job_name=topology.job.name, script_args={"--ledger_key": "ledger/curate/run-1.json"})
    """

    operator_extra_links = (JobRunDetailsLink(),)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # A cleared task has to run the job again, not to find its earlier run. Providers of Airflow 3.2 know no such argument.
        self.durable = False

"""Runs the curate job."""

from __future__ import annotations

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

from sales_cdc.dag_page.links import JobRunDetailsLink


class CurateOperator(GlueJobOperator):
    """Run the Glue job that takes new raw objects into the curated tables, each object once.

    The provider's operator, with a link that leads somewhere on the local cloud, too.

    Raises:
        AirflowException: the job could not be started, or its run failed; what it had committed stays, and the next run takes
            the rest.
    """

    operator_extra_links = (JobRunDetailsLink(),)

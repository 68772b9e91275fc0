"""Link a task to what it worked on, in AWS's console or on the page "Sales CDC" of Airflow.

The links belong to the operators, not to the plugin. Airflow computes an operator's links where the task ran, where the id of the
query or the run is known, and stores them. It computes a plugin's links in the API server, where neither is known.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any
from urllib.parse import quote, urlsplit

from airflow.providers.amazon.aws.links.athena import AthenaQueryResultsLink
from airflow.providers.amazon.aws.links.glue import GlueJobRunDetailsLink
from airflow.providers.common.compat.sdk import BaseOperatorLink, conf

from sales_cdc.deployment.settings import Settings


class ConsoleLink(BaseOperatorLink):
    """Link to a page of AWS's console.

    ``_address`` returns its path; None while there is nothing to show.
    """

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        settings = Settings.from_environment()
        address = self._address(operator, settings.region)
        if address is None:
            return ""
        return page() if settings.console is None else f"{settings.console}{address}"

    @abstractmethod
    def _address(self, operator: Any, region: str) -> str | None: ...


class AthenaQueryLink(ConsoleLink):
    """Link to the query that a sensor waits for (``query_execution_id``)."""

    name = "Query Results"

    def _address(self, operator: Any, region: str) -> str | None:
        query = operator.query_execution_id
        return f"/athena/home?region={region}#/query-editor/history/{query}" if query else None


class AthenaHistoryLink(ConsoleLink):
    """Link to the work group's latest queries, for a task that runs several."""

    name = "Athena queries"

    def _address(self, operator: Any, region: str) -> str | None:
        return f"/athena/home?region={region}#/query-editor/history"


class CrawlerLink(ConsoleLink):
    """Link to the crawler and its runs (``crawler_name``)."""

    name = "Crawler"

    def _address(self, operator: Any, region: str) -> str | None:
        return f"/glue/home?region={region}#/v2/data-catalog/crawlers/view/{quote(operator.crawler_name, safe='')}"


class JobRunLink(ConsoleLink):
    """Link to the run of a Glue job that a sensor waits for (``job_name`` and ``run_id``)."""

    name = "AWS Glue Job Run Details"

    def _address(self, operator: Any, region: str) -> str | None:
        job, run = quote(operator.job_name, safe=""), operator.run_id
        return f"/gluestudio/home?region={region}#/job/{job}/run/{run}" if run else None


class ObjectLink(ConsoleLink):
    """Link to the object that the task wrote (``written_uri``, set by ``execute``; no link before)."""

    name = "S3 object"

    def _address(self, operator: Any, region: str) -> str | None:
        uri = getattr(operator, "written_uri", None)
        if uri is None:
            return None
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return f"/s3/object/{bucket}?region={region}&prefix={quote(key)}"


class QueryResultsLink(AthenaQueryResultsLink):
    """Link to the query's results as the provider does, or to the page where there is no console."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return _instead_of_console() or super().get_link(operator, ti_key=ti_key)


class JobRunDetailsLink(GlueJobRunDetailsLink):
    """Link to the job's run as the provider does, or to the page where there is no console."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return _instead_of_console() or super().get_link(operator, ti_key=ti_key)


def run_link(dag_id: str, run_id: str) -> str:
    """Return the path of a run in Airflow's UI."""
    return f"{mounted_at()}/dags/{dag_id}/runs/{quote(run_id, safe='')}"


def page() -> str:
    """Return the path of the page "Sales CDC", below the path that Airflow is mounted at."""
    return f"{mounted_at()}/plugin/sales-cdc"


def mounted_at() -> str:
    """Return the path that Airflow is mounted at, without its last slash; "" for the root."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


def _instead_of_console() -> str | None:
    return page() if Settings.from_environment().console is None else None

"""Read what CloudWatch has of the pipeline over a span of time, in one call."""

from __future__ import annotations

from typing import Any

from sales_cdc.page.views.span import Span
from sales_cdc.verdict.clients import DeploymentClients
from sales_cdc.verdict.observation import Series, metric_query

SHOWN = ("piped", "delivered", "freshness", "iterator_age")


class MetricHistory:
    """The metrics of one deployment. Source: Amazon CloudWatch API Reference, *GetMetricData*."""

    def __init__(self, clients: DeploymentClients) -> None:
        self._clients = clients

    def read(self, span: Span) -> dict[str, Series]:
        """Return each metric's points, oldest first; a period in which nothing was reported has none.

        Raises:
            BotoCoreError, ClientError: CloudWatch refused.
        """
        topology = self._clients.topology()
        queries = [metric_query(name, topology, span.period_seconds) for name in SHOWN]
        found: dict[str, Any] = self._clients.client("cloudwatch").get_metric_data(
            StartTime=span.since, EndTime=span.until, MetricDataQueries=queries
        )
        series = {
            each["Id"]: sorted(zip(each["Timestamps"], each["Values"], strict=True))
            for each in found["MetricDataResults"]
        }
        return {name: series.get(name, []) for name in SHOWN}

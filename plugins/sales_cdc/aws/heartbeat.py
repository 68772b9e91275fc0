"""Put and find the pipeline's own metric: a value for each batch that passed, on which the alarm of overdue batches rests."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

from sales_cdc.deployment.topology import HEARTBEAT, NAMESPACE


class HeartbeatHook(AwsGenericHook[Any]):
    """Put the heartbeat of one deployment to CloudWatch.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html

    Example::

        HeartbeatHook(deployment="sales-cdc", aws_conn_id="aws_default").beat()
    """

    def __init__(self, *, deployment: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "cloudwatch"})
        self._dimensions = [{"Name": "Deployment", "Value": deployment}]

    def beat(self) -> None:
        """Note that a batch passed now."""
        data = {"MetricName": HEARTBEAT, "Dimensions": self._dimensions, "Value": 1.0, "Unit": "Count"}
        self.conn.put_metric_data(Namespace=NAMESPACE, MetricData=[data])

    def has_begun(self) -> bool:
        """Return whether there is any heartbeat of the last two weeks."""
        found = self.conn.list_metrics(Namespace=NAMESPACE, MetricName=HEARTBEAT, Dimensions=self._dimensions)
        return bool(found["Metrics"])

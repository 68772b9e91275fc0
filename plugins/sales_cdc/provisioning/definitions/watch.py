"""Define what watches the pipeline: the topic of alerts, the alarms, and a dashboard of the same metrics.

Names and dimensions of metrics are AWS's, from these pages:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html,
https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html,
https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html,
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sales_cdc.deployment.topology import HEARTBEAT, NAMESPACE, Topology
from sales_cdc.provisioning import policies

Request = dict[str, Any]

LATE_SECONDS = 15 * 60
"""How far Firehose may be behind Kinesis, or its oldest record old, beyond its own interval."""
BATCH_HOURS = 26
"""A day, and two hours for the batch itself: by then another batch has passed."""
AT_LEAST, BELOW = "GreaterThanOrEqualToThreshold", "LessThanThreshold"


@dataclass(frozen=True)
class Watched:
    """Hold one metric and when it is wrong; ``on`` is its one dimension, a name and a value."""

    name: str
    meaning: str
    namespace: str
    metric: str
    on: tuple[str, str]
    statistic: str
    threshold: float
    comparison: str = AT_LEAST
    period_seconds: int = 60
    periods: int = 1
    missing: str = "notBreaching"


def watched(topology: Topology) -> Sequence[Watched]:
    """Return every metric that has an alarm, in the order of the flow.

    A pipe has no metric of its age: AWS publishes failed executions, and the age of what Firehose reads of the pipe's stream.
    """
    late = LATE_SECONDS + topology.settings.firehose_interval_seconds
    pipe, stream = ("PipeName", topology.pipe.name), ("StreamName", topology.stream.name)
    delivery = ("DeliveryStreamName", topology.delivery.name)
    return (
        Watched("pipe-failures", "The pipe's executions fail again and again: changes wait in the table's stream.",
                "AWS/EventBridge/Pipes", "ExecutionFailed", pipe, "Sum", 3, period_seconds=300),
        Watched("dead-letters", "The pipe gave up on changes: their positions are in the dead-letter queue. Run sales_cdc_redrive.",
                "AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName", topology.dead_letter_queue.name), "Maximum", 1),
        Watched("stream-age", "Firehose is behind the Kinesis stream.",
                "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", stream, "Maximum", 1000 * late),
        Watched("delivery-freshness", "Firehose holds changes back: the oldest is older than it may be.",
                "AWS/Firehose", "DeliveryToS3.DataFreshness", delivery, "Maximum", late),
        Watched("transformer-errors", "The transformer fails: Firehose tries again, then writes to errors/. Run sales_cdc_redrive after mending it.",
                "AWS/Lambda", "Errors", ("FunctionName", topology.transformer.name), "Sum", 1),
        Watched("batch-overdue", "No batch has passed for more than a day: the tables are outdated.",
                NAMESPACE, HEARTBEAT, ("Deployment", topology.prefix), "Sum", 1, comparison=BELOW,
                period_seconds=3600, periods=BATCH_HOURS, missing="breaching"),
    )  # fmt: skip


def alarms(topology: Topology) -> dict[str, Request]:
    """Define each alarm by CloudWatch's ``PutMetricAlarm``, by its name in the topology."""
    return {each.name: _alarm(topology, each) for each in watched(topology)}


def _alarm(topology: Topology, each: Watched) -> Request:
    name, value = each.on
    topic = [topology.alerts_topic.arn]
    return {
        "AlarmName": topology.alarm(each.name).name,
        "AlarmDescription": each.meaning,
        "Namespace": each.namespace,
        "MetricName": each.metric,
        "Dimensions": [{"Name": name, "Value": value}],
        "Statistic": each.statistic,
        "Period": each.period_seconds,
        "EvaluationPeriods": each.periods,
        "DatapointsToAlarm": each.periods,
        "Threshold": float(each.threshold),
        "ComparisonOperator": each.comparison,
        "TreatMissingData": each.missing,
        "ActionsEnabled": True,
        "AlarmActions": topic,
        "OKActions": topic,
        "Tags": topology.tag_list,
    }


def alerts_topic(topology: Topology) -> Request:
    """Define the topic of alerts by SNS's ``CreateTopic``; ``Emails`` are those that are to be subscribed."""
    email, key = topology.settings.alerts_email, topology.settings.kms_key_arn
    return {
        "TopicArn": topology.alerts_topic.arn,
        "Name": topology.alerts_topic.name,
        "Attributes": {
            "Policy": json.dumps(policies.alerts_topic_policy(topology)),
            **({"KmsMasterKeyId": key} if key else {}),
        },
        "Emails": [email] if email else [],
        "Tags": topology.tag_list,
    }


def dashboard(topology: Topology) -> Request:
    """Return a CloudWatch dashboard of the alarms and their metrics, as ``PutDashboard`` takes it.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    states = {
        "type": "alarm", "x": 0, "y": 0, "width": 24, "height": 3,
        "properties": {"title": f"{topology.prefix}: alarms", "alarms": [topology.alarm(each.name).arn for each in watched(topology)]},
    }  # fmt: skip
    plots = [_plot(topology, at, each) for at, each in enumerate(watched(topology))]
    return {"widgets": [states, *plots]}


def _plot(topology: Topology, at: int, each: Watched) -> Request:
    properties = {
        "title": each.name.replace("-", " "), "region": topology.settings.region, "view": "timeSeries",
        "stat": each.statistic, "period": each.period_seconds, "metrics": [[each.namespace, each.metric, *each.on]],
        "annotations": {"horizontal": [{"label": "alarm", "value": float(each.threshold)}]},
    }  # fmt: skip
    return {
        "type": "metric",
        "x": 8 * (at % 3),
        "y": 3 + 6 * (at // 3),
        "width": 8,
        "height": 6,
        "properties": properties,
    }

"""Grant Airflow's principals what they need of alarms, their topic and the heartbeat; pure functions of the topology."""

from __future__ import annotations

from sales_cdc.deployment.topology import NAMESPACE, Topology
from sales_cdc.provisioning.policies import Document, allow


def watching(topology: Topology) -> list[Document]:
    """Allow alarms and their topic. A list of alarms is checked against all of them; metrics are no resources.

    Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html,
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    """
    alarms = ["PutMetricAlarm", "TagResource", "ListTagsForResource", "DeleteAlarms"]
    topic = ["CreateTopic", "TagResource", "GetTopicAttributes", "SetTopicAttributes", "ListTagsForResource"]
    topic += ["ListSubscriptionsByTopic", "DeleteTopic", *(["Subscribe"] if topology.settings.alerts_email else [])]
    own = (
        [allow([f"sns:{action}" for action in topic], topology.alerts_topic.arn)] if topology.owns_alerts_topic else []
    )
    begun = [] if topology.settings.is_of_a_stack else [allow(["cloudwatch:ListMetrics"], "*"), heartbeat()]
    return [
        *own,
        allow([f"cloudwatch:{action}" for action in alarms], topology.alarm("*").arn),
        allow(["cloudwatch:DescribeAlarms"], topology.every_alarm),
        *begun,
    ]


def heartbeat() -> Document:
    """Allow values of the pipeline's own metric, and of no other.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
    """
    condition = {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
    return {**allow(["cloudwatch:PutMetricData"], "*"), "Condition": condition}

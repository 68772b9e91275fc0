"""Let S3 and EventBridge send their notices to the deployment's queues; pure functions of the topology."""

from __future__ import annotations

from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.policies import Document, document


def arrivals_queue_policy(topology: Topology) -> Document:
    """Let only the rule send to the queue.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    return document(
        {
            "Sid": "FromTheRule",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": topology.arrivals_queue.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topology.arrivals_rule.arn}},
        }
    )


def raw_events_queue_policy(topology: Topology) -> Document:
    """Let only the deployment's bucket send to the queue.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    """
    return document(
        {
            "Sid": "FromTheBucket",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": topology.raw_events_queue.arn,
            "Condition": {
                "ArnEquals": {"aws:SourceArn": topology.bucket.arn},
                "StringEquals": {"aws:SourceAccount": topology.account},
            },
        }
    )

"""Read how many messages each SQS queue holds, for CloudWatch.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local_cloud.emulator.seams import require
from local_cloud.metrics import Datum


def queue_depths(sqs: Any, clock: Callable[[], float] = time.time) -> Callable[[], list[Datum]]:
    """Return what reads the number of visible messages of every queue of MiniStack's SQS.

    Raises:
        SeamMovedError: MiniStack lacks its table of queues.
    """
    require(sqs, "_queues")

    def read() -> list[Datum]:
        now = clock()
        return [
            Datum(
                "AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName", queue["name"]), float(visible), "Count"
            )
            for _, queue in list(sqs._queues.all_items())
            for visible in [sum(message["visible_at"] <= now for message in queue["messages"])]
        ]

    return read

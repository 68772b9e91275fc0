"""The error log of a delivery stream in CloudWatch Logs, written when the destination enables it.

Source: https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html
"""

from __future__ import annotations

import json
import logging
import time

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.clients import Clients
from local_cloud.firehose.settings import PRINCIPAL, Configuration

logger = logging.getLogger(__name__)


class ErrorLog:
    """Write to the log stream that the destination names, with the destination's role."""

    def __init__(self, stream_arn: str, clients: Clients) -> None:
        self._arn, self._clients = stream_arn, clients

    def write(self, configuration: Configuration, code: str, message: str) -> None:
        """Add one event; a failure to write it goes to the cloud's own log and stops no delivery."""
        destination = configuration.destination
        if destination.log is None:
            return
        event = {
            "deliveryStreamARN": self._arn,
            "destination": f"arn:aws:s3:::{destination.bucket}",
            "deliveryStreamVersionId": int(configuration.version),
            "message": message,
            "errorCode": code,
        }
        try:
            client = self._clients.client("logs", destination.role_arn, principal=PRINCIPAL)
            client.put_log_events(
                logGroupName=destination.log.group,
                logStreamName=destination.log.stream,
                logEvents=[{"timestamp": round(time.time() * 1000), "message": json.dumps(event)}],
            )
        except (ClientError, BotoCoreError) as error:
            logger.warning("%s: no event in log group %s: %s", self._arn, destination.log.group, error)

"""Delivery errors as Firehose logs them to CloudWatch Logs, when the destination asks for it.

Source: *Monitor Amazon Data Firehose using CloudWatch Logs* in *Amazon Data Firehose Developer Guide*.
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
    """Writes to the log stream that the destination names, with the destination's role."""

    def __init__(self, stream_arn: str, clients: Clients) -> None:
        self._arn, self._clients = stream_arn, clients

    def write(self, configuration: Configuration, code: str, message: str) -> None:
        """Add one event. A log that cannot be written never stops a delivery: that is said in the cloud's own log."""
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

"""The dead-letter queue of a pipe: where it reports the records that it gave up.

A message about a stream source names the shard and the range of sequence numbers. The records themselves can be read from the
stream until they expire. Source:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from local_cloud.clients import Clients
from local_cloud.pipes.settings import PRINCIPAL, PipeSettings
from local_cloud.pipes.sources import Record

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
RECORD_TOO_OLD = "RecordAgeExceeded"
_BATCH_INFO = {"dynamodb": "DDBStreamBatchInfo", "kinesis": "KinesisBatchInfo"}


class DeadLetterQueue:
    """Write to an SQS queue or an SNS topic with the pipe's role."""

    def __init__(self, settings: PipeSettings, clients: Clients) -> None:
        self._settings, self._clients = settings, clients

    def send(self, shard_id: str, records: Sequence[Record], condition: str) -> None:
        """Send one message about consecutive records; do nothing when the pipe has no queue.

        Raises:
            botocore.exceptions.ClientError: the queue is gone, or the role may not write to it.
        """
        arn = self._settings.source.dead_letter_arn
        if arn is None:
            return
        _, _, service, region, account, name = arn.split(":", 5)
        client = self._clients.client(service, self._settings.role_arn, region=region, principal=PRINCIPAL)
        text = json.dumps(message(self._settings, shard_id, records, condition))
        if service == "sns":
            client.publish(TopicArn=arn, Message=text)
            return
        client.send_message(QueueUrl=f"{client.meta.endpoint_url}/{account}/{name}", MessageBody=text)


def message(settings: PipeSettings, shard_id: str, records: Sequence[Record], condition: str) -> dict[str, Any]:
    """Make the message about consecutive records of one shard."""
    return {
        "context": {"partnerResourceArn": settings.arn, "condition": condition},
        "version": "1.0",
        "timestamp": _moment(time.time()),
        _BATCH_INFO[settings.source.service]: {
            "shardId": shard_id,
            "startSequenceNumber": records[0].sequence_number,
            "endSequenceNumber": records[-1].sequence_number,
            "approximateArrivalOfFirstRecord": _moment(records[0].created),
            "approximateArrivalOfLastRecord": _moment(records[-1].created),
            "batchSize": len(records),
            "streamArn": settings.source.arn,
        },
    }


def _moment(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

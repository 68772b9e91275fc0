"""Take the notices of new raw objects from their queue: the run that takes them reads the objects."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from botocore.exceptions import ClientError

MAX_MESSAGES = 10  # SQS's limit for one call
WAIT_SECONDS = 1  # a long poll asks every server of the queue, a short one only some


class TakeNoticesOperator(AwsBaseOperator[SqsHook]):
    """Delete the notices of raw objects that exist when the run begins; the run curates all of these objects.

    Only a run deletes notices. Those that arrive while the batch is paused stay, for a day, and start it when it is unpaused.

    Args:
        notices_queue: the name of the queue.

    Returns:
        How many notices there were; 0 where setup has not made the queue.

    Example::

        TakeNoticesOperator(task_id="take_notices", notices_queue=topology.arrivals_queue.name)
    """

    aws_hook_class = SqsHook
    template_fields = aws_template_fields("notices_queue")

    def __init__(self, *, notices_queue: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.notices_queue = notices_queue

    def execute(self, context: Any) -> int:
        sqs = self.hook.conn
        try:
            url = sqs.get_queue_url(QueueName=self.notices_queue)["QueueUrl"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in {
                "QueueDoesNotExist",
                "AWS.SimpleQueueService.NonExistentQueue",
            }:
                raise
            return 0
        taken = 0
        asked = {"QueueUrl": url, "MaxNumberOfMessages": MAX_MESSAGES, "WaitTimeSeconds": WAIT_SECONDS}
        while messages := sqs.receive_message(**asked).get("Messages", []):
            entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            taken += len(messages)
        self.log.info("Took %s notices of new raw objects.", taken)
        return taken

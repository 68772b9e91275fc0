"""Stop the pipe while the delivery stream is made or replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.aws.task_errors import resource_errors
from sales_cdc.provisioning.resources.delivery_stream import DeliveryStreamHook
from sales_cdc.provisioning.resources.pipe import PipeHook


class HoldFlowOperator(AwsBaseOperator[PipeHook]):
    """Stop the pipe when the delivery stream is missing or has to be replaced.

    A new delivery stream reads Kinesis from LATEST, the moment of its creation: what comes before that is not delivered. A stopped pipe
    leaves changes in the table's stream, and goes on with them when setup starts it again.
    Source: https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html

    Args:
        definition: the delivery stream's definition.
        pipe: the pipe's name.
        owner_tags: the tags of this deployment's resources; another pipe is left alone.
        verify_only: a CloudFormation stack made the resources: change nothing.

    Returns:
        Whether the pipe was stopped.

    Raises:
        ResourceError: AWS refused, or the pipe did not stop.
    """

    aws_hook_class = PipeHook
    template_fields = aws_template_fields("definition", "pipe", "owner_tags")

    def __init__(
        self,
        *,
        definition: Mapping[str, Any],
        pipe: str,
        owner_tags: Mapping[str, str],
        verify_only: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.verify_only = verify_only
        self.definition = definition
        self.pipe = pipe
        self.owner_tags = owner_tags

    def execute(self, context: Any) -> bool:
        with resource_errors(f"Could not stop the {self.hook.kind} '{self.pipe}'"):
            if self.verify_only or not (self._is_running() and self._begins_anew()):
                return False
            self.hook.stop(self.pipe)
        self.log.warning(
            "The delivery stream '%s' is made anew and delivers only what reaches Kinesis after that: the pipe '%s' is stopped until then. "
            "Changes that were in Kinesis already are not delivered. Run sales_cdc_reconcile after this setup, and "
            "sales_cdc_repair if it names orders.",
            self.definition["DeliveryStreamName"], self.pipe,
        )  # fmt: skip
        return True

    def _is_running(self) -> bool:
        found = self.hook.find(self.pipe)
        return (
            found is not None
            and self.hook.is_ours(found, self.owner_tags)
            and found.description["CurrentState"] == "RUNNING"
        )

    def _begins_anew(self) -> bool:
        streams = DeliveryStreamHook(**self._hook_parameters)
        found = streams.find(self.definition["DeliveryStreamName"])
        return found is None or streams.must_be_replaced(found, self.definition)

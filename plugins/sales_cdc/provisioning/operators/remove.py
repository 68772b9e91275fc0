"""Removes what setup made, and only that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from botocore.exceptions import ClientError

from sales_cdc.aws.explained import explained
from sales_cdc.provisioning.resources.bucket import BucketHook
from sales_cdc.provisioning.resources.classifier import ClassifierHook
from sales_cdc.provisioning.resources.crawler import CrawlerHook
from sales_cdc.provisioning.resources.database import DatabaseHook
from sales_cdc.provisioning.resources.delivery_stream import DeliveryStreamHook
from sales_cdc.provisioning.resources.function import FunctionHook
from sales_cdc.provisioning.resources.job import JobHook
from sales_cdc.provisioning.resources.log_group import LogGroupHook
from sales_cdc.provisioning.resources.pipe import PipeHook
from sales_cdc.provisioning.resources.queue import QueueHook
from sales_cdc.provisioning.resources.resource import Found, ResourceHook
from sales_cdc.provisioning.resources.role import RoleHook
from sales_cdc.provisioning.resources.rule import RuleHook
from sales_cdc.provisioning.resources.security_configuration import SecurityConfigurationHook
from sales_cdc.provisioning.resources.stream import StreamHook
from sales_cdc.provisioning.resources.table import TableHook
from sales_cdc.provisioning.resources.workgroup import WorkGroupHook


class RemoveOperator(AwsBaseOperator[ResourceHook]):
    """One resource, removed with all that is in it, when it carries ``owner_tags``.

    Args:
        resource: its name.
        owner_tags: the tags that tell whose a resource is.

    Returns:
        ``name`` and ``action``: ``removed``, ``absent`` (there was none) or ``left`` (it is not ours).

    Raises:
        ResourceError: AWS refused, or the resource did not go.
    """

    template_fields = aws_template_fields("resource", "owner_tags")

    def __init__(self, *, resource: str, owner_tags: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.resource = resource
        self.owner_tags = owner_tags

    def execute(self, context: Any) -> dict[str, str]:
        with explained(f"Could not remove the {self.hook.kind} '{self.resource}'"):
            found = self.hook.find(self.resource)
            if found is None:
                return self._outcome("absent")
            if not self.hook.is_ours(found, self.owner_tags):
                self.log.warning(
                    "Left the %s '%s' as it is: setup did not make it (its tags are %s).",
                    self.hook.kind, self.resource, dict(found.tags),
                )  # fmt: skip
                return self._outcome("left")
            self._delete(found)
            self.hook.wait_until_gone(self.resource)
        return self._outcome("removed")

    def _delete(self, found: Found) -> None:
        """Fine, too, when somebody else was faster."""
        try:
            self.hook.delete(found)
        except ClientError as error:
            if not self.hook.means_absent(error):
                raise

    def _outcome(self, action: str) -> dict[str, str]:
        return {"name": self.resource, "action": action}


class RemoveBucketOperator(RemoveOperator):
    """The bucket, with every version of every object."""

    aws_hook_class = BucketHook


class RemoveDatabaseOperator(RemoveOperator):
    """The Glue database, with its tables and views."""

    aws_hook_class = DatabaseHook


class RemoveClassifierOperator(RemoveOperator):
    """The Glue classifier."""

    aws_hook_class = ClassifierHook


class RemoveCrawlerOperator(RemoveOperator):
    """The Glue crawler, stopped first."""

    aws_hook_class = CrawlerHook


class RemoveJobOperator(RemoveOperator):
    """The Glue Spark job."""

    aws_hook_class = JobHook


class RemoveSecurityConfigurationOperator(RemoveOperator):
    """The Glue security configuration."""

    aws_hook_class = SecurityConfigurationHook


class RemoveWorkGroupOperator(RemoveOperator):
    """The Athena work group, with its history."""

    aws_hook_class = WorkGroupHook


class RemoveRoleOperator(RemoveOperator):
    """An IAM role, with its policy."""

    aws_hook_class = RoleHook


class RemoveLogGroupOperator(RemoveOperator):
    """A CloudWatch log group, with its lines."""

    aws_hook_class = LogGroupHook


class RemoveStreamOperator(RemoveOperator):
    """The Kinesis stream."""

    aws_hook_class = StreamHook


class RemoveFunctionOperator(RemoveOperator):
    """The Lambda function."""

    aws_hook_class = FunctionHook


class RemoveDeliveryStreamOperator(RemoveOperator):
    """The Firehose delivery stream."""

    aws_hook_class = DeliveryStreamHook


class RemoveTableOperator(RemoveOperator):
    """The DynamoDB table, with its orders; its protection against deletion is lifted."""

    aws_hook_class = TableHook


class RemoveQueueOperator(RemoveOperator):
    """The SQS queue."""

    aws_hook_class = QueueHook


class RemovePipeOperator(RemoveOperator):
    """The EventBridge pipe."""

    aws_hook_class = PipeHook


class RemoveRuleOperator(RemoveOperator):
    """The EventBridge rule, with its targets."""

    aws_hook_class = RuleHook

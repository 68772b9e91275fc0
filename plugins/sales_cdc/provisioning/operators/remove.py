"""Remove the resources that setup created, and only those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from botocore.exceptions import ClientError

from sales_cdc.aws.task_errors import resource_errors
from sales_cdc.provisioning.patience import Patience, passes
from sales_cdc.provisioning.resources import (
    alarm,
    bucket,
    classifier,
    crawler,
    database,
    delivery_stream,
    function,
    job,
    log_group,
    pipe,
    queue,
    role,
    rule,
    security_configuration,
    stream,
    table,
    topic,
    workgroup,
)
from sales_cdc.provisioning.resources.resource import Found, ResourceHook


class RemoveOperator(AwsBaseOperator[ResourceHook]):
    """Remove one resource with everything in it, if it carries ``owner_tags``.

    Args:
        resource: its name.
        owner_tags: the tags of this deployment's resources.
        keep: a CloudFormation stack made the resource, and removes it.

    Returns:
        ``name`` and ``action``: ``removed``, ``absent`` (there was none) or ``left`` (it is not ours, or a stack's).

    Raises:
        ResourceError: AWS refused, or the resource is still there after the wait.

    Example::

        RemoveTableOperator(task_id="remove_table", resource=topology.table.name, owner_tags=topology.tags)
    """

    template_fields = aws_template_fields("resource", "owner_tags")

    def __init__(self, *, resource: str, owner_tags: Mapping[str, str], keep: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep = keep
        self.resource = resource
        self.owner_tags = owner_tags
        self._was_deleted = False

    def execute(self, context: Any) -> dict[str, str]:
        with resource_errors(f"Could not remove the {self.hook.kind} '{self.resource}'"):
            action = Patience(self.hook.patience_seconds).outlast(self._remove, passes)
        return {"name": self.resource, "action": action}

    def _remove(self) -> str:
        found = self.hook.find(self.resource)
        if found is None:
            return "removed" if self._was_deleted else "absent"
        if self.keep:
            self.log.info("Left the %s '%s': its CloudFormation stack removes it.", self.hook.kind, self.resource)
            return "left"
        if not self.hook.is_ours(found, self.owner_tags):
            self.log.warning(
                "Left the %s '%s' as it is: setup did not create it (its tags are %s).",
                self.hook.kind, self.resource, dict(found.tags),
            )  # fmt: skip
            return "left"
        self._delete(found)
        self.hook.wait_until_gone(self.resource)
        return "removed"

    def _delete(self, found: Found) -> None:
        """Delete the resource; accept that it may be gone already."""
        self._was_deleted = True
        try:
            self.hook.delete(found)
        except ClientError as error:
            if not self.hook.means_absent(error):
                raise


def _of(hook: type[ResourceHook], doc: str) -> type[RemoveOperator]:
    """Make the operator of one kind of resource; Airflow's pages show its name and its docstring."""
    name = f"Remove{hook.__name__.removesuffix('Hook')}Operator"
    return type(name, (RemoveOperator,), {"__doc__": doc, "__module__": __name__, "aws_hook_class": hook})


# fmt: off
RemoveAlarmOperator = _of(alarm.AlarmHook, "Remove a CloudWatch alarm.")
RemoveTopicOperator = _of(topic.TopicHook, "Remove the SNS topic of alerts, with its subscriptions.")
RemoveBucketOperator = _of(bucket.BucketHook, "Remove the bucket, with every version of every object.")
RemoveDatabaseOperator = _of(database.DatabaseHook, "Remove the Glue database, with its tables and views.")
RemoveClassifierOperator = _of(classifier.ClassifierHook, "Remove the Glue classifier.")
RemoveCrawlerOperator = _of(crawler.CrawlerHook, "Stop and remove the Glue crawler.")
RemoveJobOperator = _of(job.JobHook, "Remove the Glue Spark job.")
RemoveSecurityConfigurationOperator = _of(security_configuration.SecurityConfigurationHook, "Remove the Glue security configuration.")
RemoveWorkGroupOperator = _of(workgroup.WorkGroupHook, "Remove the Athena work group, with its history.")
RemoveRoleOperator = _of(role.RoleHook, "Remove an IAM role, with its policy.")
RemoveLogGroupOperator = _of(log_group.LogGroupHook, "Remove a CloudWatch log group, with its lines.")
RemoveStreamOperator = _of(stream.StreamHook, "Remove the Kinesis stream.")
RemoveFunctionOperator = _of(function.FunctionHook, "Remove the Lambda function.")
RemoveDeliveryStreamOperator = _of(delivery_stream.DeliveryStreamHook, "Remove the Firehose delivery stream.")
RemoveTableOperator = _of(table.TableHook, "Disable the DynamoDB table's deletion protection and remove it, with its orders.")
RemoveQueueOperator = _of(queue.QueueHook, "Remove an SQS queue.")
RemoveRuleOperator = _of(rule.RuleHook, "Remove the EventBridge rule and its targets.")
RemovePipeOperator = _of(pipe.PipeHook, "Remove the EventBridge pipe.")
# fmt: on

"""Create the resources that are missing, and update those that differ from their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException
from botocore.exceptions import ClientError

from sales_cdc.aws.task_errors import ResourceError, resource_errors
from sales_cdc.provisioning.read_only import differences
from sales_cdc.provisioning.resources import (
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
    workgroup,
)
from sales_cdc.provisioning.resources.resource import Found, ResourceHook

UPDATE_THE_STACK = (
    "Setup changed nothing, since SALES_CDC_MANAGED_BY is 'cloudformation': write the template again with 'make cloudformation', "
    "update the stack with it, then run setup again."
)


class ForeignResourceError(AirflowFailException):
    """Raised when a resource with one of our names was not created by this deployment's setup."""


class DriftError(AirflowFailException):
    """Raised when a resource of a CloudFormation stack is missing, or is not as this version of the project needs it."""


class ProvisionOperator(AwsBaseOperator[ResourceHook]):
    """Create one resource or bring it to its definition, and wait until it is ready.

    Safe to rerun and to retry at any point: when somebody else creates the resource at the same time, the operator reads it again. It
    never touches a resource that does not carry ``owner_tags``.

    Args:
        definition: the create request, from ``sales_cdc.provisioning.definitions``.
        owner_tags: the tags of this deployment's resources.
        verify_only: a CloudFormation stack made the resource: compare it with its definition and change nothing.

    Returns:
        ``name``, ``arn`` and ``action`` (``created``, ``updated``, ``unchanged`` or ``verified``), and identifiers that AWS assigns, such as a
        table's ``stream_arn``.

    Raises:
        ForeignResourceError: a resource of that name is not ours.
        DriftError: the resource is to be verified, and is missing or differs.
        ResourceError: AWS refused, or the resource did not become ready.

    Example::

        ProvisionTableOperator(task_id="provision_table", definition=flow.table(topology), owner_tags=topology.tags)
    """

    template_fields = aws_template_fields("definition", "owner_tags")

    def __init__(
        self, *, definition: Mapping[str, Any], owner_tags: Mapping[str, str], verify_only: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(multiple_outputs=True, **kwargs)
        self.verify_only = verify_only
        self.definition = definition
        self.owner_tags = owner_tags

    def execute(self, context: Any) -> dict[str, str]:
        name = self.hook.name_of(self.definition)
        if self.verify_only:
            return self._verify(name)
        with resource_errors(f"Could not provision the {self.hook.kind} '{name}'"):
            found, action = self._find_or_create(name)
            changes = self.hook.update(found, self.definition)
            self.hook.wait_until_ready(name)
            identifiers = self._find_ours(name).identifiers if changes else found.identifiers
        if changes and action == "unchanged":
            action = "updated"
            self.log.info("Updated the %s '%s': %s differed.", self.hook.kind, name, ", ".join(changes))
        return {"name": name, "arn": found.arn, "action": action, **identifiers}

    def _verify(self, name: str) -> dict[str, str]:
        """Compare the stack's resource with its definition."""
        with resource_errors(f"Could not verify the {self.hook.kind} '{name}'"):
            found: Found | None = self.hook.find(name)
            if found is None:
                raise DriftError(f"There is no {self.hook.kind} '{name}'. {UPDATE_THE_STACK}")
            self._require_ours(found)
            differing = differences(self.hook, found, self.definition)
        if differing:
            raise DriftError(
                f"The {self.hook.kind} '{name}' differs from its definition in {', '.join(differing)}. {UPDATE_THE_STACK}"
            )
        self.log.info(
            "Verified the %s '%s': it is as defined. Its stack made it, setup changes nothing.", self.hook.kind, name
        )
        return {"name": name, "arn": found.arn, "action": "verified", **found.identifiers}

    def _find_or_create(self, name: str) -> tuple[Found, str]:
        """Return the resource, ready and ours, and ``created``, ``updated`` (replaced) or ``unchanged``."""
        found = self.hook.find(name)
        if found is None:
            action = "created" if self._create() else "unchanged"
        elif self._is_obsolete(found):
            self.hook.delete(found)
            self.hook.wait_until_gone(name)
            self._create()
            action = "updated"
        else:
            return found, "unchanged"
        self.hook.wait_until_ready(name)
        return self._find_ours(name), action

    def _is_obsolete(self, found: Found) -> bool:
        """Return whether our resource has to be replaced to match its definition."""
        self._require_ours(found)
        obsolete = bool(self.hook.must_be_replaced(found, self.definition))
        if obsolete:
            self.log.info("Replacing the %s '%s': AWS cannot update it in place.", self.hook.kind, found.name)
        return obsolete

    def _find_ours(self, name: str) -> Found:
        found: Found | None = self.hook.find(name)
        if found is None:
            raise ResourceError(
                f"The {self.hook.kind} '{name}' was there and is gone again: another run removes it at the same time. Run "
                "setup again when that run has ended."
            )
        self._require_ours(found)
        return found

    def _create(self) -> bool:
        """Create the resource; return False when it exists already."""
        try:
            self.hook.create(self.definition)
        except ClientError as error:
            if self.hook.means_taken(error):
                return False
            raise
        return True

    def _require_ours(self, found: Found) -> None:
        if not self.hook.is_ours(found, self.owner_tags):
            raise ForeignResourceError(
                f"The {self.hook.kind} '{found.name}' exists ({found.arn}) but this deployment's setup did not create it: "
                f"its tags are {dict(found.tags)}, not {dict(self.owner_tags)}. Nothing was changed. Remove or rename "
                "it, or choose another name for this deployment with SALES_CDC_PREFIX."
            )


def _of(hook: type[ResourceHook], doc: str) -> type[ProvisionOperator]:
    """Make the operator of one kind of resource; Airflow's pages show its name and its docstring."""
    name = f"Provision{hook.__name__.removesuffix('Hook')}Operator"
    return type(name, (ProvisionOperator,), {"__doc__": doc, "__module__": __name__, "aws_hook_class": hook})


# fmt: off
ProvisionBucketOperator = _of(bucket.BucketHook, "Provision the bucket: private, encrypted, versioned, TLS only.")
ProvisionDatabaseOperator = _of(database.DatabaseHook, "Provision the Glue database.")
ProvisionClassifierOperator = _of(classifier.ClassifierHook, "Provision the Glue classifier.")
ProvisionCrawlerOperator = _of(crawler.CrawlerHook, "Provision the Glue crawler.")
ProvisionJobOperator = _of(job.JobHook, "Provision the Glue Spark job.")
ProvisionSecurityConfigurationOperator = _of(security_configuration.SecurityConfigurationHook, "Provision the Glue security configuration, with the deployment's key.")
ProvisionWorkGroupOperator = _of(workgroup.WorkGroupHook, "Provision the Athena work group.")
ProvisionRoleOperator = _of(role.RoleHook, "Provision an IAM role with its one policy.")
ProvisionLogGroupOperator = _of(log_group.LogGroupHook, "Provision a CloudWatch log group with bounded retention.")
ProvisionStreamOperator = _of(stream.StreamHook, "Provision the Kinesis stream.")
ProvisionFunctionOperator = _of(function.FunctionHook, "Provision the Lambda function.")
ProvisionDeliveryStreamOperator = _of(delivery_stream.DeliveryStreamHook, "Provision the Firehose delivery stream.")
ProvisionTableOperator = _of(table.TableHook, "Provision the DynamoDB table; also returns ``stream_arn``.")
ProvisionQueueOperator = _of(queue.QueueHook, "Provision an SQS queue.")
ProvisionRuleOperator = _of(rule.RuleHook, "Provision the EventBridge rule and its targets.")
ProvisionPipeOperator = _of(pipe.PipeHook, "Provision the EventBridge pipe.")
# fmt: on

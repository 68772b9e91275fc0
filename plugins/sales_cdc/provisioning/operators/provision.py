"""Create the resources that are missing, and update those that differ from their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException
from botocore.exceptions import ClientError

from sales_cdc.aws.task_errors import ResourceError, resource_errors
from sales_cdc.provisioning.patience import NotVisibleYetError, Patience, TagsNotVisibleYetError, passes
from sales_cdc.provisioning.read_only import differences
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
    never touches a resource that does not carry ``owner_tags``. Refusals that pass are waited out, and so are the tags of a resource
    that is new, or that has none: a setup beside this one may have made it a moment ago.

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
        self._action, self._is_new = "unchanged", False

    def execute(self, context: Any) -> dict[str, str]:
        name = self.hook.name_of(self.definition)
        if self.verify_only:
            return self._verify(name)
        self._action, self._is_new = "unchanged", _is_retry(context)
        with resource_errors(f"Could not provision the {self.hook.kind} '{name}'"):
            found, changes = self._provision_patiently(name)
        if changes and self._action == "unchanged":
            self._action = "updated"
            self.log.info("Updated the %s '%s': %s differed.", self.hook.kind, name, ", ".join(changes))
        return {"name": name, "arn": found.arn, "action": self._action, **found.identifiers}

    def _verify(self, name: str) -> dict[str, str]:
        """Compare the stack's resource with its definition."""
        with resource_errors(f"Could not verify the {self.hook.kind} '{name}'"):
            found: Found | None = self.hook.find(name)
            if found is None:
                raise DriftError(f"There is no {self.hook.kind} '{name}'. {UPDATE_THE_STACK}")
            if not self.hook.is_ours(found, self.owner_tags):
                raise ForeignResourceError(self._foreign(found))
            differing = differences(self.hook, found, self.definition)
        if differing:
            raise DriftError(
                f"The {self.hook.kind} '{name}' differs from its definition in {', '.join(differing)}. {UPDATE_THE_STACK}"
            )
        self.log.info(
            "Verified the %s '%s': it is as defined. Its stack made it, setup changes nothing.", self.hook.kind, name
        )
        return {"name": name, "arn": found.arn, "action": "verified", **found.identifiers}

    def _provision_patiently(self, name: str) -> tuple[Found, list[str]]:
        try:
            return Patience(self.hook.patience_seconds).outlast(lambda: self._provision(name), self._does_pass)
        except TagsNotVisibleYetError as error:
            raise ForeignResourceError(str(error)) from error
        except NotVisibleYetError as error:
            raise ResourceError(str(error)) from error

    def _does_pass(self, error: Exception) -> bool:
        """Return whether trying again may help.

        A new resource may be unknown to some of its service for a while, and what an update was to add, such as a log stream, may have
        been added by a setup beside this one.
        """
        if passes(error):
            return True
        if not isinstance(error, ClientError):
            return False
        return self.hook.means_taken(error) or (self._is_new and self.hook.means_absent(error))

    def _provision(self, name: str) -> tuple[Found, list[str]]:
        """Return the resource as it is now, and what differed."""
        found = self._find_or_create(name)
        changes = self.hook.update(found, self.definition)
        self.hook.wait_until_ready(name)
        return (self._find_ours(name) if changes else found), changes

    def _find_or_create(self, name: str) -> Found:
        """Return the resource, ready and ours."""
        found: Found | None = self.hook.find(name)
        if found is None:
            self._create("created")
        elif self._is_obsolete(found):
            self.hook.delete(found)
            self.hook.wait_until_gone(name)
            self._create("updated")
        else:
            return found
        self.hook.wait_until_ready(name)
        return self._find_ours(name)

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
            raise self._unseen(name)
        self._require_ours(found)
        return found

    def _unseen(self, name: str) -> Exception:
        """Say why a resource that was made, or was there, cannot be found."""
        if self._action != "unchanged":
            return NotVisibleYetError(
                f"The {self.hook.kind} '{name}' was made by this run and is not visible yet. Run setup again in some minutes."
            )
        return NotVisibleYetError(
            f"The {self.hook.kind} '{name}' was there and cannot be found: another run makes or removes it at the same time. Run "
            "setup again when that run has ended."
        )

    def _create(self, action: str) -> None:
        """Create the resource, and note that; accept that it exists already. What this run made and replaces stays created."""
        self._is_new = True
        try:
            self.hook.create(self.definition)
        except ClientError as error:
            if self.hook.means_taken(error):
                return
            raise
        self._action = action if self._action == "unchanged" else self._action

    def _require_ours(self, found: Found) -> None:
        if self.hook.is_ours(found, self.owner_tags):
            return
        if self._action != "unchanged":
            raise NotVisibleYetError(
                f"The {self.hook.kind} '{found.name}' was made by this run, but its tags are {dict(found.tags)}, not "
                f"{dict(self.owner_tags)}: they are not visible yet. Run setup again in some minutes."
            )
        may_be_late = self._is_new or (self.hook.tags_are_late and not found.tags)
        raise (TagsNotVisibleYetError if may_be_late else ForeignResourceError)(self._foreign(found))

    def _foreign(self, found: Found) -> str:
        return (
            f"The {self.hook.kind} '{found.name}' exists ({found.arn}) but this deployment's setup did not create it: "
            f"its tags are {dict(found.tags)}, not {dict(self.owner_tags)}. Nothing was changed. Remove or rename "
            "it, or choose another name for this deployment with SALES_CDC_PREFIX."
        )


def _is_retry(context: Any) -> bool:
    """Return whether an earlier try of this task may have made the resource."""
    return getattr(context.get("ti"), "try_number", 1) > 1


def _of(hook: type[ResourceHook], doc: str) -> type[ProvisionOperator]:
    """Make the operator of one kind of resource; Airflow's pages show its name and its docstring."""
    name = f"Provision{hook.__name__.removesuffix('Hook')}Operator"
    return type(name, (ProvisionOperator,), {"__doc__": doc, "__module__": __name__, "aws_hook_class": hook})


# fmt: off
ProvisionAlarmOperator = _of(alarm.AlarmHook, "Provision a CloudWatch alarm.")
ProvisionTopicOperator = _of(topic.TopicHook, "Provision the SNS topic of alerts, and its subscription by mail.")
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

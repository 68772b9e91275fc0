"""Build the tasks of setup that make what watches the pipeline, and begin its heartbeat."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk import TaskGroup, chain

from sales_cdc.aws.heartbeat import HeartbeatHook
from sales_cdc.aws.task_errors import resource_errors
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.definitions import watch
from sales_cdc.provisioning.operators.provision import ProvisionAlarmOperator, ProvisionTopicOperator


class BeginHeartbeatOperator(AwsBaseOperator[HeartbeatHook]):
    """Put the first heartbeat of a new deployment, so that its first batch is not overdue before a day has passed.

    Args:
        deployment: the deployment's prefix.

    Returns:
        ``begun``, or ``unchanged`` where there has been one.
    """

    aws_hook_class = HeartbeatHook
    template_fields = aws_template_fields("deployment")

    def __init__(self, *, deployment: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deployment = deployment

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "deployment": self.deployment}

    def execute(self, context: Any) -> str:
        with resource_errors("Could not begin the heartbeat of batches in CloudWatch"):
            if self.hook.has_begun():
                return "unchanged"
            self.hook.beat()
        return "begun"


def watching(topology: Topology) -> TaskGroup:
    """Return the group: the topic of alerts, unless it is somebody's, then every alarm, and the first heartbeat before its alarm.

    A stack's deployment begins its heartbeat with its first batch, because setup only verifies it.
    """
    owned: dict[str, Any] = {"owner_tags": topology.tags, "verify_only": topology.settings.is_of_a_stack}
    with TaskGroup("watch") as group:
        alarms = [
            ProvisionAlarmOperator(task_id=f"provision_{name.replace('-', '_')}_alarm", definition=definition, **owned)
            for name, definition in watch.alarms(topology).items()
        ]
        if topology.owns_alerts_topic:
            topic = watch.alerts_topic(topology)
            chain(ProvisionTopicOperator(task_id="provision_alerts_topic", definition=topic, **owned), alarms)
        if not topology.settings.is_of_a_stack:
            chain(BeginHeartbeatOperator(task_id="begin_heartbeat", deployment=topology.prefix), alarms)
    return group

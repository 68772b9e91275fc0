"""Say what setup would do to each resource: nothing, create, change or replace it; or what stands in its way."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.errors import Kind, refusal_of
from sales_cdc.contract.declared import declared_contract
from sales_cdc.deployment.topology import SERVICES, Topology
from sales_cdc.provisioning.adoption import no_such_table
from sales_cdc.provisioning.definitions import flow, lake, watch
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Finding, Level, briefly
from sales_cdc.provisioning.read_only import differences
from sales_cdc.provisioning.resources.alarm import AlarmHook
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
from sales_cdc.provisioning.resources.topic import TopicHook
from sales_cdc.provisioning.resources.workgroup import WorkGroupHook

Planned = tuple[type[ResourceHook], flow.Request]


def planned(topology: Topology, code_sha256: str, stream_arn: str) -> list[Planned]:
    """Return every resource of setup with its definition.

    Args:
        code_sha256: the base64 digest of the transformer's zip.
        stream_arn: of the table's stream; "" when there is no table.
    """
    encryption = (
        [(SecurityConfigurationHook, lake.security_configuration(topology))] if topology.settings.kms_key_arn else []
    )
    return [
        *((RoleHook, flow.role(topology, service)) for service in SERVICES),
        (QueueHook, flow.raw_events_queue(topology)),
        (BucketHook, lake.bucket(topology)),
        (DatabaseHook, lake.database(topology)),
        (ClassifierHook, lake.classifier(topology)),
        *encryption,
        (CrawlerHook, lake.crawler(topology)),
        (JobHook, lake.job(topology)),
        (WorkGroupHook, lake.workgroup(topology)),
        (LogGroupHook, flow.log_group(topology, topology.transformer_log)),
        (LogGroupHook, flow.log_group(topology, topology.delivery_log)),
        (FunctionHook, flow.transformer(topology, code_sha256)),
        (StreamHook, flow.stream(topology)),
        (DeliveryStreamHook, flow.delivery(topology)),
        *([] if topology.adopts_table else [(TableHook, flow.table(topology))]),
        (QueueHook, flow.dead_letter_queue(topology)),
        (PipeHook, flow.pipe(topology, stream_arn)),
        (QueueHook, flow.arrivals_queue(topology)),
        (RuleHook, flow.arrivals_rule(topology)),
        *([(TopicHook, watch.alerts_topic(topology))] if topology.owns_alerts_topic else []),
        *((AlarmHook, alarm) for alarm in watch.alarms(topology).values()),
    ]


def plan(clients: ReadOnlyClients, topology: Topology, code_sha256: str) -> list[Finding]:
    """Return a finding for each resource; the names of those that differ have their fields."""
    adopted = [_adopted(clients, topology)] if topology.adopts_table else []
    stream_arn = _stream_arn(clients, topology)
    return [*adopted, *(_finding(clients, topology, *each) for each in planned(topology, code_sha256, stream_arn))]


def _stream_arn(clients: ReadOnlyClients, topology: Topology) -> str:
    name = topology.table.name
    try:
        if topology.adopts_table:
            adopted = clients.adopted_table(name)
            return adopted.stream_arn if adopted else ""
        found: Found | None = clients.hook(TableHook).find(name)
    except (ClientError, BotoCoreError):
        return ""  # the table's own finding says why
    return found.identifiers["stream_arn"] if found else ""


def _adopted(clients: ReadOnlyClients, topology: Topology) -> Finding:
    """Return whether the table of SALES_CDC_TABLE can be adopted as it is."""
    name, kind = topology.table.name, TableHook.kind
    try:
        table = clients.adopted_table(name)
    except (ClientError, BotoCoreError) as error:
        level, text = _refused(error, TableHook)
        return Finding(kind, level, f"'{name}' {text}")
    if table is None:
        return Finding(kind, Level.STOP, no_such_table(name, topology.settings.region))
    if refusal := table.refusal(declared_contract()):
        return Finding(kind, Level.STOP, f"'{name}' cannot be adopted. {refusal}")
    if table.view_type is None:
        return Finding(kind, Level.HEED, f"'{name}' is adopted. {table.needs_stream()}")
    return Finding(
        kind, Level.OK, f"'{name}' is adopted with its stream ({table.view_type}); setup changes nothing of it"
    )


def _finding(
    clients: ReadOnlyClients, topology: Topology, kind: type[ResourceHook], definition: dict[str, Any]
) -> Finding:
    try:
        hook = clients.hook(kind)
        name = hook.name_of(definition)
        level, text = _compared(hook, topology, hook.find(name), definition)
    except (ClientError, BotoCoreError) as error:
        name = str(definition.get(kind.name_field) or kind.kind)
        level, text = _refused(error, kind)
    return Finding(kind.kind, level, f"'{name}' {text}")


def _compared(
    hook: ResourceHook, topology: Topology, found: Found | None, definition: dict[str, Any]
) -> tuple[Level, str]:
    stack = topology.settings.is_of_a_stack
    if found is None:
        return (
            (Level.STOP, "is missing: deploy the stack of 'make cloudformation'.")
            if stack
            else (Level.CREATE, "is not there")
        )
    if not hook.is_ours(found, topology.tags):
        tags = dict(found.tags) or "none"
        return (
            Level.STOP,
            f"is somebody else's (its tags: {tags}). Remove or rename it, or choose another SALES_CDC_PREFIX.",
        )
    changes = differences(hook, found, definition)
    if not changes:
        return Level.OK, "is as defined"
    differs = f"differs in {', '.join(changes)}"
    return (Level.STOP, f"{differs}: update the stack.") if stack else (Level.CHANGE, differs)


def _refused(error: ClientError | BotoCoreError, kind: type[ResourceHook]) -> tuple[Level, str]:
    """Return what a refusal to read means: setup reads the same, and would fail where this is denied."""
    refusal = refusal_of(error)
    if kind is BucketHook and refusal.code == "403":
        taken = "is another account's bucket, or you may not list it (403). Choose another SALES_CDC_PREFIX, or allow s3:ListBucket."
        return Level.STOP, taken
    if refusal.kind in {Kind.DENIED, Kind.CREDENTIALS}:
        return Level.STOP, f"could not be read: {briefly(refusal)}. {refusal.remedy}"
    return Level.UNKNOWN, f"could not be read: {briefly(refusal)}."

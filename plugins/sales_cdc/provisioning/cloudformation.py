"""Turn the definitions into a CloudFormation template; pure functions of the topology.

Each function returns resources by logical id. A property is the definition's field under CloudFormation's name; what differs in shape
is changed here, and nowhere else. ``After`` becomes ``DependsOn``: names and ARNs are written out, so CloudFormation sees no order in
them. Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sales_cdc.deployment.topology import SERVICES, Topology
from sales_cdc.provisioning.definitions import flow, lake, watch
from sales_cdc.provisioning.definitions.flow import Request

POLICY_NAME = "permissions"
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
"""Bucket and table outlive their stack: they hold what cannot be made again."""
REMOVED = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
STREAM_HOURS = 24  # Kinesis's own default
CODE_BUCKET = "CodeBucket"
TABLE_STREAM = "TableStreamArn"


def template(topology: Topology, code_key: str) -> Request:
    """Return the template of everything that setup makes, uploads apart.

    Args:
        code_key: the key of the transformer's zip in the bucket that the parameter ``CodeBucket`` names. The pipeline's own bucket
            cannot hold it: the stack makes that one.

    Example::

        template(topology, "lambda_transformer-0a1b2c3d.zip")["Resources"]["Table"]["Type"]  # "AWS::DynamoDB::Table"
    """
    resources = _roles(topology) | _bucket(topology) | _catalog(topology) | _curation(topology)
    resources |= _logs(topology) | _transformer(topology, code_key) | _transport(topology) | _capture(topology)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The pipeline {topology.prefix}, as sales_cdc_setup makes it.",
        "Parameters": {
            CODE_BUCKET: {"Type": "String", "Description": f"The bucket, in this region, that holds {code_key}."},
            **_table_stream(topology),
        },
        "Resources": resources | _notices(topology) | _watch(topology),
    }


def _resource(kind: str, properties: Request, *after: str, **attributes: str) -> Request:
    order = {"DependsOn": list(after)} if after else {}
    return {"Type": f"AWS::{kind}", **order, **attributes, "Properties": properties}


def _renamed(definition: Mapping[str, Any], **names: str) -> Request:
    """Return a definition with some of its fields under CloudFormation's names."""
    return {names.get(name, name): value for name, value in definition.items()}


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _roles(topology: Topology) -> Request:
    roles = {}
    for service in SERVICES:
        role = flow.role(topology, service)
        policy = {"PolicyName": POLICY_NAME, "PolicyDocument": role.pop("Permissions")}
        roles[f"{service.capitalize()}Role"] = _resource("IAM::Role", {**role, "Policies": [policy]})
    return roles


def _bucket(topology: Topology) -> Request:
    bucket = lake.bucket(topology)
    properties = {
        "BucketName": bucket["Bucket"],
        "PublicAccessBlockConfiguration": bucket["PublicAccessBlock"],
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                _renamed(rule, ApplyServerSideEncryptionByDefault="ServerSideEncryptionByDefault")
                for rule in bucket["Encryption"]["Rules"]
            ]
        },
        "VersioningConfiguration": bucket["Versioning"],
        "LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in bucket["Lifecycle"]["Rules"]]},
        "NotificationConfiguration": _notification(bucket["Notification"]),
        "Tags": _listed(bucket["Tags"]),
    }
    policy = {"Bucket": bucket["Bucket"], "PolicyDocument": bucket["Policy"]}
    return {
        "Bucket": _resource("S3::Bucket", properties, "RawEventsQueuePolicy", **KEPT),
        "BucketPolicy": _resource("S3::BucketPolicy", policy, "Bucket"),
    }


def _notification(notification: Request) -> Request:
    """Return each event's queue as an entry of its own, and EventBridge as a switch."""
    queues = [
        {
            "Event": event,
            "Queue": queue["QueueArn"],
            "Filter": {"S3Key": {"Rules": queue["Filter"]["Key"]["FilterRules"]}},
        }
        for queue in notification["QueueConfigurations"]
        for event in queue["Events"]
    ]
    switch = {"EventBridgeEnabled": "EventBridgeConfiguration" in notification}
    return {"EventBridgeConfiguration": switch, "QueueConfigurations": queues}


def _lifecycle_rule(rule: Request) -> Request:
    """Flatten a rule's filter and expiration, which CloudFormation has as properties of the rule."""
    rule = _renamed(rule, ID="Id", Filter="Prefix")
    rule["Prefix"] = rule["Prefix"]["Prefix"]
    if moves := rule.pop("Transitions", []):
        rule["Transitions"] = [_renamed(move, Days="TransitionInDays") for move in moves]
    return rule | _renamed(rule.pop("Expiration", {}), Days="ExpirationInDays")


def _catalog(topology: Topology) -> Request:
    database = {"CatalogId": topology.account, "DatabaseInput": lake.database(topology)["DatabaseInput"]}
    crawler = lake.crawler(topology)
    encrypted = _encryption(topology)
    after = ["Database", "Classifier", "CrawlerRole", "RawEventsQueue", *encrypted]
    return encrypted | {
        "Database": _resource("Glue::Database", database),
        "Classifier": _resource("Glue::Classifier", lake.classifier(topology)),
        "Crawler": _resource("Glue::Crawler", crawler, *after),
    }


def _encryption(topology: Topology) -> Request:
    if not topology.settings.kms_key_arn:
        return {}
    configuration = lake.security_configuration(topology)
    encryption = _renamed(configuration["EncryptionConfiguration"], S3Encryption="S3Encryptions")
    properties = {**configuration, "EncryptionConfiguration": encryption}
    return {"Encryption": _resource("Glue::SecurityConfiguration", properties)}


def _curation(topology: Topology) -> Request:
    workgroup = _renamed(lake.workgroup(topology), Configuration="WorkGroupConfiguration")
    return {
        "Job": _resource("Glue::Job", lake.job(topology), "JobRole", *_encryption(topology)),
        "WorkGroup": _resource("Athena::WorkGroup", workgroup, "Bucket"),
    }


def _logs(topology: Topology) -> Request:
    resources = {}
    for name, group in {"TransformerLog": topology.transformer_log, "DeliveryLog": topology.delivery_log}.items():
        log = _renamed(
            flow.log_group(topology, group),
            kmsKeyId="KmsKeyId", logGroupName="LogGroupName", retentionInDays="RetentionInDays", tags="Tags",
        )  # fmt: skip
        log["Tags"] = _listed(log["Tags"])
        for stream in log.pop("logStreamNames"):
            properties = {"LogGroupName": group.name, "LogStreamName": stream}
            resources[f"{name}Stream"] = _resource("Logs::LogStream", properties, name)
        resources[name] = _resource("Logs::LogGroup", log, **REMOVED)
    return resources


def _transformer(topology: Topology, code_key: str) -> Request:
    function = _renamed(flow.transformer(topology, code_sha256=""), KMSKeyArn="KmsKeyArn")
    del function["CodeSha256"]
    function["Code"] = {"S3Bucket": {"Ref": CODE_BUCKET}, "S3Key": code_key}
    function["Tags"] = _listed(function["Tags"])
    return {"Transformer": _resource("Lambda::Function", function, "TransformerRole", "TransformerLog")}


def _transport(topology: Topology) -> Request:
    stream = _renamed(flow.stream(topology), StreamName="Name", KeyId="StreamEncryption")
    stream["StreamEncryption"] = {"EncryptionType": "KMS", "KeyId": stream["StreamEncryption"]}
    stream |= {"RetentionPeriodHours": STREAM_HOURS, "Tags": _listed(stream["Tags"])}
    after = ["DeliveryRole", "Stream", "Transformer", "Bucket", "DeliveryLogStream"]
    return {
        "Stream": _resource("Kinesis::Stream", stream, **REMOVED),
        "Delivery": _resource("KinesisFirehose::DeliveryStream", flow.delivery(topology), *after),
    }


def _table_stream(topology: Topology) -> Request:
    """Return the parameter for the stream of an adopted table, which is no resource of the stack."""
    text = f"LatestStreamArn of the table {topology.table.name}, as DescribeTable shows it; NEW_IMAGE or NEW_AND_OLD_IMAGES."
    pattern = f"^{topology.table.arn.replace('.', '[.]')}/stream/.+$"
    parameter = {"Type": "String", "Description": text, "AllowedPattern": pattern}
    return {TABLE_STREAM: parameter} if topology.adopts_table else {}


def _capture(topology: Topology) -> Request:
    """Return table, dead-letter queue and pipe; the pipe starts after Firehose, which reads only what comes later.

    An adopted table stays out of the stack: whoever deploys it names the table's stream.
    """
    own = {} if topology.adopts_table else {"Table": _table(topology)}
    pipe = flow.pipe(topology, "")
    pipe["Source"] = {"Ref": TABLE_STREAM} if topology.adopts_table else {"Fn::GetAtt": ["Table", "StreamArn"]}
    return {
        **own,
        "DeadLetterQueue": _resource("SQS::Queue", _queue(flow.dead_letter_queue(topology)), **REMOVED),
        "Pipe": _resource("Pipes::Pipe", pipe, "PipeRole", "DeadLetterQueue", "Delivery"),
    }


def _table(topology: Topology) -> Request:
    table = flow.table(topology)
    table["StreamSpecification"] = {"StreamViewType": table["StreamSpecification"]["StreamViewType"]}
    table["SSESpecification"] = _renamed(table["SSESpecification"], Enabled="SSEEnabled")
    table["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    return _resource("DynamoDB::Table", table, **KEPT)


def _queue(definition: Request) -> Request:
    """Return a queue's properties: its attributes are texts for SQS, and have types for CloudFormation."""
    attributes = dict(definition["Attributes"])
    attributes["MessageRetentionPeriod"] = int(attributes["MessageRetentionPeriod"])
    if "SqsManagedSseEnabled" in attributes:
        attributes["SqsManagedSseEnabled"] = attributes["SqsManagedSseEnabled"] == "true"
    attributes.pop("Policy", None)
    return {"QueueName": definition["QueueName"], **attributes, "Tags": _listed(definition["tags"])}


def _notices(topology: Topology) -> Request:
    """Return the queues of S3's notices, each with its policy, and the rule of arrivals."""
    rule = flow.arrivals_rule(topology)
    return {
        **_queue_with_policy("RawEventsQueue", flow.raw_events_queue(topology)),
        **_queue_with_policy("ArrivalsQueue", flow.arrivals_queue(topology)),
        "ArrivalsRule": _resource(
            "Events::Rule", {**rule, "EventPattern": json.loads(rule["EventPattern"])}, "ArrivalsQueue"
        ),
    }


def _queue_with_policy(name: str, queue: Request) -> Request:
    policy = {"Queues": [{"Ref": name}], "PolicyDocument": json.loads(queue["Attributes"]["Policy"])}
    return {
        name: _resource("SQS::Queue", _queue(queue), **REMOVED),
        f"{name}Policy": _resource("SQS::QueuePolicy", policy),
    }


def _watch(topology: Topology) -> Request:
    """Return the topic of alerts with its policy, unless it is somebody's, and the alarms."""
    alarms = {
        f"{''.join(part.capitalize() for part in name.split('-'))}Alarm": _resource("CloudWatch::Alarm", alarm)
        for name, alarm in watch.alarms(topology).items()
    }
    if not topology.owns_alerts_topic:
        return alarms
    topic = watch.alerts_topic(topology)
    attributes = dict(topic["Attributes"])
    policy = {"Topics": [{"Ref": "AlertsTopic"}], "PolicyDocument": json.loads(attributes.pop("Policy"))}
    mails = [{"Protocol": "email", "Endpoint": email} for email in topic["Emails"]]
    subscribed = {"Subscription": mails} if mails else {}
    properties = {"TopicName": topic["Name"], **attributes, **subscribed, "Tags": topic["Tags"]}
    return alarms | {
        "AlertsTopic": _resource("SNS::Topic", properties),
        "AlertsTopicPolicy": _resource("SNS::TopicPolicy", policy),
    }

"""Test the CloudFormation template: against AWS's schemas, which cfn-lint ships, and field by field against the definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from sales_cdc.deployment.topology import SERVICES, Topology
from sales_cdc.provisioning.cloudformation import template
from sales_cdc.provisioning.definitions import flow, lake, watch

from tests.unit.topologies import KEY, topology

CODE = "lambda_transformer-0a1b2c3d.zip"
DEPLOYMENTS: dict[str, dict[str, object]] = {
    "as it comes": {},
    "with a key": {"kms_key_arn": KEY},
    "all else": {
        "prefix": "a" * 30, "region": "ap-northeast-1", "event_driven": True, "firehose_interval_seconds": 0, "firehose_size_mb": 128,
        "stream_view_type": "NEW_AND_OLD_IMAGES", "pipe_partition_key": "$.eventID", "managed_by": "cloudformation",
    },
    "an adopted table": {"table": "my.shop"},
    "the longest interval": {"firehose_interval_seconds": 900, "firehose_size_mb": 1},
    "raw objects in an archive": {"raw_archive_days": 90, "old_versions_days": 365},
}  # fmt: skip

# Where a field of a definition is in its resource's properties, when it is not there under its own name.
PLACES: dict[str, dict[str, str]] = {
    "Role": {"Permissions": "Policies[0].PolicyDocument"},
    "Bucket": {
        "Bucket": "BucketName",
        "PublicAccessBlock": "PublicAccessBlockConfiguration",
        r"Encryption.Rules[0].ApplyServerSideEncryptionByDefault": "BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault",
        "Encryption.Rules": "BucketEncryption.ServerSideEncryptionConfiguration",
        "Versioning": "VersioningConfiguration",
        "Lifecycle": "LifecycleConfiguration",
        "ID": "Id",
        "Filter.Prefix": "Prefix",
        "Expiration.Days": "ExpirationInDays",
        "Transitions[0].Days": "Transitions[0].TransitionInDays",
        "Expiration.ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
    },
    "Encryption": {"EncryptionConfiguration.S3Encryption": "EncryptionConfiguration.S3Encryptions"},
    "WorkGroup": {"Configuration": "WorkGroupConfiguration"},
    "Log": {"kmsKeyId": "KmsKeyId", "logGroupName": "LogGroupName", "retentionInDays": "RetentionInDays", "tags": "Tags"},
    "Transformer": {"KMSKeyArn": "KmsKeyArn"},
    "Stream": {"StreamName": "Name", "KeyId": "StreamEncryption.KeyId"},
    "Table": {"SSESpecification.Enabled": "SSESpecification.SSEEnabled"},
    "Queue": {"Attributes": "", "tags": "Tags"},
    "Topic": {"Name": "TopicName", "Attributes": ""},
}  # fmt: skip

# Fields that CloudFormation does not have, each with its reason.
LACKING: dict[str, dict[str, str]] = {
    "Bucket": {
        "Region": "a bucket is in its stack's region",
        "Policy": "a resource of its own: BucketPolicy",
        "Notification": "an entry for each event, and a switch, in notification",
    },
    "Database": {"Tags": "the type has none; the database's parameters hold the same tags"},
    "Log": {"logStreamNames": "resources of their own: DeliveryLogStream"},
    "Transformer": {
        "CodeSha256": "not an argument of CreateFunction; the key of the zip has the digest",
        "Code": "the stack makes the pipeline's bucket, so the zip comes from another: the parameter CodeBucket",
    },
    "Table": {"StreamSpecification.StreamEnabled": "a specification means that the stream is enabled"},
    "Queue": {"Attributes.Policy": "a resource of its own: ArrivalsQueuePolicy, RawEventsQueuePolicy"},
    "Pipe": {"Source": "the ARN of the stream of the stack's table"},
    "Topic": {
        "TopicArn": "an attribute that CloudFormation gives",
        "Attributes.Policy": "a resource of its own: AlertsTopicPolicy",
        "Emails": "subscriptions of the topic: Subscription",
    },
}

# Properties that no field of a definition gives, each with its reason.
ADDED: dict[str, dict[str, Any]] = {
    "Role": {"Policies[0].PolicyName": "permissions"},  # RoleHook gives its one policy this name
    "Database": {"CatalogId": "123456789012"},  # the account's catalog, which Glue takes for granted
    "Transformer": {"Code.S3Bucket.Ref": "CodeBucket", "Code.S3Key": CODE},  # see LACKING
    "Stream": {"StreamEncryption.EncryptionType": "KMS", "RetentionPeriodHours": 24},  # StreamHook sets the first; Kinesis's default
    "Table": {"PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": True},  # TableHook enables it
    "Pipe": {"Source.Fn::GetAtt[0]": "Table", "Source.Fn::GetAtt[1]": "StreamArn"},  # see LACKING
}  # fmt: skip


def definitions(of: Topology) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every definition and its kind, by the logical id of its resource."""
    found = {f"{service.capitalize()}Role": ("Role", flow.role(of, service)) for service in SERVICES}
    if of.settings.kms_key_arn:
        found["Encryption"] = ("Encryption", lake.security_configuration(of))
    return found | {
        "Bucket": ("Bucket", lake.bucket(of)),
        "Database": ("Database", lake.database(of)),
        "Classifier": ("Classifier", lake.classifier(of)),
        "Crawler": ("Crawler", lake.crawler(of)),
        "Job": ("Job", lake.job(of)),
        "WorkGroup": ("WorkGroup", lake.workgroup(of)),
        "TransformerLog": ("Log", flow.log_group(of, of.transformer_log)),
        "DeliveryLog": ("Log", flow.log_group(of, of.delivery_log)),
        "Transformer": ("Transformer", flow.transformer(of, "digest")),
        "Stream": ("Stream", flow.stream(of)),
        "Delivery": ("Delivery", flow.delivery(of)),
        **({} if of.adopts_table else {"Table": ("Table", flow.table(of))}),
        "DeadLetterQueue": ("Queue", flow.dead_letter_queue(of)),
        "ArrivalsQueue": ("Queue", flow.arrivals_queue(of)),
        "RawEventsQueue": ("Queue", flow.raw_events_queue(of)),
        "ArrivalsRule": ("Rule", flow.arrivals_rule(of)),
        "Pipe": ("Pipe", flow.pipe(of, "arn")),
        "AlertsTopic": ("Topic", watch.alerts_topic(of)),
        **{
            f"{''.join(part.capitalize() for part in name.split('-'))}Alarm": ("Alarm", alarm)
            for name, alarm in watch.alarms(of).items()
        },
    }


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field that holds no other, by its path; tags by key, and JSON that a text holds as the text's fields."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if path.lower() == "tags" and isinstance(value, list):
        value = {tag["Key"]: tag["Value"] for tag in value}
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from leaves(each, f"{path}[{number}]")
    else:
        yield path, value


def notification(of: Topology) -> dict[str, Any]:
    """What the bucket tells whom, in CloudFormation's form."""
    rules = {"S3Key": {"Rules": [{"Name": "prefix", "Value": "raw/orders/"}]}}
    events = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    return {
        "EventBridgeConfiguration": {"EventBridgeEnabled": of.settings.event_driven},
        "QueueConfigurations": [{"Event": one, "Queue": of.raw_events_queue.arn, "Filter": rules} for one in events],
    }


def place(kind: str, path: str) -> str:
    """The path among the properties of a field of a definition."""
    for field, name in PLACES.get(kind, {}).items():
        path = re.sub(rf"(^|\.){re.escape(field)}(?=[.\[]|$)", lambda found, name=name: found[1] + name, path, count=1)
    return path.lstrip(".")


def is_lacking(kind: str, path: str) -> bool:
    return any(re.match(rf"{re.escape(field)}([.\[]|$)", path) for field in LACKING.get(kind, {}))


def text(value: Any) -> str:
    """A value as SQS has it: attributes are texts, and have types in CloudFormation."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def complaints(document: dict[str, Any], region: str) -> list[str]:
    """What cfn-lint finds, on every level; nothing is ignored."""
    found = lint(json.dumps(document), config=ManualArgs(regions=[region], include_checks=["I", "W", "E"]))
    return [f"{each.rule.id} {each.path}: {each.message}" for each in found]


@pytest.mark.parametrize("settings", DEPLOYMENTS.values(), ids=DEPLOYMENTS.keys())
def test_the_template_satisfies_the_schemas_of_cloudformation(settings: dict[str, object]) -> None:
    of = topology(**settings)
    assert complaints(template(of, CODE), of.settings.region) == []


def test_the_schemas_find_a_misspelt_field_a_wrong_value_and_a_wrong_action() -> None:
    document = template(topology(), CODE)
    resources = document["Resources"]
    resources["Job"]["Properties"]["WorkerTyp"] = "G.1X"
    resources["Pipe"]["Properties"]["SourceParameters"]["DynamoDBStreamParameters"]["BatchSize"] = 10_001
    resources["JobRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Action"] = ["s3:GetObjects"]
    found = " ".join(complaints(document, "eu-central-1"))
    assert all(named in found for named in ("WorkerTyp", "10001", "getobjects"))


@pytest.mark.parametrize("settings", DEPLOYMENTS.values(), ids=DEPLOYMENTS.keys())
def test_template_and_definitions_are_equal_field_by_field(settings: dict[str, object]) -> None:
    of = topology(**settings)
    resources = template(of, CODE)["Resources"]
    for name, (kind, definition) in definitions(of).items():
        defined = {place(kind, path): value for path, value in leaves(definition) if not is_lacking(kind, path)}
        if kind == "Bucket":
            defined |= {f"NotificationConfiguration.{path}": value for path, value in leaves(notification(of))}
        added = {"Source.Ref": "TableStreamArn"} if of.adopts_table and kind == "Pipe" else ADDED.get(kind, {})
        expected = {path: text(value) for path, value in (defined | added).items()}
        assert {path: text(value) for path, value in leaves(resources[name]["Properties"])} == expected, name


def test_the_template_has_a_resource_for_every_definition_and_what_cloudformation_splits_off() -> None:
    of = topology(kms_key_arn=KEY)
    resources = template(of, CODE)["Resources"]
    assert set(resources) - set(definitions(of)) == {
        "BucketPolicy",
        "ArrivalsQueuePolicy",
        "RawEventsQueuePolicy",
        "AlertsTopicPolicy",
        "DeliveryLogStream",
    }
    policies = {name: each["Properties"].get("PolicyDocument") for name, each in resources.items()}
    assert policies["BucketPolicy"] == lake.bucket(of)["Policy"]
    assert policies["ArrivalsQueuePolicy"] == json.loads(flow.arrivals_queue(of)["Attributes"]["Policy"])
    assert policies["RawEventsQueuePolicy"] == json.loads(flow.raw_events_queue(of)["Attributes"]["Policy"])
    assert resources["DeliveryLogStream"]["Properties"]["LogStreamName"] == flow.DELIVERY_LOG_STREAM


def test_bucket_and_table_outlive_their_stack() -> None:
    resources = template(topology(), CODE)["Resources"]
    assert {name for name, each in resources.items() if each.get("DeletionPolicy") == "Retain"} == {"Bucket", "Table"}

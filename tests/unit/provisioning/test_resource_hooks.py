"""Test each hook's updates: none when the resource is as defined, otherwise one that botocore's model accepts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.definitions import flow, lake, watch
from sales_cdc.provisioning.resources.alarm import AlarmHook
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
from sales_cdc.provisioning.resources.security_configuration import SecurityConfigurationHook
from sales_cdc.provisioning.resources.stream import StreamHook
from sales_cdc.provisioning.resources.table import TableHook
from sales_cdc.provisioning.resources.topic import TopicHook
from sales_cdc.provisioning.resources.workgroup import WorkGroupHook

from tests.unit.provisioning.stubbed_hooks import found, stubbed
from tests.unit.topologies import KEY, topology

Definition = dict[str, Any]
STREAM_ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/sales-cdc-orders/stream/2026-01-01T00:00:00.000"
OTHER = topology(firehose_interval_seconds=9, pipe_partition_key="$.eventID")


def delivery_as_described(definition: Definition) -> Definition:
    destination = definition["ExtendedS3DestinationConfiguration"]
    return {
        "DeliveryStreamStatus": "ACTIVE",
        "VersionId": "1",
        "Destinations": [{"DestinationId": "d-1", "ExtendedS3DestinationDescription": destination}],
        "Source": {"KinesisStreamSourceDescription": definition["KinesisStreamSourceConfiguration"]},
    }


def as_it_is(definition: Definition) -> Definition:
    return definition


def running(definition: Definition) -> Definition:
    return {**definition, "CurrentState": "RUNNING"}


def database_itself(definition: Definition) -> Definition:
    inner: Definition = definition["DatabaseInput"]
    return inner


def with_url(definition: Definition) -> Definition:
    return {**definition, "QueueUrl": "http://127.0.0.1:4566/1/q"}


Described = Callable[[Definition], Definition]
CASES: list[tuple[type[ResourceHook], Definition, Definition, Described, list[str]]] = [
    (PipeHook, flow.pipe(topology(), STREAM_ARN), flow.pipe(OTHER, STREAM_ARN), running, ["update_pipe"]),
    (DeliveryStreamHook, flow.delivery(topology()), flow.delivery(OTHER), delivery_as_described, ["update_destination"]),
    (DatabaseHook, lake.database(topology()), lake.database(topology(prefix="other")), database_itself, ["update_database"]),
    (CrawlerHook, lake.crawler(topology()), lake.crawler(topology(prefix="other")), as_it_is, ["update_crawler"]),
    (JobHook, lake.job(topology()), lake.job(topology(prefix="other")), as_it_is, ["update_job"]),
    (WorkGroupHook, lake.workgroup(topology()), lake.workgroup(topology(prefix="other")), as_it_is, ["update_work_group"]),
    (
        QueueHook,
        flow.dead_letter_queue(topology()),
        {**flow.dead_letter_queue(topology()), "Attributes": {"MessageRetentionPeriod": "60"}},
        with_url,
        ["set_queue_attributes"],
    ),
    (AlarmHook, watch.alarms(topology())["dead-letters"], watch.alarms(topology(prefix="other"))["dead-letters"], as_it_is, ["put_metric_alarm"]),
    (
        TopicHook,
        watch.alerts_topic(topology(alerts_email="a@b.cd")),
        {**watch.alerts_topic(topology(prefix="other")), "TopicArn": "arn:aws:sns:eu-central-1:123456789012:sales-cdc-alerts"},
        as_it_is,
        ["set_topic_attributes", "subscribe"],
    ),
    (
        RoleHook,
        flow.role(topology(), "pipe"),
        flow.role(topology(prefix="other"), "pipe"),
        as_it_is,
        ["update_role", "update_assume_role_policy", "put_role_policy"],
    ),
]  # fmt: skip
NAMES = [case[0].__name__ for case in CASES]


@pytest.mark.parametrize(("hook_class", "definition", "_other", "described", "_calls"), CASES, ids=NAMES)
def test_a_resource_as_defined_is_not_updated(
    hook_class: type[ResourceHook], definition: Definition, _other: Definition, described: Described, _calls: list[str]
) -> None:
    hook, _ = stubbed(hook_class)
    assert hook.update(found(described(definition)), definition) == []


@pytest.mark.parametrize(("hook_class", "definition", "other", "described", "calls"), CASES, ids=NAMES)
def test_a_resource_that_differs_is_updated_by_requests_that_aws_knows(
    hook_class: type[ResourceHook], definition: Definition, other: Definition, described: Described, calls: list[str]
) -> None:
    hook, stubber = stubbed(hook_class)
    for call in calls:
        stubber.add_response(call, {})
    assert hook.update(found(described(other)), definition)
    stubber.assert_no_pending_responses()


def table_as_described(definition: Definition) -> Definition:
    return {**definition, "BillingMode": "PAY_PER_REQUEST"}


def log_group(of: Topology) -> Definition:
    return {**flow.log_group(of, of.transformer_log), "logStreamNames": []}


ACTIVE = {"Table": {"TableStatus": "ACTIVE", "TableName": "orders"}}
RECOVERED = {
    "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
    }
}
Calls = list[tuple[str, dict[str, Any]]]
TABLE: Calls = [("update_table", {}), ("describe_table", ACTIVE), ("describe_continuous_backups", RECOVERED)]
ENCRYPTED: list[tuple[type[ResourceHook], Callable[[Topology], Definition], Described, Calls, Calls]] = [
    (TableHook, flow.table, table_as_described, TABLE, TABLE),
    (StreamHook, flow.stream, as_it_is, [("start_stream_encryption", {})], [("start_stream_encryption", {})]),
    (DeliveryStreamHook, flow.delivery, delivery_as_described, [("update_destination", {})], [("update_destination", {})]),
    (FunctionHook, lambda of: flow.transformer(of, "x"), as_it_is, [("update_function_configuration", {})], [("update_function_configuration", {})]),
    (QueueHook, flow.dead_letter_queue, with_url, [("set_queue_attributes", {})], [("set_queue_attributes", {})]),
    (LogGroupHook, log_group, as_it_is, [("associate_kms_key", {})], [("disassociate_kms_key", {})]),
    (CrawlerHook, lake.crawler, as_it_is, [("update_crawler", {})], [("update_crawler", {})]),
    (JobHook, lake.job, as_it_is, [("update_job", {})], [("update_job", {})]),
    (WorkGroupHook, lake.workgroup, as_it_is, [("update_work_group", {})], [("update_work_group", {})]),
    (TopicHook, watch.alerts_topic, as_it_is, [("set_topic_attributes", {})], [("set_topic_attributes", {})]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("hook_class", "define", "described", "set_", "unset"), ENCRYPTED, ids=[case[0].__name__ for case in ENCRYPTED]
)
def test_a_key_is_set_and_removed_again_without_another_update(
    hook_class: type[ResourceHook],
    define: Callable[[Topology], Definition],
    described: Described,
    set_: Calls,
    unset: Calls,
) -> None:
    own, ours = define(topology()), define(topology(kms_key_arn=KEY))
    for before, definition, calls in ((own, ours, set_), (ours, own, unset)):
        hook, stubber = stubbed(hook_class)
        for call, answer in calls:
            stubber.add_response(call, answer)
        assert len(hook.update(found(described(before)), definition)) <= 2  # the queue's keys exclude each other
        stubber.assert_no_pending_responses()


def test_a_table_s_encryption_is_compared_with_its_specification() -> None:
    hook, stubber = stubbed(TableHook)
    described = {
        "TableArn": "arn:table",
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY},
    }
    for encryption in (described, {"TableArn": "arn:table"}):
        stubber.add_response("describe_table", {"Table": encryption})
        stubber.add_response("list_tags_of_resource", {"Tags": []})
    seen = [hook.describe("orders").description["SSESpecification"] for _ in range(2)]  # type: ignore[union-attr]
    assert seen == [flow.table(topology(kms_key_arn=KEY))["SSESpecification"], flow.table(topology())["SSESpecification"]]  # fmt: skip


def test_a_security_configuration_is_ours_by_its_one_key_and_replaced_for_another() -> None:
    hook, _ = stubbed(SecurityConfigurationHook)
    definition = lake.security_configuration(topology(kms_key_arn=KEY))
    other = lake.security_configuration(topology(kms_key_arn=f"{KEY}9"))
    assert hook.is_ours(found(definition), {})
    assert not hook.must_be_replaced(found(definition), definition)
    assert hook.must_be_replaced(found(other), definition)
    mixed = definition["EncryptionConfiguration"] | {"CloudWatchEncryption": {"CloudWatchEncryptionMode": "DISABLED"}}
    assert not hook.is_ours(found({"EncryptionConfiguration": mixed}), {})


def test_a_function_gets_new_code_before_its_configuration() -> None:
    definition = flow.transformer(topology(), "new")
    hook, stubber = stubbed(FunctionHook)
    described = {**definition, "CodeSha256": "old", "Timeout": 3}
    stubber.add_response("update_function_code", {})
    stubber.add_response("get_function_configuration", {"State": "Active", "LastUpdateStatus": "Successful"})
    stubber.add_response("update_function_configuration", {})
    assert hook.update(found(described, definition["FunctionName"]), definition) == ["CodeSha256", "Timeout"]
    stubber.assert_no_pending_responses()


def test_a_failed_pipe_gets_its_definition_again() -> None:
    definition = flow.pipe(topology(), STREAM_ARN)
    hook, stubber = stubbed(PipeHook)
    stubber.add_response("update_pipe", {})
    assert hook.update(found({**definition, "CurrentState": "START_FAILED"}), definition) == ["CurrentState"]


def test_a_pipe_is_replaced_when_the_table_s_stream_has_another_arn() -> None:
    definition = flow.pipe(topology(), STREAM_ARN)
    hook, _ = stubbed(PipeHook)
    assert not hook.must_be_replaced(found(running(definition)), definition)
    assert hook.must_be_replaced(found(running({**definition, "Source": f"{STREAM_ARN}1"})), definition)
    assert hook.must_be_replaced(found({**definition, "CurrentState": "CREATE_FAILED"}), definition)


def test_parameters_that_firehose_adds_by_itself_are_no_drift() -> None:
    definition = flow.delivery(topology())
    described = delivery_as_described(flow.delivery(topology()))
    processor = described["Destinations"][0]["ExtendedS3DestinationDescription"]["ProcessingConfiguration"][
        "Processors"
    ][0]
    processor["Parameters"] = [
        {"ParameterName": "RoleArn", "ParameterValue": "arn"},
        *reversed(processor["Parameters"]),
    ]
    hook, _ = stubbed(DeliveryStreamHook)
    assert hook.update(found(described), definition) == []


def test_a_classifier_is_ours_by_its_path() -> None:
    hook, _ = stubbed(ClassifierHook)
    ours = lake.classifier(topology())["JsonClassifier"]
    assert hook.is_ours(found(ours), topology().tags)
    assert not hook.is_ours(found({**ours, "JsonPath": "$"}), topology().tags)
    before = {**ours, "JsonPath": ours["JsonPath"].replace(",$.price", "")}  # of the contract before it got a field
    assert hook.is_ours(found(before), topology().tags)
    replaced = [hook.must_be_replaced(found(each), {"JsonClassifier": ours}) for each in (ours, before)]
    assert replaced == [False, True]


def test_a_resource_is_ours_only_with_every_tag_of_the_deployment() -> None:
    hook, _ = stubbed(PipeHook)
    tags = topology().tags
    assert hook.is_ours(Found("n", "a", {**tags, "team": "x"}, {}), tags)
    assert not hook.is_ours(Found("n", "a", {**tags, "sales-cdc:prefix": "other"}, {}), tags)
    assert not hook.is_ours(Found("n", "a", {}, {}), tags)


def test_a_missing_resource_is_none_and_a_denied_one_an_error() -> None:
    hook, stubber = stubbed(PipeHook)
    stubber.add_client_error("describe_pipe", "NotFoundException")
    assert hook.find("named") is None
    stubber.add_client_error("describe_pipe", "AccessDeniedException")
    with pytest.raises(ClientError):
        hook.find("named")

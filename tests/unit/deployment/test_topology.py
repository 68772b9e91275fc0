"""Test the topology's names, and check the definitions against AWS's own service models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from sales_cdc.deployment.topology import SERVICES, Topology
from sales_cdc.provisioning.definitions import flow, lake
from sales_cdc.provisioning.resources.bucket import PARTS

from tests.unit.topologies import ACCOUNT, KEY, topology

STREAM_ARN = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/sales-cdc-orders/stream/2026-01-01T00:00:00.000"
SESSION = botocore.session.get_session()


def errors_of(service: str, operation: str, request: Mapping[str, Any]) -> str:
    """Return what botocore finds wrong with a request; empty when it would send it."""
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    return str(ParamValidator().validate(dict(request), shape).generate_report())


def but(request: Mapping[str, Any], *ours: str) -> dict[str, Any]:
    """Return a definition without the fields that its hook uses for another call."""
    assert set(ours) <= set(request)
    return {name: value for name, value in request.items() if name not in ours}


def create_requests(of: Topology) -> list[tuple[str, str, dict[str, Any]]]:
    role = flow.role(of, "pipe")
    return [
        ("glue", "CreateDatabase", lake.database(of)),
        ("glue", "CreateClassifier", lake.classifier(of)),
        ("glue", "CreateCrawler", lake.crawler(of)),
        ("glue", "CreateJob", lake.job(of)),
        ("athena", "CreateWorkGroup", lake.workgroup(of)),
        ("iam", "CreateRole", {**but(role, "Permissions"), "AssumeRolePolicyDocument": "{}"}),
        ("kinesis", "CreateStream", but(flow.stream(of), "KeyId")),
        ("logs", "CreateLogGroup", but(flow.log_group(of, of.delivery_log), "retentionInDays", "logStreamNames")),
        ("lambda", "CreateFunction", but(flow.transformer(of, "x"), "CodeSha256")),
        ("firehose", "CreateDeliveryStream", flow.delivery(of)),
        ("dynamodb", "CreateTable", flow.table(of)),
        ("sqs", "CreateQueue", flow.dead_letter_queue(of)),
        ("sqs", "CreateQueue", flow.arrivals_queue(of)),
        ("sqs", "CreateQueue", flow.raw_events_queue(of)),
        ("events", "PutRule", but(flow.arrivals_rule(of), "Targets")),
        ("pipes", "CreatePipe", flow.pipe(of, STREAM_ARN)),
    ]


ENCRYPTED = topology(kms_key_arn=KEY)
SECURITY = ("glue", "CreateSecurityConfiguration", lake.security_configuration(ENCRYPTED))


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [*create_requests(topology()), *create_requests(ENCRYPTED), SECURITY],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_every_create_request_is_one_that_aws_knows(service: str, operation: str, request_: dict[str, Any]) -> None:
    assert errors_of(service, operation, request_) == ""


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("of", [topology(), ENCRYPTED], ids=["own key", "our key"])
def test_every_sub_resource_of_the_bucket_is_one_that_aws_knows(name: str, of: Topology) -> None:
    part = PARTS[name]
    operation = "Put" + "".join(word.capitalize() for word in part.operation.split("_"))
    assert errors_of("s3", operation, {"Bucket": "b", part.argument: lake.bucket(of)[name]}) == ""


def test_the_deployment_s_key_encrypts_everything_at_rest_and_is_optional() -> None:
    plumbing = {
        "CreateDatabase",
        "CreateClassifier",
        "CreateCrawler",
        "CreateJob",
        "CreateRole",
        "PutRule",
        "CreatePipe",
    }
    names_of_objects = flow.raw_events_queue(ENCRYPTED)  # no value: docs/adr/0048, SQS's own key
    keyed = [each for each in create_requests(ENCRYPTED) if each[2] != names_of_objects]
    without_key = {operation for _, operation, request in keyed if KEY not in json.dumps(request)}
    assert without_key <= plumbing | {"CreateStream"}  # the stream's is given by a call of its own
    assert flow.stream(ENCRYPTED)["KeyId"] == KEY
    assert KEY in json.dumps(lake.bucket(ENCRYPTED)["Encryption"])
    named = ENCRYPTED.security_configuration.name
    assert (
        lake.crawler(ENCRYPTED)["CrawlerSecurityConfiguration"] == lake.job(ENCRYPTED)["SecurityConfiguration"] == named
    )
    assert not any(
        word in json.dumps(request) for _, _, request in create_requests(topology()) for word in (":kms:", named)
    )


def test_names_are_those_of_the_contract() -> None:
    named = topology()
    names = {
        "table": "sales-cdc-orders",
        "pipe": "sales-cdc-orders-pipe",
        "dead_letter_queue": "sales-cdc-pipe-dlq",
        "stream": "sales-cdc-changes",
        "transformer": "sales-cdc-transformer",
        "delivery": "sales-cdc-delivery",
        "bucket": f"sales-cdc-{ACCOUNT}-eu-central-1",
        "database": "sales_cdc",
        "classifier": "sales-cdc-orders-json",
        "crawler": "sales-cdc-raw",
        "job": "sales-cdc-curate",
        "workgroup": "sales-cdc",
    }
    assert {name: getattr(named, name).name for name in names} == names


def test_two_prefixes_share_no_name_and_no_arn() -> None:
    one, other = topology(), topology(prefix="other")
    kinds = ("table", "pipe", "dead_letter_queue", "stream", "transformer", "delivery", "bucket", "database", "classifier",
             "crawler", "job", "workgroup", "transformer_log", "delivery_log")  # fmt: skip
    for kind in kinds:
        assert getattr(one, kind).arn != getattr(other, kind).arn
    for service in SERVICES:
        assert one.role(service).arn != other.role(service).arn


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_arns_carry_their_region_s_partition(region: str, partition: str) -> None:
    assert topology(region=region).table.arn.startswith(f"arn:{partition}:dynamodb:{region}:")
    assert topology(region=region).bucket.arn.startswith(f"arn:{partition}:s3:::")


def test_the_longest_prefix_keeps_every_name_within_its_limit() -> None:
    longest = topology(prefix="p" * 30, region="ap-southeast-1")
    assert len(longest.bucket.name) <= 63
    assert all(len(longest.role(service).name) <= 64 for service in SERVICES)
    assert len(longest.pipe.name) <= 64
    assert len(longest.transformer.name) <= 64
    assert len(longest.delivery.name) <= 64


def test_the_classifier_has_the_brief_s_path() -> None:
    path = "$.orderID,$.product_name,$.quantity,$.price,$.event_type,$.creation_time"
    assert lake.classifier(topology())["JsonClassifier"]["JsonPath"] == path


def test_the_delivery_stream_writes_where_the_contract_says() -> None:
    destination = flow.delivery(topology())["ExtendedS3DestinationConfiguration"]
    assert destination["Prefix"] == "raw/orders/dt=!{timestamp:yyyy-MM-dd}/hr=!{timestamp:HH}/"
    assert destination["ErrorOutputPrefix"].startswith("errors/!{firehose:error-output-type}/dt=")
    assert destination["FileExtension"] == ".json"


def test_settings_reach_the_definitions() -> None:
    changed = topology(
        stream_view_type="NEW_AND_OLD_IMAGES",
        pipe_partition_key="$.eventID",
        firehose_interval_seconds=7,
        firehose_size_mb=3,
    )
    assert flow.table(changed)["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert flow.pipe(changed, STREAM_ARN)["TargetParameters"]["KinesisStreamParameters"]["PartitionKey"] == "$.eventID"
    destination = flow.delivery(changed)["ExtendedS3DestinationConfiguration"]
    assert destination["BufferingHints"] == {"SizeInMBs": 3, "IntervalInSeconds": 7}
    parameters = destination["ProcessingConfiguration"]["Processors"][0]["Parameters"]
    assert {"ParameterName": "BufferIntervalInSeconds", "ParameterValue": "0"} in parameters


def test_the_pipe_begins_with_the_oldest_change_and_gives_up_on_poison() -> None:
    source = flow.pipe(topology(), STREAM_ARN)["SourceParameters"]["DynamoDBStreamParameters"]
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert 3 <= source["MaximumRetryAttempts"] <= 10  # of a refusal, while the shard waits
    assert 60 <= source["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert source["OnPartialBatchItemFailure"] == "AUTOMATIC_BISECT"
    assert source["DeadLetterConfig"]["Arn"] == topology().dead_letter_queue.arn
    assert source["BatchSize"] <= 500


def test_partitions_inherit_the_table_s_schema() -> None:
    output = json.loads(lake.crawler(topology())["Configuration"])["CrawlerOutput"]
    assert output["Partitions"]["AddOrUpdateBehavior"] == "InheritFromTable"


def test_every_taggable_resource_has_the_deployment_s_tags() -> None:
    tags = topology().tags
    for _, operation, request in create_requests(topology()):
        if operation == "CreateClassifier":
            continue
        given = request.get("Tags") or request.get("tags")
        as_mapping = given if isinstance(given, dict) else {tag["Key"]: tag["Value"] for tag in given}
        assert as_mapping == tags


def test_jinja_in_the_account_survives_in_every_definition() -> None:
    templated = Topology(topology().settings, "{{ account }}")
    for _, _, request in create_requests(templated):
        assert "{{ account }}" in json.dumps(request) or ACCOUNT not in json.dumps(request)


@pytest.mark.parametrize(("interval", "before_the_transformer"), [(0, "0"), (59, "0"), (60, "60"), (900, "60")])
def test_records_wait_before_the_transformer_only_with_intervals_of_a_minute_or_more(
    interval: int, before_the_transformer: str
) -> None:
    destination = flow.delivery(topology(firehose_interval_seconds=interval))["ExtendedS3DestinationConfiguration"]
    parameters = destination["ProcessingConfiguration"]["Processors"][0]["Parameters"]
    assert {"ParameterName": "BufferIntervalInSeconds", "ParameterValue": before_the_transformer} in parameters

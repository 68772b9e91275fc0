"""Requests are checked against the limits in AWS's service models."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.constraints import check
from local_cloud.wire import ServiceError

ROLE = "arn:aws:iam::000000000000:role/pipe"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/changes"
PIPE = {"Name": "orders", "RoleArn": ROLE, "Source": STREAM, "Target": STREAM}
CRAWLER = {"Name": "raw", "Role": "crawler", "Targets": {"S3Targets": [{"Path": "s3://bucket/raw/"}]}}
S3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::orders"}


def delivery(**s3: Any) -> dict[str, Any]:
    return {"DeliveryStreamName": "orders", "ExtendedS3DestinationConfiguration": {**S3, **s3}}


def filters(*patterns: str) -> dict[str, Any]:
    return {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": one} for one in patterns]}}}


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("pipes", "CreatePipe", {**PIPE, **filters("{}")}),
        ("pipes", "CreatePipe", {**PIPE, "Tags": {"team": "sales"}, "DesiredState": "STOPPED"}),
        ("pipes", "ListPipes", {"Limit": "100"}),
        ("firehose", "CreateDeliveryStream", delivery(FileExtension=".json.gz", CustomTimeZone="Asia/Tokyo")),
        ("firehose", "CreateDeliveryStream", delivery(FileExtension="", Prefix="raw/!{timestamp:yyyy}/")),
        ("glue", "CreateCrawler", {**CRAWLER, "Description": "für Zoë 😀", "TablePrefix": "raw_"}),
        ("glue", "StartJobRun", {"JobName": "curate", "WorkerType": "G.16X"}),
        ("glue", "NoSuchOperation", {"Name": ""}),
    ],
)
def test_a_request_within_the_limits_passes(service: str, operation: str, params: dict[str, Any]) -> None:
    check(service, operation, params)


@pytest.mark.parametrize(
    ("service", "operation", "params", "where"),
    [
        ("pipes", "CreatePipe", {**PIPE, "Name": "a name"}, "Name"),
        ("pipes", "CreatePipe", {name: value for name, value in PIPE.items() if name != "Target"}, "Target is required"),
        ("pipes", "CreatePipe", {**PIPE, **filters(*["{}"] * 6)}, "SourceParameters.FilterCriteria.Filters has 6"),
        ("pipes", "CreatePipe", {**PIPE, **filters("x" * 4097)}, "4097 characters"),
        ("pipes", "CreatePipe", {**PIPE, "TargetParameters": {"InputTemplate": "x" * 8193}}, "InputTemplate"),
        ("pipes", "CreatePipe", {**PIPE, "Tags": {"": "no name"}}, "Tags"),
        ("firehose", "CreateDeliveryStream", delivery(BucketARN="orders"), "BucketARN"),
        ("firehose", "CreateDeliveryStream", delivery(FileExtension="json"), "FileExtension"),
        ("firehose", "CreateDeliveryStream", delivery(CustomTimeZone="UTC+1"), "CustomTimeZone"),
        ("firehose", "CreateDeliveryStream", delivery(BufferingHints={"IntervalInSeconds": 901}), "901"),
        ("glue", "CreateCrawler", {**CRAWLER, "SchemaChangePolicy": {"UpdateBehavior": "KEEP"}}, "none of LOG"),
        ("glue", "ListCrawls", {"CrawlerName": "raw", "Filters": [{"FieldName": "COLOUR"}]}, "Filters.FieldName"),
    ],
)  # fmt: skip
def test_a_request_outside_a_limit_is_refused_and_the_field_named(
    service: str, operation: str, params: dict[str, Any], where: str
) -> None:
    with pytest.raises(ServiceError, match=where) as refusal:
        check(service, operation, params)
    assert refusal.value.code == "ValidationException"


def test_a_refusal_does_not_show_a_sensitive_value() -> None:
    with pytest.raises(ServiceError) as refusal:
        check("pipes", "TagResource", {"resourceArn": "arn:aws:pipes:us-east-1:000000000000:pipe/x", "tags": {"a": "s" * 300}})  # fmt: skip
    assert "sss" not in refusal.value.message

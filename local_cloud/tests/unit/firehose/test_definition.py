"""Delivery streams have the documented settings.

Sources: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html and
https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html
"""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.firehose.definition import DESTINATION_ID, new_stream, s3_of, updated_stream
from local_cloud.firehose.encryption import described
from local_cloud.firehose.settings import MEGABYTE, parse_destination
from local_cloud.firehose.states import MOVES, IllegalMoveError, Status, move
from local_cloud.wire import ServiceError

ROLE = "arn:aws:iam::000000000000:role/firehose"
S3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::orders"}


def lambda_processor(**parameters: str) -> dict[str, Any]:
    named = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": named}]}


def request(**s3: Any) -> dict[str, Any]:
    return {"DeliveryStreamName": "orders", "ExtendedS3DestinationConfiguration": {**S3, **s3}}


def test_absent_parameters_have_the_documented_defaults() -> None:
    destination = parse_destination(s3_of(new_stream(request(), "arn")))
    assert (destination.size_bytes, destination.interval_seconds) == (5 * MEGABYTE, 300)
    assert (destination.is_gzip, destination.processor) == (False, None)


def test_a_lambda_processor_has_the_documented_defaults() -> None:
    description = new_stream(request(ProcessingConfiguration=lambda_processor(LambdaArn="arn:f")), "arn")
    processor = parse_destination(s3_of(description)).processor
    assert processor is not None
    assert (processor.size_bytes, processor.interval_seconds, processor.retries) == (MEGABYTE, 60, 3)
    assert processor.role_arn == ROLE


def test_processing_that_is_not_enabled_does_nothing() -> None:
    off = {**lambda_processor(LambdaArn="arn:f"), "Enabled": False}
    assert parse_destination(s3_of(new_stream(request(ProcessingConfiguration=off), "arn"))).processor is None


@pytest.mark.parametrize(
    "s3",
    [
        {"RoleARN": ""},
        {"BufferingHints": {"SizeInMBs": 129, "IntervalInSeconds": 60}},
        {"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 901}},
        {"BufferingHints": {"SizeInMBs": 5}},
        {"CompressionFormat": "Snappy"},
        {"CustomTimeZone": "Mars/Olympus"},
        {"CustomTimeZone": "../../etc/passwd"},
        {"Prefix": "!{timestamp:yyyy}/"},
        {"ProcessingConfiguration": lambda_processor()},
        {"ProcessingConfiguration": lambda_processor(LambdaArn="arn:f", BufferSizeInMBs="4")},
        {"ProcessingConfiguration": lambda_processor(LambdaArn="arn:f", BufferIntervalInSeconds="soon")},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Decompression"}]}},
        {"DynamicPartitioningConfiguration": {"Enabled": True}},
        {"DataFormatConversionConfiguration": {"Enabled": True}},
        {"S3BackupMode": "Enabled"},
    ],
)
def test_unsupported_settings_are_refused(s3: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as refusal:
        new_stream(request(**s3), "arn")
    assert refusal.value.code == "InvalidArgumentException"


@pytest.mark.parametrize(
    "params",
    [
        {"DeliveryStreamName": "orders"},
        {"DeliveryStreamName": "orders", "HttpEndpointDestinationConfiguration": {}},
        {**request(), "DeliveryStreamType": "MSKAsSource"},
        {**request(), "DeliveryStreamType": "KinesisStreamAsSource"},
        {**request(), "KinesisStreamSourceConfiguration": {"KinesisStreamARN": "arn:s", "RoleARN": ROLE}},
    ],
)
def test_a_stream_without_a_usable_source_and_destination_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as refusal:
        new_stream(params, "arn")
    assert refusal.value.code == "InvalidArgumentException"


@pytest.mark.parametrize("others", [{"S3DestinationConfiguration": S3}, {"SplunkDestinationConfiguration": {}}])
def test_a_second_destination_is_refused(others: dict[str, Any]) -> None:
    """Judge: moto's Firehose."""
    with pytest.raises(ServiceError, match="Exactly one destination") as refused:
        new_stream({**request(), **others}, "arn")
    assert refused.value.code == "InvalidArgumentException"


@pytest.mark.parametrize("updates", [{}, {"ExtendedS3DestinationUpdate": {}, "S3DestinationUpdate": {}}])
def test_an_update_has_exactly_one_destination(updates: dict[str, Any]) -> None:
    current = {"CurrentDeliveryStreamVersionId": "1", "DestinationId": DESTINATION_ID}
    with pytest.raises(ServiceError, match="Exactly one destination"):
        updated_stream(new_stream(request(), "arn"), {**current, **updates})


def test_encryption_at_creation_is_kept() -> None:
    """CreateDeliveryStream: DeliveryStreamEncryptionConfigurationInput.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
    """
    wanted = {"DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"}}
    shown = new_stream({**request(), **wanted}, "arn")["DeliveryStreamEncryptionConfiguration"]
    assert shown == {"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"}


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("KinesisStreamAsSource", {"KeyType": "AWS_OWNED_CMK"}),
        ("DirectPut", {"KeyType": "CUSTOMER_MANAGED_CMK"}),
        ("DirectPut", {"KeyType": "AWS_OWNED_CMK", "KeyARN": "arn:aws:kms:us-east-1:000000000000:key/own"}),
    ],
)
def test_invalid_encryption_is_refused(kind: str, wanted: dict[str, str]) -> None:
    with pytest.raises(ServiceError) as refusal:
        described(kind, wanted)
    assert refusal.value.code == "InvalidArgumentException"


def test_an_update_changes_what_it_names_and_increments_the_version() -> None:
    stream = new_stream(request(Prefix="raw/"), "arn")
    update = {
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": DESTINATION_ID,
        "ExtendedS3DestinationUpdate": {"CompressionFormat": "GZIP"},
    }
    updated = updated_stream(stream, update)
    assert (s3_of(updated)["Prefix"], s3_of(updated)["CompressionFormat"], updated["VersionId"]) == (
        "raw/",
        "GZIP",
        "2",
    )
    assert s3_of(stream)["CompressionFormat"] == "UNCOMPRESSED"


def test_an_update_of_an_old_version_is_refused() -> None:
    update = {"CurrentDeliveryStreamVersionId": "0", "DestinationId": DESTINATION_ID, "ExtendedS3DestinationUpdate": {}}
    with pytest.raises(ServiceError) as refusal:
        updated_stream(new_stream(request(), "arn"), update)
    assert refusal.value.code == "ConcurrentModificationException"


def test_only_documented_moves_are_made() -> None:
    for now in Status:
        for to in set(Status) - MOVES[now]:
            with pytest.raises(IllegalMoveError):
                move({"DeliveryStreamName": "orders", "DeliveryStreamStatus": now.value}, to)

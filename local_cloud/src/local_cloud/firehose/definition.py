"""A delivery stream's document: made from a request, changed by an update, refused when AWS would refuse it.

Sources: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html,
https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html and
https://docs.aws.amazon.com/firehose/latest/APIReference/API_DestinationDescription.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from local_cloud.firehose import encryption
from local_cloud.firehose.prefixes import PrefixError, check_prefixes
from local_cloud.firehose.settings import (
    DEFAULT_BUFFER_MEGABYTES,
    DEFAULT_BUFFER_SECONDS,
    SettingsError,
    parse_destination,
)
from local_cloud.wire import Json, ServiceError

DESTINATION_ID = "destinationId-000000000001"


def invalid(message: str) -> ServiceError:
    """Make the error for a request that AWS refuses."""
    return ServiceError("InvalidArgumentException", message)


def new_stream(params: Mapping[str, Any], arn: str) -> Json:
    """Make the document of a delivery stream that is being created.

    Raises:
        ServiceError: ``InvalidArgumentException``, with what is wrong.
    """
    now = round(time.time(), 3)
    kind = params.get("DeliveryStreamType") or "DirectPut"
    if kind not in {"DirectPut", "KinesisStreamAsSource"}:
        raise invalid(f"DeliveryStreamType {kind} is not supported by the local cloud.")
    stream: Json = {
        "DeliveryStreamName": params["DeliveryStreamName"],
        "DeliveryStreamARN": arn,
        "DeliveryStreamStatus": "CREATING",
        "DeliveryStreamType": kind,
        "VersionId": "1",
        "CreateTimestamp": now,
        "Destinations": [{"DestinationId": DESTINATION_ID, **_destination(params)}],
        "HasMoreDestinations": False,
        "Tags": {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or []},
        "DeliveryStreamEncryptionConfiguration": encryption.described(
            kind, params.get("DeliveryStreamEncryptionConfigurationInput")
        ),
    }
    if kind == "KinesisStreamAsSource":
        stream["Source"] = {"KinesisStreamSourceDescription": _source(params, now)}
    elif params.get("KinesisStreamSourceConfiguration"):
        raise invalid("KinesisSourceStreamConfig is only applicable for KinesisStreamAsSource stream type.")
    check_destination(stream)
    return stream


def _source(params: Mapping[str, Any], now: float) -> Json:
    source = params.get("KinesisStreamSourceConfiguration") or {}
    if not source.get("KinesisStreamARN") or not source.get("RoleARN"):
        raise invalid("KinesisStreamSourceConfiguration needs KinesisStreamARN and RoleARN.")
    return {
        "KinesisStreamARN": source["KinesisStreamARN"],
        "RoleARN": source["RoleARN"],
        "DeliveryStartTimestamp": now,
    }


def _check_one_destination(params: Mapping[str, Any], kind: str) -> None:
    """Refuse a request with no destination or with several. ``kind``: how their fields' names end.

    Judge: moto's Firehose.
    """
    given = [name for name, value in params.items() if name.endswith(f"Destination{kind}") and value is not None]
    if len(given) != 1:
        raise invalid(f"Exactly one destination configuration is supported for a Firehose, not {given or 'none'}.")


def _destination(params: Mapping[str, Any]) -> Json:
    _check_one_destination(params, "Configuration")
    extended, simple = params.get("ExtendedS3DestinationConfiguration"), params.get("S3DestinationConfiguration")
    if extended is not None:
        return {
            "S3DestinationDescription": _with_defaults(_simple(extended)),
            "ExtendedS3DestinationDescription": _with_defaults({"S3BackupMode": "Disabled", **extended}),
        }
    if simple is not None:
        return {"S3DestinationDescription": _with_defaults(simple)}
    (other,) = [name for name in params if name.endswith("DestinationConfiguration") and params[name] is not None]
    raise invalid(f"The local cloud delivers to S3 only; give ExtendedS3DestinationConfiguration, not {other}.")


def _simple(extended: Mapping[str, Any]) -> Json:
    shared = (
        "RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix", "BufferingHints", "CompressionFormat",
        "EncryptionConfiguration", "CloudWatchLoggingOptions",
    )  # fmt: skip
    return {name: extended[name] for name in shared if name in extended}


def _with_defaults(destination: Mapping[str, Any]) -> Json:
    hints = destination.get("BufferingHints") or {}
    if len(hints.keys() & {"SizeInMBs", "IntervalInSeconds"}) == 1:
        raise invalid("BufferingHints needs both SizeInMBs and IntervalInSeconds, or neither.")
    return {
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
        **destination,
        "BufferingHints": {
            "SizeInMBs": hints.get("SizeInMBs", DEFAULT_BUFFER_MEGABYTES),
            "IntervalInSeconds": hints.get("IntervalInSeconds", DEFAULT_BUFFER_SECONDS),
        },
    }


def updated_stream(stream: Json, params: Mapping[str, Any]) -> Json:
    """Return the document with the changes of ``UpdateDestination`` and the next version; what it omits stays.

    Raises:
        ServiceError: the version is not the current one, the destination does not exist, or a value is wrong.
    """
    if params.get("CurrentDeliveryStreamVersionId") != stream["VersionId"]:
        raise ServiceError(
            "ConcurrentModificationException",
            f"The current version is {stream['VersionId']}, not {params.get('CurrentDeliveryStreamVersionId')}.",
        )
    (destination,) = stream["Destinations"]
    if params.get("DestinationId") != destination["DestinationId"]:
        raise invalid(f"Destination Id {params.get('DestinationId')} not found")
    _check_one_destination(params, "Update")
    update = next(
        (params[name] for name in ("ExtendedS3DestinationUpdate", "S3DestinationUpdate") if name in params), None
    )
    if update is None:
        raise invalid("The local cloud delivers to S3 only; give ExtendedS3DestinationUpdate.")
    before = destination.get("ExtendedS3DestinationDescription") or destination["S3DestinationDescription"]
    after = {**before, **update}
    changed = {
        "DestinationId": destination["DestinationId"],
        "S3DestinationDescription": _with_defaults(_simple(after)),
        "ExtendedS3DestinationDescription": _with_defaults(after),
    }
    updated = {
        **stream,
        "Destinations": [changed],
        "VersionId": str(int(stream["VersionId"]) + 1),
        "LastUpdateTimestamp": round(time.time(), 3),
    }
    check_destination(updated)
    return updated


def s3_of(stream: Mapping[str, Any]) -> Json:
    """Return the description of the stream's only destination."""
    (destination,) = stream["Destinations"]
    found: Json = destination.get("ExtendedS3DestinationDescription") or destination["S3DestinationDescription"]
    return found


def check_destination(stream: Mapping[str, Any]) -> None:
    """Refuse a destination that AWS refuses.

    Raises:
        ServiceError: ``InvalidArgumentException``, with what is wrong.
    """
    destination = s3_of(stream)
    for field in ("RoleARN", "BucketARN"):
        if not destination.get(field):
            raise invalid(f"{field} is required.")
    try:
        parse_destination(destination)
        check_prefixes(destination.get("Prefix") or "", destination.get("ErrorOutputPrefix") or "")
    except (SettingsError, PrefixError) as error:
        raise invalid(str(error)) from error

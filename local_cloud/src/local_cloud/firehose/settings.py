"""A delivery stream's settings: its document, checked and typed, with AWS's defaults.

Intervals are in seconds; sizes are in bytes here, and in MB in the API. Sources:
https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html,
https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html,
https://docs.aws.amazon.com/firehose/latest/APIReference/API_Processor.html and
https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MEGABYTE = 1024 * 1024
PRINCIPAL = "firehose.amazonaws.com"
DEFAULT_BUFFER_MEGABYTES, DEFAULT_BUFFER_SECONDS = 5, 300
DEFAULT_LAMBDA_MEGABYTES, DEFAULT_LAMBDA_SECONDS, DEFAULT_LAMBDA_RETRIES = 1.0, 60, 3


class SettingsError(Exception):
    """The delivery stream asks for something that AWS refuses, or that the local cloud cannot do."""


@dataclass(frozen=True, slots=True)
class LambdaProcessor:
    """Hold the Lambda function that transforms records; ``role_arn`` is the role that invokes it."""

    function_arn: str
    role_arn: str
    size_bytes: int
    interval_seconds: int
    retries: int


@dataclass(frozen=True, slots=True)
class LogTarget:
    """Name the CloudWatch log stream for delivery errors."""

    group: str
    stream: str


@dataclass(frozen=True, slots=True)
class S3Destination:
    """Hold where objects go and when they are written. ``extension`` is None when AWS's default applies."""

    bucket: str
    role_arn: str
    prefix: str
    error_prefix: str
    size_bytes: int
    interval_seconds: int
    is_gzip: bool
    extension: str | None
    time_zone: ZoneInfo
    delimiter: bytes
    processor: LambdaProcessor | None
    log: LogTarget | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """Hold the destination as it is configured now, and the version of that configuration."""

    destination: S3Destination
    version: str


def parse_destination(destination: Mapping[str, Any]) -> S3Destination:
    """Read the settings of an ``ExtendedS3DestinationDescription`` or ``S3DestinationDescription``.

    Raises:
        SettingsError: a value is out of its range, or not supported by the local cloud.
    """
    hints = destination.get("BufferingHints") or {}
    megabytes = _number(hints, "SizeInMBs", 1, 128, DEFAULT_BUFFER_MEGABYTES)
    compression = destination.get("CompressionFormat") or "UNCOMPRESSED"
    if compression not in {"UNCOMPRESSED", "GZIP"}:
        raise SettingsError(
            f"CompressionFormat {compression} is not supported by the local cloud: UNCOMPRESSED or GZIP."
        )
    for unsupported in ("DataFormatConversionConfiguration", "DynamicPartitioningConfiguration"):
        if (destination.get(unsupported) or {}).get("Enabled"):
            raise SettingsError(f"{unsupported} is not supported by the local cloud.")
    if destination.get("S3BackupMode") == "Enabled":
        raise SettingsError("S3BackupMode Enabled is not supported by the local cloud.")
    processors = _processors(destination)
    return S3Destination(
        bucket=destination["BucketARN"].rpartition(":")[2],
        role_arn=destination["RoleARN"],
        prefix=destination.get("Prefix") or "",
        error_prefix=destination.get("ErrorOutputPrefix") or "",
        size_bytes=int(megabytes * MEGABYTE),
        interval_seconds=int(_number(hints, "IntervalInSeconds", 0, 900, DEFAULT_BUFFER_SECONDS)),
        is_gzip=compression == "GZIP",
        extension=destination.get("FileExtension") or None,
        time_zone=_time_zone(destination.get("CustomTimeZone") or "UTC"),
        delimiter=_delimiter(processors),
        processor=_lambda(processors, destination["RoleARN"]),
        log=_log(destination.get("CloudWatchLoggingOptions") or {}),
    )


def _time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"CustomTimeZone {name!r} is not the name of a time zone.") from error


def _number(source: Mapping[str, Any], name: str, low: float, high: float, default: float) -> float:
    value = source.get(name)
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{name} is {value!r}: it must be a number from {low} to {high}.") from error
    if not low <= number <= high:
        raise SettingsError(f"{name} is {value!r}: it must be from {low} to {high}.")
    return number


def _processors(destination: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """Return the parameters by processor type; empty when processing is off."""
    configuration = destination.get("ProcessingConfiguration") or {}
    if not configuration.get("Enabled"):
        return {}
    found: dict[str, dict[str, str]] = {}
    for processor in configuration.get("Processors") or []:
        kind = processor["Type"]
        if kind not in {"Lambda", "AppendDelimiterToRecord"}:
            raise SettingsError(
                f"Processor {kind} is not supported by the local cloud: Lambda, AppendDelimiterToRecord."
            )
        if kind in found:
            raise SettingsError(f"Only one processor of type {kind} is allowed.")
        found[kind] = {one["ParameterName"]: one["ParameterValue"] for one in processor.get("Parameters") or []}
    return found


def _lambda(processors: Mapping[str, Mapping[str, str]], destination_role: str) -> LambdaProcessor | None:
    parameters = processors.get("Lambda")
    if parameters is None:
        return None
    if not parameters.get("LambdaArn"):
        raise SettingsError("A Lambda processor needs the parameter LambdaArn.")
    megabytes = _number(parameters, "BufferSizeInMBs", 0.2, 3, DEFAULT_LAMBDA_MEGABYTES)
    return LambdaProcessor(
        function_arn=parameters["LambdaArn"],
        role_arn=parameters.get("RoleArn") or destination_role,
        size_bytes=int(megabytes * MEGABYTE),
        interval_seconds=int(_number(parameters, "BufferIntervalInSeconds", 0, 900, DEFAULT_LAMBDA_SECONDS)),
        retries=int(_number(parameters, "NumberOfRetries", 0, 300, DEFAULT_LAMBDA_RETRIES)),
    )


def _delimiter(processors: Mapping[str, Mapping[str, str]]) -> bytes:
    parameters = processors.get("AppendDelimiterToRecord")
    return b"" if parameters is None else parameters.get("Delimiter", "\\n").replace("\\n", "\n").encode()


def _log(options: Mapping[str, Any]) -> LogTarget | None:
    if not options.get("Enabled"):
        return None
    return LogTarget(options.get("LogGroupName") or "", options.get("LogStreamName") or "")

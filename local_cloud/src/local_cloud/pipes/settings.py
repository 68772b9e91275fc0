"""A pipe's settings: its document, checked and typed, with AWS's defaults.

Numbers of retries and ages that are absent mean "for ever", as -1 does. Sources:
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceDynamoDBStreamParameters.html,
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceKinesisStreamParameters.html and
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetParameters.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.pipes.patterns import Pattern, PatternError, compile_pattern

DEFAULT_BATCH_SIZE = 100
PRINCIPAL = "pipes.amazonaws.com"

_SOURCES = {
    re.compile(r"arn:aws[\w-]*:dynamodb:[^:]+:\d{12}:table/[^/]+/stream/.+"): "DynamoDBStreamParameters",
    re.compile(r"arn:aws[\w-]*:kinesis:[^:]+:\d{12}:stream/.+"): "KinesisStreamParameters",
}
_TARGET = re.compile(r"arn:aws[\w-]*:kinesis:[^:]+:\d{12}:stream/.+")
_LETTERS = re.compile(r"arn:aws[\w-]*:(sqs|sns):[^:]+:\d+:[\w.-]+")
_UNSUPPORTED = ("Enrichment", "EnrichmentParameters")


class SettingsError(Exception):
    """The pipe asks for something that AWS refuses, or that the local cloud cannot do."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Hold where a pipe reads, how much at once, and what it does with records that fail."""

    arn: str
    starting_position: str
    starting_timestamp: float | None
    batch_size: int
    window_seconds: int
    maximum_retries: int | None
    maximum_age_seconds: int | None
    bisects: bool
    dead_letter_arn: str | None

    @property
    def service(self) -> str:
        return self.arn.split(":")[2]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


@dataclass(frozen=True, slots=True)
class PipeSettings:
    """Hold the settings of one pipe that its workers need."""

    name: str
    arn: str
    role_arn: str
    source: StreamSource
    patterns: tuple[Pattern, ...]
    target_arn: str
    partition_key: str
    input_template: str | None


def parse(pipe: Mapping[str, Any]) -> PipeSettings:
    """Read the settings from a pipe's document.

    Raises:
        SettingsError: a parameter is missing, out of its range, or not supported by the local cloud.
    """
    for field in _UNSUPPORTED:
        if pipe.get(field):
            raise SettingsError(f"{field} is not supported by the local cloud: a pipe goes from a stream to Kinesis.")
    source, parameters = pipe["Source"], pipe.get("SourceParameters") or {}
    target, target_parameters = pipe["Target"], pipe.get("TargetParameters") or {}
    if not _TARGET.fullmatch(target):
        raise SettingsError(f"Target {target} is not supported by the local cloud: give the ARN of a Kinesis stream.")
    kinesis = target_parameters.get("KinesisStreamParameters") or {}
    if not kinesis.get("PartitionKey"):
        raise SettingsError("TargetParameters.KinesisStreamParameters.PartitionKey is required for a Kinesis target.")
    return PipeSettings(
        name=pipe["Name"],
        arn=pipe["Arn"],
        role_arn=pipe["RoleArn"],
        source=_source(source, parameters),
        patterns=_patterns(parameters),
        target_arn=target,
        partition_key=kinesis["PartitionKey"],
        input_template=target_parameters.get("InputTemplate") or None,
    )


def _source(arn: str, parameters: Mapping[str, Any]) -> StreamSource:
    kind = next((kind for pattern, kind in _SOURCES.items() if pattern.fullmatch(arn)), None)
    if kind is None:
        raise SettingsError(
            f"Source {arn} is not supported by the local cloud: give the ARN of a DynamoDB or a Kinesis stream."
        )
    stream = parameters.get(kind)
    if stream is None:
        raise SettingsError(f"SourceParameters.{kind} is required for source {arn}.")
    position = _starting_position(kind, stream)
    bisect = stream.get("OnPartialBatchItemFailure")
    if bisect not in {None, "AUTOMATIC_BISECT"}:
        raise SettingsError(f"OnPartialBatchItemFailure {bisect!r} is not AUTOMATIC_BISECT.")
    letters = (stream.get("DeadLetterConfig") or {}).get("Arn")
    if letters is not None and not _LETTERS.fullmatch(letters):
        raise SettingsError(f"DeadLetterConfig.Arn {letters!r} is not the ARN of an SQS queue or an SNS topic.")
    _number(stream, "ParallelizationFactor", 1, 10, 1)
    return StreamSource(
        arn=arn,
        starting_position=position,
        starting_timestamp=stream.get("StartingPositionTimestamp"),
        batch_size=_number(stream, "BatchSize", 1, 10_000, DEFAULT_BATCH_SIZE),
        window_seconds=_number(stream, "MaximumBatchingWindowInSeconds", 0, 300, 0),
        maximum_retries=_unless_infinite(_number(stream, "MaximumRetryAttempts", -1, 10_000, -1)),
        maximum_age_seconds=_unless_infinite(_number(stream, "MaximumRecordAgeInSeconds", -1, 604_800, -1)),
        bisects=bisect is not None,
        dead_letter_arn=letters,
    )


def _starting_position(kind: str, stream: Mapping[str, Any]) -> str:
    position = stream.get("StartingPosition")
    positions = {"TRIM_HORIZON", "LATEST"} | ({"AT_TIMESTAMP"} if kind.startswith("Kinesis") else set())
    if position not in positions:
        raise SettingsError(f"StartingPosition {position!r} is not one of {', '.join(sorted(positions))}.")
    if position == "AT_TIMESTAMP" and stream.get("StartingPositionTimestamp") is None:
        raise SettingsError("StartingPositionTimestamp is required with StartingPosition AT_TIMESTAMP.")
    return str(position)


def _number(parameters: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    value = parameters.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"{name} is {value!r}: it must be a whole number from {low} to {high}.")
    return value


def _unless_infinite(value: int) -> int | None:
    return None if value == -1 else value


def _patterns(parameters: Mapping[str, Any]) -> tuple[Pattern, ...]:
    filters = (parameters.get("FilterCriteria") or {}).get("Filters") or []
    try:
        return tuple(compile_pattern(one.get("Pattern", "")) for one in filters)
    except PatternError as error:
        raise SettingsError(f"FilterCriteria: {error}") from error

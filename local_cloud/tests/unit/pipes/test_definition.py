"""Pipes have the documented settings.

Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from local_cloud.pipes.definition import check
from local_cloud.pipes.settings import parse
from local_cloud.wire import ServiceError

PIPE: dict[str, Any] = {
    "Name": "orders",
    "Arn": "arn:aws:pipes:us-east-1:000000000000:pipe/orders",
    "RoleArn": "arn:aws:iam::000000000000:role/pipe",
    "DesiredState": "RUNNING",
    "Source": "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-01-01T00:00:00.000",
    "SourceParameters": {"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
    "Target": "arn:aws:kinesis:us-east-1:000000000000:stream/changes",
    "TargetParameters": {"KinesisStreamParameters": {"PartitionKey": "$.eventID"}},
}


def pipe_with(**stream: Any) -> dict[str, Any]:
    pipe = copy.deepcopy(PIPE)
    pipe["SourceParameters"]["DynamoDBStreamParameters"].update(stream)
    return pipe


def test_absent_parameters_have_the_documented_defaults() -> None:
    source = parse(PIPE).source
    assert (source.batch_size, source.window_seconds, source.maximum_retries) == (100, 0, None)
    assert (source.maximum_age_seconds, source.bisects, source.dead_letter_arn) == (None, False, None)


def test_given_parameters_are_kept() -> None:
    source = parse(
        pipe_with(
            BatchSize=7, MaximumBatchingWindowInSeconds=3, MaximumRetryAttempts=2, MaximumRecordAgeInSeconds=60,
            OnPartialBatchItemFailure="AUTOMATIC_BISECT", DeadLetterConfig={"Arn": "arn:aws:sqs:us-east-1:0:letters"},
        )
    ).source  # fmt: skip
    assert (source.batch_size, source.window_seconds, source.maximum_retries) == (7, 3, 2)
    assert (source.maximum_age_seconds, source.bisects) == (60, True)
    assert source.dead_letter_arn == "arn:aws:sqs:us-east-1:0:letters"


def test_minus_one_means_for_ever() -> None:
    source = parse(pipe_with(MaximumRetryAttempts=-1, MaximumRecordAgeInSeconds=-1)).source
    assert (source.maximum_retries, source.maximum_age_seconds) == (None, None)


@pytest.mark.parametrize(
    ("pipe", "said"),
    [
        (PIPE | {"Name": "a pipe"}, "name"),
        (PIPE | {"RoleArn": "pipe-role"}, "RoleArn"),
        (PIPE | {"DesiredState": "PAUSED"}, "DesiredState"),
        (PIPE | {"Source": "arn:aws:dynamodb:us-east-1:000000000000:table/orders"}, "Source"),
        (PIPE | {"Target": "arn:aws:sqs:us-east-1:000000000000:q"}, "Target"),
        (PIPE | {"TargetParameters": {}}, "PartitionKey"),
        (PIPE | {"SourceParameters": {}}, "DynamoDBStreamParameters"),
        (PIPE | {"Enrichment": "arn:aws:lambda:us-east-1:000000000000:function:f"}, "Enrichment"),
        (pipe_with(StartingPosition="AT_TIMESTAMP"), "StartingPosition"),
        (pipe_with(BatchSize=0), "BatchSize"),
        (pipe_with(BatchSize=501), "larger than the target supports"),
        (pipe_with(MaximumBatchingWindowInSeconds=301), "MaximumBatchingWindowInSeconds"),
        (pipe_with(MaximumRetryAttempts=10_001), "MaximumRetryAttempts"),
        (pipe_with(MaximumRecordAgeInSeconds=-2), "MaximumRecordAgeInSeconds"),
        (pipe_with(OnPartialBatchItemFailure="NEVER"), "OnPartialBatchItemFailure"),
        (pipe_with(ParallelizationFactor=11), "ParallelizationFactor"),
        (pipe_with(DeadLetterConfig={"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"}), "DeadLetterConfig"),
    ],
)  # fmt: skip
def test_a_parameter_that_aws_refuses_is_named(pipe: dict[str, Any], said: str) -> None:
    with pytest.raises(ServiceError, match=said) as refusal:
        check(pipe)
    assert refusal.value.code == "ValidationException"


def test_a_filter_that_is_no_pattern_is_refused() -> None:
    pipe = copy.deepcopy(PIPE)
    pipe["SourceParameters"]["FilterCriteria"] = {"Filters": [{"Pattern": '{"eventName": "INSERT"}'}]}
    with pytest.raises(ServiceError, match="FilterCriteria"):
        check(pipe)

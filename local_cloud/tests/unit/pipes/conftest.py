"""Settings, records and failing targets for tests of pipes without a cloud."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from local_cloud.pipes.settings import PipeSettings, StreamSource
from local_cloud.pipes.sources import Record
from local_cloud.pipes.targets import Failure
from local_cloud.store import Collection, Store

SOURCE = StreamSource(
    arn="arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-01-01T00:00:00.000",
    starting_position="TRIM_HORIZON",
    starting_timestamp=None,
    batch_size=100,
    window_seconds=0,
    maximum_retries=None,
    maximum_age_seconds=None,
    bisects=False,
    dead_letter_arn="arn:aws:sqs:us-east-1:000000000000:letters",
)


def pipe_settings(**source: Any) -> PipeSettings:
    """Make a pipe's settings; keywords are parameters of its source."""
    return PipeSettings(
        name="orders",
        arn="arn:aws:pipes:us-east-1:000000000000:pipe/orders",
        role_arn="arn:aws:iam::000000000000:role/pipe",
        source=dataclasses.replace(SOURCE, **source),
        patterns=(),
        target_arn="arn:aws:kinesis:us-east-1:000000000000:stream/changes",
        partition_key="$.id",
        input_template=None,
    )


@pytest.fixture
def settings() -> Callable[..., PipeSettings]:
    return pipe_settings


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return Store(tmp_path / "store.db").collection("checkpoints")


def records(*numbers: int, created: float = 0.0) -> list[Record]:
    return [Record(str(number), created, {"id": str(number)}) for number in numbers]


class PickyTarget:
    """Take every record except the given ones, which are refused the given number of times; -1 is for ever.

    ``counts`` says whether a refusal counts towards the pipe's retries.
    """

    def __init__(self, refusals: dict[str, int] | None = None, *, counts: bool = True) -> None:
        self.refusals, self.counts = refusals or {}, counts
        self.taken: list[str] = []
        self.calls: list[list[str]] = []

    def send(self, records: Sequence[Record]) -> list[Failure]:
        self.calls.append([record.sequence_number for record in records])
        failures = []
        for record in records:
            left = self.refusals.get(record.sequence_number, 0)
            if left:
                self.refusals[record.sequence_number] = left - 1
                failures.append(Failure(record, "refused", self.counts))
            else:
                self.taken.append(record.sequence_number)
        return failures


class Letters:
    """Act as a dead-letter queue that keeps its messages."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, list[str], str]] = []

    def send(self, shard_id: str, records: Sequence[Record], condition: str) -> None:
        self.kept.append((shard_id, [record.sequence_number for record in records], condition))

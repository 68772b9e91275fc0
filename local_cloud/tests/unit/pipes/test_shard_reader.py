"""A shard reader makes batches, keeps checkpoints, and continues when its position is gone."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from tests.unit.pipes.conftest import Letters, PickyTarget, records

from local_cloud.counters import Counters
from local_cloud.pipes.checkpoints import Checkpoint, Checkpoints
from local_cloud.pipes.delivery import Delivery
from local_cloud.pipes.patterns import compile_pattern
from local_cloud.pipes.settings import PipeSettings
from local_cloud.pipes.shard_reader import ShardReader
from local_cloud.pipes.sources import Record
from local_cloud.shards import Cursor, IteratorExpiredError, Position, PositionGoneError, Shard
from local_cloud.store import Collection

Make = Callable[..., PipeSettings]
Page = list[Record] | Exception


class Tape:
    """Act as a closed shard with the given pages; after an error it continues with the next page."""

    def __init__(self, *pages: Page, gone: bool = False) -> None:
        self.pages = list(pages)
        self.opened: list[Position] = []
        self.gone = gone
        self.listed = [Shard("s")]

    def shards(self) -> list[Shard]:
        return self.listed

    def open(self, shard_id: str, position: Position) -> Cursor:
        self.opened.append(position)
        if self.gone and position.kind == "AFTER_SEQUENCE_NUMBER":
            raise PositionGoneError
        return Cursor(shard_id, "i")

    def read(self, cursor: Cursor, limit: int) -> tuple[list[Record], Cursor | None]:
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page, cursor if self.pages else None


class Unhurried(threading.Event):
    def wait(self, timeout: float | None = None) -> bool:
        return False


class Case:
    """Hold a shard reader over a tape, and what it reads and writes."""

    def __init__(self, settings: PipeSettings, tape: Tape, collection: Collection, target: PickyTarget | None = None):
        self.target, self.letters, self.counters = target or PickyTarget(), Letters(), Counters()
        self.checkpoints = Checkpoints(collection, settings.arn)
        self.now = 0.0
        stopping = Unhurried()
        delivery = Delivery(settings, self.target, self.letters, stopping, self.counters, clock=lambda: self.now)
        self.reader = ShardReader(
            settings, "s", tape, delivery, self.checkpoints, stopping, self.counters, clock=self.tick
        )

    def tick(self) -> float:
        """Return a time one second later at each call."""
        self.now += 1.0
        return self.now


def test_records_go_in_batches_of_the_configured_size(settings: Make, collection: Collection) -> None:
    case = Case(settings(batch_size=2), Tape(records(1, 2, 3, 4, 5)), collection)
    case.reader.run()
    assert case.target.calls == [["1", "2"], ["3", "4"], ["5"]]


def test_a_window_gathers_records_of_several_reads(settings: Make, collection: Collection) -> None:
    case = Case(settings(window_seconds=4), Tape(records(1), records(2), [], [], [], records(3)), collection)
    case.reader.run()
    assert case.target.calls == [["1", "2"], ["3"]]


def test_the_checkpoint_is_the_last_delivered_record(settings: Make, collection: Collection) -> None:
    case = Case(settings(), Tape(records(1, 2), records(3)), collection)
    case.reader.run()
    found = case.checkpoints.get("s")
    assert found is not None
    assert (found.sequence_number, found.finished) == ("3", True)


def test_filtered_records_are_not_sent_but_pass_the_checkpoint(settings: Make, collection: Collection) -> None:
    wanted = dataclasses.replace(settings(), patterns=(compile_pattern('{"id": ["2"]}'),))
    case = Case(wanted, Tape(records(1, 2), records(3)), collection)
    case.reader.run()
    found = case.checkpoints.get("s")
    assert case.target.taken == ["2"]
    assert found is not None
    assert found.sequence_number == "3"


def test_reading_starts_after_the_checkpoint(settings: Make, collection: Collection) -> None:
    tape = Tape(records(8))
    case = Case(settings(), tape, collection)
    Checkpoints(collection, settings().arn).put("s", Checkpoint("7", 0.0))
    case = Case(settings(), tape, collection)
    case.reader.run()
    assert tape.opened == [Position("AFTER_SEQUENCE_NUMBER", "7")]


def test_a_position_that_is_gone_falls_back_to_the_oldest_record(settings: Make, collection: Collection) -> None:
    Checkpoints(collection, settings().arn).put("s", Checkpoint("7", 0.0))
    tape = Tape(records(1), gone=True)
    case = Case(settings(), tape, collection)
    case.reader.run()
    assert tape.opened == [Position("AFTER_SEQUENCE_NUMBER", "7"), Position("TRIM_HORIZON")]
    assert case.target.taken == ["1"]


def test_a_shard_opened_at_latest_that_gave_nothing_skips_only_what_was_there_before(
    settings: Make, collection: Collection
) -> None:
    Checkpoints(collection, settings().arn).put("s", Checkpoint(None, 100.7))
    tape = Tape([*records(1, created=99.0), *records(2, created=100.0), *records(3, created=101.0)])
    case = Case(settings(starting_position="LATEST"), tape, collection)
    case.reader.run()
    assert tape.opened == [Position("TRIM_HORIZON")]
    assert case.target.taken == ["2", "3"]


@pytest.mark.parametrize(
    "interruption",
    [IteratorExpiredError(), ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "GetRecords")],
)
def test_reading_continues_from_the_checkpoint_after_an_interruption(
    settings: Make, collection: Collection, interruption: Exception
) -> None:
    tape = Tape(records(1), interruption, records(2))
    case = Case(settings(), tape, collection)
    case.reader.run()
    assert tape.opened == [Position("TRIM_HORIZON"), Position("AFTER_SEQUENCE_NUMBER", "1")]
    assert case.target.taken == ["1", "2"]


def test_records_waiting_in_a_window_are_read_again_after_an_interruption(
    settings: Make, collection: Collection
) -> None:
    tape = Tape(records(1), IteratorExpiredError(), records(1, 2))
    case = Case(settings(window_seconds=60), tape, collection)
    case.reader.run()
    assert case.target.calls == [["1", "2"]]


def test_a_shard_that_left_the_stream_ends_its_reader(settings: Make, collection: Collection) -> None:
    tape = Tape(ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetRecords"), records(1))
    tape.listed = [Shard("another")]
    case = Case(settings(), tape, collection)
    case.reader.run()
    assert (case.reader.finished, case.target.taken) == (True, [])


def test_a_rewound_pipe_reads_its_shards_from_the_oldest_record(settings: Make, collection: Collection) -> None:
    checkpoints = Checkpoints(collection, settings().arn)
    checkpoints.put("s", Checkpoint("7", 5.0, finished=True))
    checkpoints.rewind()
    tape = Tape(records(1, 2))
    case = Case(settings(), tape, collection)
    case.reader.run()
    assert tape.opened == [Position("TRIM_HORIZON")]
    assert case.target.taken == ["1", "2"]

"""Direct puts survive a crash: answered puts are there again after a restart, in their order."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from local_cloud.firehose.journal import Journal, JournalFullError
from local_cloud.firehose.records import IncomingRecord
from local_cloud.store import Collection, Store

ARN = "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders"


class Sink:
    """Keep the records; ``wait_for`` returns when there are that many."""

    def __init__(self) -> None:
        self.records: list[IncomingRecord] = []
        self._changed = threading.Condition()

    def put(self, records: list[IncomingRecord]) -> None:
        with self._changed:
            self.records += records
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.records) >= count, 5)
            return [record.data for record in self.records]


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return Store(tmp_path / "store.db").collection("journal")


def read(journal: Journal, count: int) -> Sink:
    sink = Sink()
    journal.start(sink)
    sink.wait_for(count)
    journal.stop()
    return sink


def test_records_come_in_the_order_of_the_calls(collection: Collection) -> None:
    journal = Journal(collection, ARN)
    journal.append(["YQ==", "Yg=="])
    journal.append(["Yw=="])
    assert [record.data for record in read(journal, 3).records] == ["YQ==", "Yg==", "Yw=="]


def test_answered_puts_that_were_not_delivered_are_there_after_a_restart(collection: Collection) -> None:
    ids = Journal(collection, ARN).append(["YQ==", "Yg=="])
    again = read(Journal(collection, ARN), 2)
    assert [record.record_id for record in again.records] == ids


def test_delivered_puts_are_deleted(collection: Collection) -> None:
    journal = Journal(collection, ARN)
    journal.append(["YQ=="])
    (record,) = read(journal, 1).records
    assert record.position is not None
    journal.commit({record.position.place: record.position.sequence_number})
    assert list(collection) == []


def test_only_the_last_record_of_a_call_completes_the_call(collection: Collection) -> None:
    journal = Journal(collection, ARN)
    journal.append(["YQ==", "Yg=="])
    first, last = read(journal, 2).records
    assert (first.position, last.position is not None) == (None, True)


def test_a_journal_takes_no_more_than_its_limit(collection: Collection) -> None:
    journal = Journal(collection, ARN, limit_bytes=2)
    journal.append(["YWJj"])
    with pytest.raises(JournalFullError):
        journal.append(["Yg=="])


def test_two_delivery_streams_keep_apart(collection: Collection) -> None:
    Journal(collection, ARN).append(["YQ=="])
    Journal(collection, f"{ARN}-2").append(["Yg=="])
    assert [record.data for record in read(Journal(collection, ARN), 1).records] == ["YQ=="]

"""Buffers limit what is taken at once, and make a reader wait when they are full."""

from __future__ import annotations

import threading

from tests.unit.firehose.conftest import incoming

from local_cloud.firehose.buffer import EVENT_LIMIT_BYTES, Intake, Output
from local_cloud.firehose.records import EVENT_OVERHEAD_BYTES, IncomingRecord, Position


def ids(records: list[IncomingRecord]) -> list[str]:
    return [record.record_id for record in records]


def test_records_leave_in_order_up_to_the_size() -> None:
    intake = Intake()
    intake.put(incoming("aaaa", "bbbb", "cccc"), 1.0)
    assert ids(intake.take(9)) == ["0", "1"]
    assert intake.size_bytes == 4
    assert ids(intake.take(9)) == ["2"]
    assert intake.first_at() is None


def test_a_record_larger_than_the_size_goes_alone() -> None:
    intake = Intake()
    intake.put(incoming("a" * 100, "b"), 1.0)
    assert ids(intake.take(10)) == ["0"]


def test_small_records_fill_no_more_than_one_lambda_event() -> None:
    intake = Intake()
    intake.put(incoming(*["a"] * 10_000), 1.0)
    taken = intake.take(1024 * 1024)
    assert len(taken) * EVENT_OVERHEAD_BYTES <= EVENT_LIMIT_BYTES
    assert len(taken) > 5_000


def test_records_that_could_not_be_processed_come_first_again() -> None:
    intake = Intake()
    intake.put(incoming("aaaa", "bbbb", "cccc"), 1.0)
    intake.put_back(intake.take(8), 2.0)
    assert intake.size_bytes == 12
    assert ids(intake.take(100)) == ["0", "1", "2"]


def test_a_full_intake_makes_its_reader_wait_until_records_leave() -> None:
    intake = Intake(limit_bytes=4)
    intake.put(incoming("aaaa"), 1.0)
    reader = threading.Thread(target=intake.put, args=(incoming("b"), 2.0), daemon=True)
    reader.start()
    reader.join(0.05)
    assert reader.is_alive()
    intake.take(100)
    reader.join(5)
    assert not reader.is_alive()


def test_closing_frees_a_waiting_reader() -> None:
    intake = Intake(limit_bytes=1)
    intake.put(incoming("aaaa"), 1.0)
    reader = threading.Thread(target=intake.put, args=(incoming("b"), 2.0), daemon=True)
    reader.start()
    intake.close()
    reader.join(5)
    assert not reader.is_alive()


def test_the_output_has_the_positions_to_commit_when_it_is_written() -> None:
    output = Output()
    output.note(incoming("a", "b", arrived=20.0), now=5.0)
    output.note(
        [IncomingRecord("x", 10.0, "", None, Position("t", "9")), IncomingRecord("y", 30.0, "", None, None)], 6.0
    )
    assert output.delivered == {"s": "1", "t": "9"}
    assert (output.first_at, output.oldest_arrival) == (5.0, 10.0)


def test_a_payload_size_is_counted_without_decoding() -> None:
    assert [record.size_bytes for record in incoming("", "a", "ab", "abc", "abcd")] == [0, 1, 2, 3, 4]

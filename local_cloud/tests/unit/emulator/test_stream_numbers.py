"""Sequence numbers and labels of streams rise, whatever the clock does."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from local_cloud.emulator.stream_numbers import StreamNumbers, first_number, label_time

YEAR = datetime(2026, 11, 30, tzinfo=UTC).timestamp()
readings = st.lists(st.floats(min_value=YEAR - 9_000, max_value=YEAR + 9_000), min_size=1)


@given(readings, st.data())
def test_neither_goes_back_with_the_clock(readings: list[float], data: st.DataObject) -> None:
    clock = iter(readings)
    numbers = StreamNumbers(lambda: next(clock))
    given_out = [0]
    for _ in readings:
        if data.draw(st.booleans()):
            given_out.append(int(numbers.sequence_number()))
        else:
            given_out.append(int(first_number(numbers.label())))
        assert given_out[-2] < given_out[-1] == numbers.last


def test_a_restart_continues_after_the_last_number() -> None:
    before = StreamNumbers(lambda: YEAR)
    last = before.sequence_number()
    after = StreamNumbers(lambda: YEAR - 3600)
    after.observe(int(last))
    after.observe(1)
    assert after.sequence_number() > last


def test_a_label_is_the_streams_time_and_its_first_number_has_the_length_of_awss() -> None:
    label = StreamNumbers(lambda: YEAR + 0.25).label()
    assert label == "2026-11-30T00:00:00.250"
    assert label_time(label) == YEAR + 0.25
    assert 21 <= len(first_number(label)) <= 40
    assert first_number(label) <= StreamNumbers(lambda: YEAR + 0.25).sequence_number()


def test_labels_of_one_moment_differ() -> None:
    numbers = StreamNumbers(time.time)
    assert len({numbers.label() for _ in range(100)}) == 100

"""Retries, record age, bisection and dead letters work as documented.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.pipes.conftest import Letters, PickyTarget, pipe_settings, records

from local_cloud.counters import Counters
from local_cloud.pipes.delivery import Delivery, StoppedError
from local_cloud.pipes.settings import PipeSettings
from local_cloud.uptime import Uptime

Make = Callable[..., PipeSettings]


class Unhurried(threading.Event):
    """Act as a stop flag that is never set and never waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return False


def delivery_of(settings: PipeSettings, target: PickyTarget, letters: Letters, now: float = 0.0) -> Delivery:
    return Delivery(settings, target, letters, Unhurried(), Counters(), clock=lambda: now)


def test_a_batch_that_is_taken_leaves_no_letters(settings: Make) -> None:
    target, letters = PickyTarget(), Letters()
    delivery_of(settings(), target, letters).deliver("s", records(1, 2, 3))
    assert (target.taken, letters.kept) == (["1", "2", "3"], [])


def test_only_failed_records_are_retried(settings: Make) -> None:
    target = PickyTarget({"2": 2})
    delivery_of(settings(), target, Letters()).deliver("s", records(1, 2, 3))
    assert target.calls == [["1", "2", "3"], ["2"], ["2"]]


def test_after_the_last_retry_positions_go_to_the_queue(settings: Make) -> None:
    target, letters = PickyTarget({"2": -1}), Letters()
    delivery_of(settings(maximum_retries=2), target, letters).deliver("s", records(1, 2, 3))
    assert target.calls == [["1", "2", "3"], ["2"], ["2"]]
    assert letters.kept == [("s", ["2"], "RetryAttemptsExhausted")]


def test_zero_retries_is_a_limit_too(settings: Make) -> None:
    target, letters = PickyTarget({"1": -1}), Letters()
    delivery_of(settings(maximum_retries=0), target, letters).deliver("s", records(1))
    assert (len(target.calls), len(letters.kept)) == (1, 1)


def test_internal_errors_do_not_count_towards_the_retries(settings: Make) -> None:
    target, letters = PickyTarget({"1": 5}, counts=False), Letters()
    delivery_of(settings(maximum_retries=1), target, letters).deliver("s", records(1))
    assert (target.taken, letters.kept) == (["1"], [])


def test_bisection_finds_the_record_that_fails(settings: Make) -> None:
    target, letters = PickyTarget({str(n): -1 for n in (3, 6)}), Letters()
    delivery_of(settings(maximum_retries=1, bisects=True), target, letters).deliver("s", records(*range(1, 9)))
    assert target.taken == ["1", "2", "4", "5", "7", "8"]
    assert letters.kept == [("s", ["3"], "RetryAttemptsExhausted"), ("s", ["6"], "RetryAttemptsExhausted")]


def test_records_past_their_age_are_given_up_unsent(settings: Make) -> None:
    target, letters = PickyTarget(), Letters()
    batch = [*records(1, created=10.0), *records(2, created=95.0)]
    delivery_of(settings(maximum_age_seconds=60), target, letters, now=100.0).deliver("s", batch)
    assert (target.taken, letters.kept) == (["2"], [("s", ["1"], "RecordAgeExceeded")])


def test_time_in_which_the_cloud_was_down_makes_no_record_older(settings: Make) -> None:
    target, uptime = PickyTarget(), Uptime([(20.0, 90.0)])
    delivery = Delivery(
        settings(maximum_age_seconds=60), target, Letters(), Unhurried(), Counters(), uptime, clock=lambda: 100.0
    )
    delivery.deliver("s", records(1, created=10.0))
    assert target.taken == ["1"]


def test_a_stopping_pipe_leaves_the_batch_alone(settings: Make) -> None:
    stopping = threading.Event()
    stopping.set()
    letters = Letters()
    delivery = Delivery(settings(), PickyTarget({"1": -1}), letters, stopping, Counters())
    with pytest.raises(StoppedError):
        delivery.deliver("s", records(1))
    assert letters.kept == []


def test_the_reason_of_a_failure_is_shown_as_long_as_it_lasts(settings: Make) -> None:
    shown: list[str | None] = []

    class Telling(Unhurried):
        def wait(self, timeout: float | None = None) -> bool:
            shown.append(delivery.last_failure)
            return False

    delivery = Delivery(settings(maximum_retries=2), PickyTarget({"1": 2, "2": -1}), Letters(), Telling(), Counters())
    delivery.deliver("s", records(1))
    assert (shown, delivery.last_failure) == (["refused", "refused"], None)
    delivery.deliver("s", records(2))
    assert delivery.last_failure is None


@given(st.dictionaries(st.integers(1, 12), st.integers(-1, 4)), st.integers(0, 3), st.booleans())
def test_every_record_is_delivered_once_or_given_up_once(refusals: dict[int, int], retries: int, bisects: bool) -> None:
    target, letters = PickyTarget({str(number): times for number, times in refusals.items()}), Letters()
    delivery = delivery_of(pipe_settings(maximum_retries=retries, bisects=bisects), target, letters)
    delivery.deliver("s", records(*range(1, 13)))
    given_up = [number for _, numbers, _ in letters.kept for number in numbers]
    assert sorted(map(int, target.taken + given_up)) == list(range(1, 13))

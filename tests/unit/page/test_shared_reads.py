"""Parts of the page that are asked together read a document once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sales_cdc.page.reads.shared_reads import SHARED_SECONDS, shared, shared_reads
from sales_cdc.verdict.lake_reader import Report

from tests.browser.canned import NOW, CannedReader


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_read_is_shared_for_two_seconds_by_those_who_ask_the_same() -> None:
    clock, calls = Clock(), list[tuple[str, str]]()

    def read(prefix: str, suffix: str = ".json") -> int:
        calls.append((prefix, suffix))
        return len(calls)

    asked = shared(read, clock)
    assert (asked("a"), asked("a"), asked("b"), asked("a", suffix="x")) == (1, 1, 2, 3)
    clock.seconds = SHARED_SECONDS - 0.01
    assert asked("a") == 1
    clock.seconds = SHARED_SECONDS
    assert asked("a") == 4


def test_those_who_ask_meanwhile_wait_for_the_first() -> None:
    begun, may_end, calls = threading.Event(), threading.Event(), list[int]()

    def read() -> int:
        calls.append(1)
        begun.set()
        assert may_end.wait(60)
        return 7

    asked = shared(read, Clock())
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(asked)
        assert begun.wait(60)
        others = [pool.submit(asked) for _ in range(2)]
        may_end.set()
        assert [each.result(60) for each in (first, *others)] == [7, 7, 7]
    assert len(calls) == 1


def test_a_failure_is_told_to_who_asked_and_the_next_one_tries_again() -> None:
    answers = iter([ValueError("not yet"), 5])

    def read() -> int:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    asked = shared(read, Clock())
    with pytest.raises(ValueError, match="not yet"):
        asked()
    assert asked() == 5


def test_parts_that_follow_from_one_report_read_it_once() -> None:
    class Counting(CannedReader):
        reports = 0

        def newest_report(self, prefix: str, suffix: str = ".json") -> Report | None:
            self.reports += 1
            return super().newest_report(prefix, suffix)

    counting = Counting()
    reader = shared_reads(counting, Clock())
    for _ in range(5):
        assert reader.newest_report("ledger/batch/", "/report.json")
    assert counting.reports == 1
    assert reader.now() == NOW, "what is not shared is the reader's own"

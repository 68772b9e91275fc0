"""Which JVM a run gets, and which JVMs stay. The JVMs here are none; tests/integration/glue/test_jvms_of_runs.py has real ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from local_cloud.glue.jobs import spark_jvms
from local_cloud.glue.jobs.spark_environment import SparkLaunch
from local_cloud.glue.jobs.spark_jvm import SparkJvm, SparkJvmError
from local_cloud.glue.jobs.spark_jvms import SparkJvms

ALIKE, OTHER = SparkLaunch(("a",), ()), SparkLaunch(("b",), ())
LONG = 600


class StubJvm(SparkJvm):
    """Remembers what is done to it."""

    started: list[StubJvm]

    def __init__(self, launch: SparkLaunch, folder: Path) -> None:
        self.launch, self.runs, self.ended = launch, 0, threading.Event()
        self.answers = self.is_clean = True
        self.started.append(self)

    def wait_until_ready(self) -> None:
        """Be ready at once."""

    def lend(self, folder: Path, properties: Mapping[str, str]) -> dict[str, str]:
        self.runs += 1
        if not self.answers:
            raise SparkJvmError("it does not answer")
        return {"PORT": str(self.started.index(self)), **properties}

    def take_back(self) -> bool:
        return self.is_clean

    def end(self) -> None:
        self.ended.set()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[StubJvm]:
    monkeypatch.setattr(StubJvm, "started", [], raising=False)
    return StubJvm.started


def run(jvms: SparkJvms, launch: SparkLaunch = ALIKE, *, succeeded: bool = True) -> str:
    with jvms.lent(launch, Path("/run"), {}) as loan:
        loan.succeeded = succeeded
        return loan.environment["PORT"]


def pool(idle_seconds: float = LONG) -> SparkJvms:
    return SparkJvms(Path("/jvms"), idle_seconds, StubJvm)


def test_a_run_gets_the_jvm_of_the_run_before(started: list[StubJvm]) -> None:
    jvms = pool()
    assert [run(jvms), run(jvms)] == ["0", "0"]
    assert not started[0].ended.is_set()


def test_runs_at_once_have_a_jvm_each_and_one_of_them_stays(started: list[StubJvm]) -> None:
    jvms = pool()
    with jvms.lent(ALIKE, Path("/first"), {}) as first:
        assert run(jvms) == "1"
        first.succeeded = True
    assert [jvm.ended.is_set() for jvm in started] == [False, True]


def test_a_run_that_would_start_another_jvm_starts_it_and_its_own_stays(started: list[StubJvm]) -> None:
    jvms = pool()
    assert [run(jvms), run(jvms, OTHER), run(jvms, OTHER)] == ["0", "1", "1"]
    assert [jvm.ended.is_set() for jvm in started] == [True, False]


def test_the_jvm_of_a_run_that_did_not_succeed_ends(started: list[StubJvm]) -> None:
    jvms = pool()
    run(jvms, succeeded=False)
    assert started[0].ended.is_set()
    with pytest.raises(ZeroDivisionError), jvms.lent(ALIKE, Path("/run"), {}):
        _ = 1 / 0
    assert started[1].ended.is_set()


@pytest.mark.parametrize("reason", ["not clean", "the run's own", "nothing is kept", "often used"])
def test_a_jvm_that_may_not_stay_ends_with_its_run(
    started: list[StubJvm], monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    monkeypatch.setattr(spark_jvms, "MAX_RUNS", 1 if reason == "often used" else 25)
    launch = SparkLaunch(("a",), (), serves_others=reason != "the run's own")
    jvms = pool(0 if reason == "nothing is kept" else LONG)
    with jvms.lent(launch, Path("/run"), {}) as loan:
        loan.succeeded, started[0].is_clean = True, reason != "not clean"
    assert started[0].ended.is_set()


def test_a_jvm_that_died_while_it_idled_is_replaced(started: list[StubJvm]) -> None:
    jvms = pool()
    run(jvms)
    started[0].answers = False
    assert run(jvms) == "1"
    assert started[0].ended.is_set()


def test_a_jvm_that_does_not_start_is_the_runs_failure(started: list[StubJvm], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: StubJvm) -> None:
        raise SparkJvmError("it did not start")

    monkeypatch.setattr(StubJvm, "wait_until_ready", refuse)
    with pytest.raises(SparkJvmError, match="did not start"):
        run(pool())
    assert started[0].ended.is_set()


def test_a_jvm_without_a_run_ends_after_its_time_and_not_if_it_had_one_since(started: list[StubJvm]) -> None:
    due: list[tuple[float, Callable[[], None]]] = []
    jvms = SparkJvms(Path("/jvms"), 60, StubJvm, lambda seconds, call: due.append((seconds, call)))
    run(jvms)
    with jvms.lent(ALIKE, Path("/run"), {}) as loan:
        loan.succeeded = True
        due[0][1]()
    due[0][1]()
    assert not started[0].ended.is_set(), "it had a run since"
    due[1][1]()
    assert started[0].ended.is_set()
    assert [seconds for seconds, _ in due] == [60, 60]
    assert run(jvms) == "1"


def test_a_call_is_made_later() -> None:
    called = threading.Event()
    spark_jvms.call_later(0.01, called.set)
    assert called.wait(30)


def test_with_the_cloud_every_jvm_ends_and_none_starts_or_stays_afterwards(started: list[StubJvm]) -> None:
    jvms = pool()
    run(jvms, OTHER)
    with jvms.lent(ALIKE, Path("/run"), {}) as loan:
        jvms.stop()
        assert all(jvm.ended.is_set() for jvm in started)
        started[1].ended.clear()
        loan.succeeded = True
    assert started[1].ended.is_set(), "it was given back after the end"
    with pytest.raises(SparkJvmError, match="ends"):
        run(jvms)

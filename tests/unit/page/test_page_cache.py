"""The cache keeps answers, shows an old answer while it loads a new one, and loads each once at a time."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

from sales_cdc.page.cache import MAX_ENTRIES, Cache
from sales_cdc.page.trouble import NothingYetError


class Later(Executor):
    """Runs what was submitted when the test calls ``run``."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def submit(self, call: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.waiting.append(lambda: call(*args, **kwargs))
        return Future()

    def run(self) -> None:
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            each()


class Scene:
    def __init__(self) -> None:
        self.now = 0.0
        self.later = Later()
        self.cache = Cache(self.later, clock=lambda: self.now)
        self.answers: list[Any] = []

    def load(self) -> Any:
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def get(self, key: str = "a") -> Any:
        return self.cache.get(key, self.load, fresh_seconds=10)


def test_the_first_answer_is_loaded_once() -> None:
    scene = Scene()
    scene.answers = ["one"]
    assert scene.get().is_loading
    assert scene.get().value is None
    assert len(scene.later.waiting) == 1
    scene.later.run()
    assert scene.get().value == "one"
    assert not scene.later.waiting


def test_an_old_answer_is_shown_while_a_new_one_loads() -> None:
    scene = Scene()
    scene.answers = ["one", "two"]
    scene.get()
    scene.later.run()
    scene.now = 10.0
    stale = scene.get()
    assert (stale.value, stale.age_seconds, stale.is_loading) == ("one", 10.0, True)
    scene.later.run()
    assert (scene.get().value, scene.get().age_seconds) == ("two", 0.0)


def test_after_a_failure_the_last_answer_stays_with_the_reason_and_loads_again_sooner() -> None:
    scene = Scene()
    scene.answers = ["one", NothingYetError("Gone", "Do this."), "two"]
    scene.get()
    scene.later.run()
    scene.now = 10.0
    scene.get()
    scene.later.run()
    failed = scene.get()
    assert failed.value == "one"
    assert failed.trouble
    assert failed.trouble.title == "Gone"
    scene.now = 15.0
    scene.get()
    scene.later.run()
    assert (scene.get().value, scene.get().trouble) == ("two", None)


def test_the_least_recently_used_answer_is_forgotten() -> None:
    scene = Scene()
    scene.answers = ["one"]
    scene.get()
    scene.later.run()
    for other in range(MAX_ENTRIES):
        scene.get(str(other))
    assert scene.get().value is None


def test_an_unexpected_error_shows_no_detail() -> None:
    scene = Scene()
    scene.answers = [KeyError("a secret")]
    scene.get()
    scene.later.run()
    found = scene.get().trouble
    assert found
    assert found.is_unexpected
    assert "secret" not in str(found)

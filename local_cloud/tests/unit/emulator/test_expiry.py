"""MiniStack's own thread, which deletes expired items without a stream record, finds no table."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from local_cloud.emulator.expiry import REAPER, disable_ttl_reaper
from local_cloud.emulator.seams import SeamMovedError


class Settings:
    """Stand in for the tables with a time to live."""

    def all_items(self) -> list[str]:
        return ["orders"]


def seen_by_a_thread(name: str, settings: Any) -> list[str]:
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.extend(settings.all_items()), name=name)
    thread.start()
    thread.join()
    return seen


def test_only_the_ttl_thread_sees_no_table() -> None:
    stop = threading.Event()
    reaper = threading.Thread(target=stop.wait, name=REAPER, daemon=True)
    reaper.start()
    dynamodb = SimpleNamespace(_ttl_settings=Settings())
    disable_ttl_reaper(dynamodb)
    stop.set()
    reaper.join()
    assert seen_by_a_thread(REAPER, dynamodb._ttl_settings) == []
    assert seen_by_a_thread("any other", dynamodb._ttl_settings) == ["orders"]


def test_a_missing_ttl_thread_is_an_error() -> None:
    with pytest.raises(SeamMovedError, match=REAPER):
        disable_ttl_reaper(SimpleNamespace(_ttl_settings=Settings()))

"""MiniStack's own reaper, which deletes without a stream record, finds nothing to delete."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from local_cloud.emulator.expiry import REAPER, blind_reaper


class Settings:
    """The tables with a time to live."""

    def all_items(self) -> list[str]:
        return ["orders"]


def seen_by_a_thread(name: str, settings: Any) -> list[str]:
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.extend(settings.all_items()), name=name)
    thread.start()
    thread.join()
    return seen


def test_the_reaper_alone_sees_no_table() -> None:
    stop = threading.Event()
    reaper = threading.Thread(target=stop.wait, name=REAPER, daemon=True)
    reaper.start()
    dynamodb = SimpleNamespace(_ttl_settings=Settings())
    blind_reaper(dynamodb)
    stop.set()
    reaper.join()
    assert seen_by_a_thread(REAPER, dynamodb._ttl_settings) == []
    assert seen_by_a_thread("any other", dynamodb._ttl_settings) == ["orders"]


def test_a_reaper_that_is_not_there_is_no_reaper_to_blind() -> None:
    with pytest.raises(RuntimeError, match="TTL reaper moved"):
        blind_reaper(SimpleNamespace(_ttl_settings=Settings()))

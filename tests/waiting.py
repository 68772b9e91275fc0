"""Wait in a test until a condition holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
WAIT_SECONDS = 90.0
"""Long enough for a busy machine; a condition that holds earlier ends the wait at once."""


def wait_for(look: Callable[[], Found], what: str, seconds: float = WAIT_SECONDS) -> Found:
    """Return what ``look`` returns as soon as it is true; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s; last seen: {found!r}"
        time.sleep(0.05)

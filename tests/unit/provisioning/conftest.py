"""Give patience a clock that only sleeping moves on."""

from __future__ import annotations

from functools import partial

import pytest
from sales_cdc.provisioning.operators import artifact, provision, remove
from sales_cdc.provisioning.patience import Patience


class Clock:
    """Hold a time that only sleeping moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the operators' patience a clock of its own."""
    found = Clock()
    for module in (provision, remove, artifact):
        monkeypatch.setattr(module, "Patience", partial(Patience, sleep=found.sleep, clock=found))
    return found

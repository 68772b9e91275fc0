"""How long ago things began, and for how long they count as new: the fault ``eventual_consistency``.

How long is drawn between half of the fault's seconds and all of them, by seed, kind and name: the same at every run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from local_cloud.gateway.faults import Faults

LEAST_SHARE = 0.5
SHORT = 0.1
"""The share of the time for which one change keeps the next one waiting."""


class Thing(NamedTuple):
    """What can be new: a kind, such as ``role``, and a name that is unique among its kind."""

    kind: str
    name: str


class Ages:
    """Remember when things began. A new plan of faults forgets all of them; ``now`` is in seconds."""

    def __init__(self, faults: Faults, now: Callable[[], float] = time.monotonic) -> None:
        self._faults, self._now = faults, now
        self._plan = faults.plan
        self._began: dict[Thing, float] = {}

    @property
    def are_kept(self) -> bool:
        """Tell whether anything can be new: the fault is on."""
        if self._plan is not self._faults.plan:
            self._plan = self._faults.plan
            self._began.clear()
        return self._plan.eventual_consistency > 0

    def note(self, kind: str, name: str, *, again: bool = False) -> None:
        """Note that the thing begins now; ``again``: also when it is known already."""
        thing = Thing(kind, name)
        if again or thing not in self._began:
            self._began[thing] = self._now()

    def forget(self, name: str) -> None:
        """Forget all kinds of things of a name, which is free for another one."""
        self._began = {thing: began for thing, began in self._began.items() if thing.name != name}

    def is_new(self, kind: str, name: str, share: float = 1.0) -> bool:
        """Tell whether the thing is new; ``share`` of the usual time."""
        began = self._began.get(Thing(kind, name))
        return began is not None and self._now() < began + share * self.seconds(kind, name)

    def count(self, kind: str) -> None:
        """Count that a request was answered otherwise because something was new."""
        self._faults.done[f"eventual_consistency: {kind}"] += 1

    def seconds(self, kind: str, name: str) -> float:
        """Return for how many seconds the thing is new."""
        dice = Random(f"{self._plan.seed}/{kind}/{name}")  # noqa: S311 - repeatable on purpose
        return self._plan.eventual_consistency * dice.uniform(LEAST_SHARE, 1)

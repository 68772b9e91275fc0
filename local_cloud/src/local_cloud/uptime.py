"""The time that counts towards a stream's retention: a cloud that is stopped reads nothing, so nothing may expire meanwhile.

On AWS the services that read a stream run all the time. Here a laptop may be shut for a weekend over records that no pipe and
no delivery stream has read: without this they would be gone at the next start, before anyone could read them.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

logger = logging.getLogger("local_cloud")

FILE_NAME = "downtimes.json"
MIN_DOWNTIME_SECONDS = 60
MAX_RETENTION_SECONDS = 366 * 24 * 3600


class Uptime:
    """When the cloud was down: intervals of epoch seconds, in their order."""

    def __init__(self, downtimes: Sequence[tuple[float, float]] = ()) -> None:
        self._downtimes = downtimes

    @classmethod
    def kept(cls, folder: Path) -> Uptime:
        """That of the cloud whose state is in ``folder``."""
        file = folder / FILE_NAME
        try:
            return cls([(down, up) for down, up in json.loads(file.read_text())] if file.exists() else [])
        except ValueError as error:
            logger.warning("%s cannot be read: earlier hours in which the cloud was down count now (%s)", file, error)
            return cls()

    @classmethod
    def continued(cls, folder: Path, written: Iterable[Path], now: float) -> Uptime:
        """That of a cloud that starts ``now``, kept in ``folder``: it was down since it last wrote one of the files."""
        known = [(down, up) for down, up in cls.kept(folder)._downtimes if up > now - MAX_RETENTION_SECONDS]
        last = max((path.stat().st_mtime for path in written), default=now)
        if last < now - MIN_DOWNTIME_SECONDS:
            known.append((last, now))
            draft = folder / f"{FILE_NAME}.tmp"
            draft.write_text(json.dumps(known))
            draft.replace(folder / FILE_NAME)
        return cls(known)

    def horizon(self, now: float, seconds: float) -> float:
        """The moment since which the cloud has been up for ``seconds``."""
        end = now
        for down, up in reversed(self._downtimes):
            if end - up >= seconds:
                break
            seconds -= max(0.0, end - up)
            end = down
        return end - seconds


class Retention:
    """A number of seconds to be subtracted from the present: the result is the moment since which the cloud was up for so long."""

    def __init__(self, uptime: Uptime, seconds: float) -> None:
        self._uptime, self._seconds = uptime, seconds

    def __rsub__(self, now: float) -> float:
        return self._uptime.horizon(now, self._seconds)

    def horizon(self) -> float:
        return time.time() - self

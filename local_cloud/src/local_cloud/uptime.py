"""The time that counts towards a stream's retention: only hours in which the cloud runs.

On AWS the services that read a stream run all the time. Here a laptop may be off for a weekend while a stream has records that
no pipe and no delivery stream has read. If that time counted, the records would expire at the next start, unread.
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
    """Hold when the cloud was down: intervals in epoch seconds, in order."""

    def __init__(self, downtimes: Sequence[tuple[float, float]] = ()) -> None:
        self._downtimes = downtimes

    @classmethod
    def kept(cls, folder: Path) -> Uptime:
        """Read the downtimes of the cloud whose state is in ``folder``."""
        file = folder / FILE_NAME
        try:
            return cls([(down, up) for down, up in json.loads(file.read_text())] if file.exists() else [])
        except ValueError as error:
            logger.warning(
                "%s cannot be read: earlier hours in which the cloud was down now count towards retention (%s)",
                file,
                error,
            )
            return cls()

    @classmethod
    def continued(cls, folder: Path, written: Iterable[Path], now: float) -> Uptime:
        """Add the downtime that ends ``now`` and began when one of the files was last written; save it in ``folder``."""
        known = [(down, up) for down, up in cls.kept(folder)._downtimes if up > now - MAX_RETENTION_SECONDS]
        last = max((path.stat().st_mtime for path in written), default=now)
        if last < now - MIN_DOWNTIME_SECONDS:
            known.append((last, now))
            draft = folder / f"{FILE_NAME}.tmp"
            draft.write_text(json.dumps(known))
            draft.replace(folder / FILE_NAME)
        return cls(known)

    def horizon(self, now: float, seconds: float) -> float:
        """Return the moment since which the cloud has been up for ``seconds``."""
        end = now
        for down, up in reversed(self._downtimes):
            if end - up >= seconds:
                break
            seconds -= max(0.0, end - up)
            end = down
        return end - seconds


class Retention:
    """Act as a number of seconds that code subtracts from the present: ``now - retention`` leaves out downtimes."""

    def __init__(self, uptime: Uptime, seconds: float) -> None:
        self._uptime, self._seconds = uptime, seconds

    def __rsub__(self, now: float) -> float:
        return self._uptime.horizon(now, self._seconds)

    def horizon(self) -> float:
        """Return the moment before which records have expired."""
        return time.time() - self

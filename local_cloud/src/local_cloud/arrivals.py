"""Tell the readers of a stream that it has new records, so that an idle one need not ask for them all the time.

The gateway announces a stream's name whenever records are added. A reader that missed an announcement finds the records at its next
read, which it never puts off for long.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

MIN_IDLE_SECONDS = 0.075  # also after an announcement: records that come together are read together
MAX_IDLE_SECONDS = 2.0
IDLE_GROWTH = 1.5


class Arrivals:
    """Count the announcements of each stream, and let readers wait for the next one.

    Example: ``seen = arrivals.count("kinesis/orders")``, read a page, then ``arrivals.wait("kinesis/orders", seen, 2.0)``.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._changed: defaultdict[str, threading.Condition] = defaultdict(threading.Condition)

    def announce(self, streams: Iterable[str]) -> None:
        """Wake whoever waits for one of these streams."""
        for stream in streams:
            with self._changed[stream]:
                self._counts[stream] += 1
                self._changed[stream].notify_all()

    def count(self, stream: str) -> int:
        """Return how often the stream has been announced."""
        return self._counts[stream]

    def wait(self, stream: str, seen: int, seconds: float) -> None:
        """Wait until the stream is announced once more than ``seen`` times; at most so many seconds."""
        with self._changed[stream]:
            self._changed[stream].wait_for(lambda: self._counts[stream] != seen, seconds)


def stream_of(arn: str) -> str:
    """Return the name under which a stream is announced: that of its Kinesis stream or of its DynamoDB table.

    Example: ``stream_of("arn:aws:kinesis:us-east-1:000000000000:stream/orders") == "kinesis/orders"``.
    """
    _, _, service, _, _, resource = arn.split(":", 5)
    return f"{service}/{resource.split('/')[1]}"


def longer(idle_seconds: float) -> float:
    """Return the next pause of a reader that found nothing."""
    return min(idle_seconds * IDLE_GROWTH, MAX_IDLE_SECONDS)

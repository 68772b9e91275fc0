"""Sequence numbers and labels of DynamoDB streams that never go back, whatever the clock does.

MiniStack derives both from the clock, and counts from zero at each start. Readers order the changes of an item by sequence
number, and two streams of a table by their labels, so a clock that is set back would bring an old state back. Source:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html (21 to 40 digits)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from local_cloud.emulator.seams import require

NUMBERS_A_MILLISECOND = 10**10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class StreamNumbers:
    """Give rising numbers; a number begins with the milliseconds since 1970.

    Args:
        clock: the time in epoch seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self.last = 0

    def observe(self, number: int) -> None:
        """Give only greater numbers from now on."""
        with self._lock:
            self.last = max(self.last, number)

    def sequence_number(self) -> str:
        """Return the number of the next stream record."""
        with self._lock:
            self.last = max(self.last + 1, self._now() * NUMBERS_A_MILLISECOND)
            return _text(self.last)

    def label(self) -> str:
        """Return the label of a new stream: a moment in UTC, in ISO 8601, with milliseconds."""
        with self._lock:
            moment = max(self.last // NUMBERS_A_MILLISECOND + 1, self._now())
            self.last = moment * NUMBERS_A_MILLISECOND
        return (_EPOCH + moment * _MILLISECOND).replace(tzinfo=None).isoformat(timespec="milliseconds")

    def _now(self) -> int:
        return int(self._clock() * 1000)


def patch_stream_numbers(dynamodb: Any, numbers: StreamNumbers) -> None:
    """Let ``ministack.services.dynamodb`` take labels and sequence numbers from ``numbers``.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(dynamodb, "_next_stream_seq", "_stream_label")
    dynamodb._next_stream_seq, dynamodb._stream_label = numbers.sequence_number, numbers.label


def first_number(label: str) -> str:
    """Return the first sequence number of the stream with this label; the numbers of its records are greater."""
    return _text((_moment(label) - _EPOCH) // _MILLISECOND * NUMBERS_A_MILLISECOND)


def label_time(label: str) -> float:
    """Return the moment of a label in epoch seconds."""
    return _moment(label).timestamp()


def _moment(label: str) -> datetime:
    return datetime.fromisoformat(label).replace(tzinfo=UTC)


def _text(number: int) -> str:
    return f"{number:030d}"

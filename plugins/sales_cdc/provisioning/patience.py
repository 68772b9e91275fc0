"""Wait out refusals of AWS that pass: a name in use for a while, a change that is not visible everywhere yet."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from sales_cdc.aws.errors import Kind, refusal_of

Answer = TypeVar("Answer")

LONGEST_PAUSE_SECONDS = 15.0
NEW_ROLE = re.compile(r"\brole\b|\bassume|not authorized", re.IGNORECASE)

log = logging.getLogger(__name__)


class NotVisibleYetError(Exception):
    """Raised when something that was made a moment ago, or its tags, cannot be seen yet."""


class TagsNotVisibleYetError(NotVisibleYetError):
    """Raised when somebody else's resource does not show our tags, which may be late."""


@dataclass(frozen=True)
class Patience:
    """Repeat a call while its refusals pass, with growing pauses, up to ``seconds`` after its first try.

    A role takes up to two minutes until every service knows it, attributes of a queue one, a bucket's settings some seconds.
    Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel

    Example::

        Patience(120).outlast(lambda: client.create_bucket(Bucket="b"), passes)
    """

    seconds: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def outlast(self, call: Callable[[], Answer], does_pass: Callable[[Exception], bool]) -> Answer:
        """Return what ``call`` returns; raise its last error when that does not pass, or the time is over."""
        end, pause = self.clock() + self.seconds, 1.0
        while True:
            try:
                return call()
            except (ClientError, BotoCoreError, NotVisibleYetError) as error:
                if not does_pass(error) or self.clock() + pause > end:
                    raise
                log.info("That passes, trying again in %.0f s: %s", pause, error)
            self.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def passes(error: Exception) -> bool:
    """Return whether the same call may succeed within minutes.

    A resource whose creation failed because of its role is replaced by the next try.
    """
    if isinstance(error, NotVisibleYetError):
        return True
    if isinstance(error, WaiterError):
        return NEW_ROLE.search(refusal_of(error).reason) is not None
    return isinstance(error, ClientError) and refusal_of(error).kind is Kind.PASSING

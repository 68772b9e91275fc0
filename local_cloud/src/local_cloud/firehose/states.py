"""The states of a delivery stream and the moves between them.

Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_DeliveryStreamDescription.html (DeliveryStreamStatus)
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Name the states of a delivery stream (``DeliveryStreamStatus``)."""

    CREATING = "CREATING"
    CREATING_FAILED = "CREATING_FAILED"
    ACTIVE = "ACTIVE"
    DELETING = "DELETING"
    DELETING_FAILED = "DELETING_FAILED"


MOVES: Mapping[Status, set[Status]] = {
    Status.CREATING: {Status.ACTIVE, Status.CREATING_FAILED},
    Status.ACTIVE: {Status.DELETING},
    Status.CREATING_FAILED: {Status.DELETING},
    Status.DELETING: {Status.DELETING_FAILED},
    Status.DELETING_FAILED: {Status.DELETING},
}
FAILURE_OF: Mapping[Status, Status] = {
    Status.CREATING: Status.CREATING_FAILED,
    Status.DELETING: Status.DELETING_FAILED,
}


class IllegalMoveError(Exception):
    """AWS does not allow the delivery stream to go from its status to the wanted one."""


def status_of(stream: Mapping[str, Any]) -> Status:
    """Return the status in a delivery stream's document."""
    return Status(stream["DeliveryStreamStatus"])


def move(stream: dict[str, Any], to: Status) -> None:
    """Put the delivery stream's document into the status ``to``.

    Raises:
        IllegalMoveError: AWS has no such transition.
    """
    now = status_of(stream)
    if to not in MOVES[now]:
        raise IllegalMoveError(f"Delivery stream {stream['DeliveryStreamName']} is {now} and cannot become {to}.")
    stream.update(DeliveryStreamStatus=to.value, LastUpdateTimestamp=round(time.time(), 3))

"""The states of a pipe and the moves between them.

Sources: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html (CurrentState),
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_StartPipe.html and
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_StopPipe.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Name the states of a pipe (``CurrentState``)."""

    CREATING = "CREATING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    STARTING = "STARTING"
    STOPPING = "STOPPING"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    CREATE_FAILED = "CREATE_FAILED"
    UPDATE_FAILED = "UPDATE_FAILED"
    START_FAILED = "START_FAILED"
    STOP_FAILED = "STOP_FAILED"
    DELETE_FAILED = "DELETE_FAILED"


_CHANGEABLE = {State.UPDATING, State.DELETING}
MOVES: Mapping[State, set[State]] = {
    State.CREATING: {State.RUNNING, State.STOPPED, State.CREATE_FAILED},
    State.UPDATING: {State.RUNNING, State.STOPPED, State.UPDATE_FAILED},
    State.STARTING: {State.RUNNING, State.START_FAILED},
    State.STOPPING: {State.STOPPED, State.STOP_FAILED},
    State.DELETING: {State.DELETE_FAILED},
    State.RUNNING: {State.STOPPING} | _CHANGEABLE,
    State.STOPPED: {State.STARTING} | _CHANGEABLE,
    State.START_FAILED: {State.STARTING, State.STOPPING} | _CHANGEABLE,
    State.STOP_FAILED: {State.STARTING, State.STOPPING} | _CHANGEABLE,
    State.UPDATE_FAILED: {State.STARTING, State.STOPPING} | _CHANGEABLE,
    State.CREATE_FAILED: _CHANGEABLE,
    State.DELETE_FAILED: {State.DELETING},
}
TRANSIENT = {State.CREATING, State.UPDATING, State.STARTING, State.STOPPING, State.DELETING}
FAILURE_OF: Mapping[State, State] = {
    State.CREATING: State.CREATE_FAILED,
    State.UPDATING: State.UPDATE_FAILED,
    State.STARTING: State.START_FAILED,
    State.STOPPING: State.STOP_FAILED,
    State.DELETING: State.DELETE_FAILED,
}


class IllegalMoveError(Exception):
    """AWS does not allow the pipe to go from its state to the wanted one."""


def state_of(pipe: Mapping[str, Any]) -> State:
    """Return the state in a pipe's document."""
    return State(pipe["CurrentState"])


def move(pipe: dict[str, Any], to: State, reason: str | None = None) -> None:
    """Put the pipe's document into the state ``to``; ``reason`` becomes its ``StateReason``, None removes it.

    Raises:
        IllegalMoveError: AWS has no such transition.
    """
    now = state_of(pipe)
    if to not in MOVES[now]:
        raise IllegalMoveError(f"Pipe {pipe['Name']} is {now} and cannot become {to}.")
    pipe.update(CurrentState=to.value, LastModifiedTime=round(time.time(), 3))
    pipe.pop("StateReason", None)
    if reason is not None:
        pipe["StateReason"] = reason

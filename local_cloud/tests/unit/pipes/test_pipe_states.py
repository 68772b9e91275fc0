"""Pipes have the documented states and transitions.

Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html
"""

from __future__ import annotations

import pytest

from local_cloud.pipes.states import FAILURE_OF, MOVES, TRANSIENT, IllegalMoveError, State, move


def pipe_in(state: State) -> dict[str, object]:
    return {"Name": "orders", "CurrentState": state.value, "StateReason": "an old reason"}


def test_every_transient_state_can_fail() -> None:
    assert set(FAILURE_OF) == TRANSIENT
    assert all(FAILURE_OF[state] in MOVES[state] for state in TRANSIENT)


def test_every_settled_state_can_be_deleted() -> None:
    assert all(State.DELETING in MOVES[state] for state in set(State) - TRANSIENT)


def test_a_created_pipe_runs() -> None:
    pipe = pipe_in(State.CREATING)
    move(pipe, State.RUNNING)
    assert pipe["CurrentState"] == "RUNNING"
    assert "StateReason" not in pipe


def test_a_failure_keeps_its_reason() -> None:
    pipe = pipe_in(State.CREATING)
    move(pipe, State.CREATE_FAILED, "AccessDenied")
    assert pipe["StateReason"] == "AccessDenied"


@pytest.mark.parametrize(
    ("now", "to"),
    [
        (State.CREATING, State.STOPPING),
        (State.RUNNING, State.STARTING),
        (State.RUNNING, State.STOPPED),
        (State.CREATE_FAILED, State.STARTING),
    ],
)
def test_a_transition_that_aws_does_not_have_is_refused(now: State, to: State) -> None:
    pipe = pipe_in(now)
    with pytest.raises(IllegalMoveError, match=f"is {now} and cannot become {to}"):
        move(pipe, to)
    assert pipe["CurrentState"] == now

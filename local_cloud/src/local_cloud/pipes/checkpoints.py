"""How far each shard of a pipe's source was read; kept in the store, so that it survives a crash."""

from __future__ import annotations

import time
from dataclasses import dataclass

from local_cloud.pipes.settings import StreamSource
from local_cloud.shards import Position
from local_cloud.store import Collection


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a shard stands.

    ``sequence_number`` is the last record that was delivered, filtered out or given up; None before the first.
    ``opened`` is when the pipe opened the shard (epoch seconds).
    """

    sequence_number: str | None
    opened: float
    finished: bool = False


class Checkpoints:
    """The checkpoints of one pipe."""

    def __init__(self, collection: Collection, pipe_arn: str) -> None:
        self._collection, self._prefix = collection, f"{pipe_arn}#"

    def get(self, shard_id: str) -> Checkpoint | None:
        """The shard's checkpoint; None when the pipe never opened the shard."""
        found = self._collection.get(self._prefix + shard_id)
        return Checkpoint(**found) if found else None

    def put(self, shard_id: str, checkpoint: Checkpoint) -> None:
        self._collection.put(
            self._prefix + shard_id,
            {
                "sequence_number": checkpoint.sequence_number,
                "opened": checkpoint.opened,
                "finished": checkpoint.finished,
            },
        )

    def any(self) -> bool:
        return any(key.startswith(self._prefix) for key, _ in self._collection)

    def rewind(self) -> None:
        """Read every shard from its oldest record again: what was delivered is gone from where it was delivered to."""
        for key, found in list(self._collection):
            if key.startswith(self._prefix):
                self.put(key.removeprefix(self._prefix), Checkpoint(None, found["opened"]))

    def delete(self) -> None:
        for key, _ in self._collection:
            if key.startswith(self._prefix):
                self._collection.delete(key)


def first_position(source: StreamSource) -> Position:
    """Where a pipe that runs for the first time opens the shards that it finds."""
    return Position(source.starting_position, timestamp=source.starting_timestamp)


def next_position(checkpoint: Checkpoint | None) -> Position:
    """Where to open a shard again, or one that appeared while the pipe ran (None): nothing of that one was read."""
    if checkpoint is None or checkpoint.sequence_number is None:
        return Position("TRIM_HORIZON")
    return Position("AFTER_SEQUENCE_NUMBER", checkpoint.sequence_number)


def skips_before(source: StreamSource, checkpoint: Checkpoint | None) -> float:
    """The moment (epoch seconds) before which a shard's records are none of the pipe's; 0 when all are.

    A shard opened at LATEST that gave nothing before a restart is read whole again: what was there before is left out.
    A DynamoDB record's time is a whole second, so the second itself is included.
    """
    if checkpoint is None or checkpoint.sequence_number is not None or source.starting_position == "TRIM_HORIZON":
        return 0.0
    return float(source.starting_timestamp or int(checkpoint.opened))


def opened_now() -> Checkpoint:
    return Checkpoint(None, round(time.time(), 3))

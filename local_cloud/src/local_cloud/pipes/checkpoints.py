"""Checkpoints: how far each shard of a pipe's source was read, kept in the store so that they survive a crash."""

from __future__ import annotations

import time
from dataclasses import dataclass

from local_cloud.pipes.settings import StreamSource
from local_cloud.shards import Position
from local_cloud.store import Collection


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Hold how far a shard was read.

    ``sequence_number`` is the last record that was delivered, filtered out or given up; None before the first.
    ``opened`` is when the pipe opened the shard (epoch seconds).
    """

    sequence_number: str | None
    opened: float
    finished: bool = False


class Checkpoints:
    """Keep the checkpoints of one pipe."""

    def __init__(self, collection: Collection, pipe_arn: str) -> None:
        self._collection, self._prefix = collection, f"{pipe_arn}#"

    def get(self, shard_id: str) -> Checkpoint | None:
        """Return the shard's checkpoint; None when the pipe never opened the shard."""
        found = self._collection.get(self._prefix + shard_id)
        return Checkpoint(**found) if found else None

    def put(self, shard_id: str, checkpoint: Checkpoint) -> None:
        """Save the shard's checkpoint."""
        self._collection.put(
            self._prefix + shard_id,
            {
                "sequence_number": checkpoint.sequence_number,
                "opened": checkpoint.opened,
                "finished": checkpoint.finished,
            },
        )

    def any(self) -> bool:
        """Tell whether the pipe has opened a shard."""
        return any(key.startswith(self._prefix) for key, _ in self._collection)

    def rewind(self) -> None:
        """Forget how far every shard was read, so that each is read from its oldest record again."""
        for key, found in list(self._collection):
            if key.startswith(self._prefix):
                self.put(key.removeprefix(self._prefix), Checkpoint(None, found["opened"]))

    def delete(self) -> None:
        """Delete the checkpoints of a deleted pipe."""
        for key, _ in self._collection:
            if key.startswith(self._prefix):
                self._collection.delete(key)


def first_position(source: StreamSource) -> Position:
    """Return where a pipe opens the shards that exist at its first run."""
    return Position(source.starting_position, timestamp=source.starting_timestamp)


def next_position(checkpoint: Checkpoint | None) -> Position:
    """Return where to open a shard again; None stands for one that appeared while the pipe ran and is unread."""
    if checkpoint is None or checkpoint.sequence_number is None:
        return Position("TRIM_HORIZON")
    return Position("AFTER_SEQUENCE_NUMBER", checkpoint.sequence_number)


def skips_before(source: StreamSource, checkpoint: Checkpoint | None) -> float:
    """Return the moment (epoch seconds) before which the pipe skips a shard's records; 0 when it skips none.

    A shard opened at LATEST that gave no record before a restart is read as a whole again, without the records from before.
    A DynamoDB record's time is a whole second, so the second itself is included.
    """
    if checkpoint is None or checkpoint.sequence_number is not None or source.starting_position == "TRIM_HORIZON":
        return 0.0
    return float(source.starting_timestamp or int(checkpoint.opened))


def opened_now() -> Checkpoint:
    """Return the checkpoint of a shard that is being opened."""
    return Checkpoint(None, round(time.time(), 3))

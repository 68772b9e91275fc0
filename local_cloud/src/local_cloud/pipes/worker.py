"""The worker of a running pipe: a thread for each shard of its source, and one that finds new shards."""

from __future__ import annotations

import logging
import threading

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.arrivals import stream_of
from local_cloud.context import Context
from local_cloud.counters import Counters
from local_cloud.pipes.checkpoints import Checkpoints, first_position, opened_now
from local_cloud.pipes.dead_letters import DeadLetterQueue
from local_cloud.pipes.delivery import Delivery
from local_cloud.pipes.settings import PipeSettings
from local_cloud.pipes.shard_reader import ShardReader
from local_cloud.pipes.sources import Source, open_source
from local_cloud.pipes.targets import KinesisTarget
from local_cloud.shards import Cursor, Shard, readable
from local_cloud.uptime import Uptime

logger = logging.getLogger(__name__)

DISCOVERY_SECONDS = 5.0
ERROR_PAUSE_SECONDS = 1.0
STOP_SECONDS = 5.0


class PipeWorker:
    """Move events from the pipe's source to its target until stopped."""

    def __init__(self, settings: PipeSettings, context: Context, counters: Counters) -> None:
        self._settings, self._context, self._counters = settings, context, counters
        self._checkpoints = Checkpoints(context.store.collection("pipe-checkpoints"), settings.arn)
        self._stopping = threading.Event()
        self._readers: dict[str, tuple[ShardReader, Delivery, threading.Thread]] = {}
        self._supervisor = threading.Thread(target=self._supervise, name=f"pipe-{settings.name}", daemon=True)
        self._first_cursors: dict[str, Cursor] = {}
        self._trouble: str | None = None

    def check(self) -> None:
        """Check that the role can be assumed and may read the source; set the starting position of a new pipe.

        Raises:
            botocore.exceptions.ClientError: it cannot, or may not, or the source does not exist.
        """
        source = open_source(self._settings, self._context.clients)
        source.check()
        self._open_first(source, source.shards())

    def start(self) -> None:
        """Start the threads."""
        self._supervisor.start()

    def stop(self) -> None:
        """End the threads; a batch in delivery is finished, or read again after the next start."""
        self._stopping.set()
        self._context.arrivals.announce([stream_of(self._settings.source.arn)])  # ends the readers' pauses
        if self._supervisor.is_alive():
            self._supervisor.join(STOP_SECONDS)
        for _, _, thread in list(self._readers.values()):
            thread.join(STOP_SECONDS)

    @property
    def problem(self) -> str | None:
        """Return why the pipe moves no events now; None when it does."""
        readers = list(self._readers.values())
        found = [self._trouble, *(reader.problem or delivery.last_failure for reader, delivery, _ in readers)]
        return next((one for one in found if one), None)

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            pause = DISCOVERY_SECONDS
            try:
                source = open_source(self._settings, self._context.clients)
                shards = source.shards()
                self._open_first(source, shards)
                self._start_readers(source, shards)
                self._trouble = None
            except Exception as error:
                if self._trouble != str(error):
                    expected = isinstance(error, ClientError | BotoCoreError)
                    logger.warning(
                        "pipe %s cannot list its shards: %s", self._settings.name, error, exc_info=not expected
                    )
                self._trouble, pause = str(error) or type(error).__name__, ERROR_PAUSE_SECONDS
            self._stopping.wait(pause)

    def _open_first(self, source: Source, shards: list[Shard]) -> None:
        """Open the shards that exist at the pipe's first run: only those are read from its starting position."""
        if self._checkpoints.any():
            return
        position = first_position(self._settings.source)
        self._first_cursors = {shard.shard_id: source.open(shard.shard_id, position) for shard in shards}
        for shard in shards:
            self._checkpoints.put(shard.shard_id, opened_now())

    def _start_readers(self, source: Source, shards: list[Shard]) -> None:
        """Start reading every shard whose parent has been read to its end."""
        for shard in readable(shards, self._is_finished):
            if shard.shard_id not in self._readers and not self._stopping.is_set():
                self._start_reader(source, shard)

    def _is_finished(self, shard_id: str) -> bool:
        checkpoint = self._checkpoints.get(shard_id)
        return checkpoint is not None and checkpoint.finished

    def _start_reader(self, source: Source, shard: Shard) -> None:
        target = KinesisTarget(self._settings, self._context.clients)
        dead_letters = DeadLetterQueue(self._settings, self._context.clients)
        uptime = Uptime.kept(self._context.config.state_dir)
        delivery = Delivery(self._settings, target, dead_letters, self._stopping, self._counters, uptime)
        reader = ShardReader(
            self._settings, shard.shard_id, source, delivery, self._checkpoints, self._stopping, self._counters,
            cursor=self._first_cursors.pop(shard.shard_id, None), arrivals=self._context.arrivals,
        )  # fmt: skip
        thread = threading.Thread(target=reader.run, name=f"pipe-{self._settings.name}-{shard.shard_id}", daemon=True)
        thread.start()
        self._readers[shard.shard_id] = (reader, delivery, thread)

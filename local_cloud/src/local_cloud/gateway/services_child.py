"""The services process as a child of the gateway, connected by a socket pair."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import socket
import subprocess
import sys
from typing import Any

from local_cloud.channel import ARRIVED, STOP, read_frame, write_frame
from local_cloud.config import RECORDS_LOST
from local_cloud.wire import Answer

logger = logging.getLogger("local_cloud")

ANNOUNCING_SECONDS = 0.02  # streams that get records meanwhile are announced together
UNAVAILABLE = json.dumps({"__type": "ServiceUnavailableException", "message": "The service is starting again; retry."})


class ServicesChild:
    """Start the services process, send it requests, and start it again when it ends."""

    def __init__(self, *, records_lost: bool = False) -> None:
        self._records_lost = records_lost
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived: set[str] = set()
        self._stopping = False
        self._child: subprocess.Popen[bytes] | None = None

    async def run(self) -> None:
        """Keep the child running until ``stop`` is called."""
        while not self._stopping:
            await self._run_once()
            if not self._stopping:
                logger.warning("the services process ended; starting it again")
                await asyncio.sleep(0.2)

    async def _run_once(self) -> None:
        self._loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "local_cloud.services", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, RECORDS_LOST: "yes" if self._records_lost else "no"},
        )
        theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            while True:
                header, body = await read_frame(reader)
                if "ready" in header:
                    self._records_lost = False  # a child that died before it was ready may not have read it
                    self._writer = writer
                    if self._stopping:
                        write_frame(writer, {STOP: True}, b"")
                    continue
                future = self._waiting.pop(header["number"], None)
                if future is not None and not future.done():
                    future.set_result((header["status"], header["headers"], body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writer = None
            writer.close()
            for future in self._waiting.values():
                if not future.done():
                    future.set_result((503, {"Content-Type": "application/json"}, UNAVAILABLE.encode()))
            self._waiting.clear()
            await asyncio.to_thread(self._child.wait)

    @property
    def ready(self) -> bool:
        """Tell whether the child takes requests."""
        return self._writer is not None

    @property
    def pid(self) -> int | None:
        """Return the child's process id; None before its first start."""
        return self._child.pid if self._child else None

    async def call(self, header: dict[str, Any], body: bytes) -> Answer:
        """Send one request and return its answer; 503 while the child is starting."""
        if self._writer is None:
            return 503, {"Content-Type": "application/json"}, UNAVAILABLE.encode()
        number = next(self._numbers)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        write_frame(self._writer, {**header, "number": number}, body)
        return await future

    def announce(self, stream: str) -> None:
        """Tell the child, within a moment, that a stream has new records; from any thread."""
        if self._loop is None:
            return
        is_first = not self._arrived
        self._arrived.add(stream)
        if is_first:
            self._loop.call_soon_threadsafe(self._loop.call_later, ANNOUNCING_SECONDS, self._send_arrived)

    def _send_arrived(self) -> None:
        arrived, self._arrived = self._arrived, set()
        if self._writer is not None:  # a child that starts later reads its streams at once
            write_frame(self._writer, {ARRIVED: sorted(arrived)}, b"")

    async def stop(self) -> None:
        """Send ``STOP``: the child stops its workers, saves their state and ends. After ten seconds it is killed."""
        self._stopping = True
        if self._writer is not None:
            write_frame(self._writer, {STOP: True}, b"")
        if self._child is not None:
            try:
                await asyncio.to_thread(self._child.wait, 10)
            except subprocess.TimeoutExpired:
                self._child.kill()

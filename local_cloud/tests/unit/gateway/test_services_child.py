"""What the gateway tells the services process at each of its starts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_cloud.config import RECORDS_LOST
from local_cloud.gateway import services_child
from local_cloud.gateway.services_child import ServicesChild

# Notes what it was told, and ends: before it is ready at its first start, after it at the others.
CHILD = """
import os, pathlib, socket, sys
from local_cloud.channel import frame
told = pathlib.Path(sys.argv[1])
starts = told.read_text().split() if told.exists() else []
told.write_text(" ".join([*starts, os.environ[sys.argv[2]]]))
if starts:
    socket.socket(fileno=int(sys.argv[3])).sendall(frame({"ready": True}, b""))
"""


def test_lost_records_are_told_until_a_start_has_heard_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed a second time while it started, it began without reading the sources again: what stood in Kinesis was lost."""
    start = subprocess.Popen
    told = tmp_path / "told"

    def child(command: list[str], **more: Any) -> Any:
        return start([sys.executable, "-c", CHILD, str(told), RECORDS_LOST, command[-1]], **more)

    monkeypatch.setattr(services_child.subprocess, "Popen", child)
    process = ServicesChild(records_lost=True)

    async def three_starts() -> None:
        for _ in range(3):
            await process._run_once()

    asyncio.run(three_starts())
    assert told.read_text().split() == ["yes", "yes", "no"]

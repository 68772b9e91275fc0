"""The gateway reports lost records to the services process at its starts."""

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

# Appends what the environment says to a file, and ends: before it is ready at its first start, after that at later ones.
CHILD = """
import os, pathlib, socket, sys
from local_cloud.channel import frame
noted = pathlib.Path(sys.argv[1])
starts = noted.read_text().split() if noted.exists() else []
noted.write_text(" ".join([*starts, os.environ[sys.argv[2]]]))
if starts:
    socket.socket(fileno=int(sys.argv[3])).sendall(frame({"ready": True}, b""))
"""


def test_lost_records_are_reported_until_a_child_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second kill during the start used to hide the loss, and the pipes did not read their sources again."""
    start = subprocess.Popen
    noted = tmp_path / "noted"

    def child(command: list[str], **more: Any) -> Any:
        return start([sys.executable, "-c", CHILD, str(noted), RECORDS_LOST, command[-1]], **more)

    monkeypatch.setattr(services_child.subprocess, "Popen", child)
    process = ServicesChild(records_lost=True)

    async def three_starts() -> None:
        for _ in range(3):
            await process._run_once()

    asyncio.run(three_starts())
    assert noted.read_text().split() == ["yes", "yes", "no"]

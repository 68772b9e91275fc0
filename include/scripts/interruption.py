"""End what an interrupted command started, its local cloud too, and say what was ended and which command comes next."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
from ended_runs import end_runs


class Interruption:
    """What a command does when it is interrupted. Made before the command starts anything: a cloud that runs already stays.

    Example::

        interruption = Interruption("make demo", "Again, from its beginning: make demo")
    """

    def __init__(self, what: str, next_step: str) -> None:
        self._what, self._next = what, next_step
        self._ran_before = cloud_runs()
        self._began = datetime.now(UTC)

    def end(self) -> str:
        """Stop the local cloud if it was started since, call no run running that has ended, and return the last line of the command."""
        said = self._end_runs()
        if cloud_runs():
            if self._ran_before:
                said += " The local cloud ran before, and still does."
            else:
                stop = [sys.executable, "-m", "local_cloud", "stop"]
                ended = subprocess.run(stop, start_new_session=True, capture_output=True, text=True, check=False)
                is_stopped = ended.returncode == 0
                why = f" Its local cloud could not be stopped ({ended.stderr.strip()}): make down."
                said += " Its local cloud is stopped, and keeps what it has." if is_stopped else why
        return f"\nInterrupted: {self._what} was ended.{said} {self._next}"

    def _end_runs(self) -> str:
        try:
            end_runs(self._began)
        except sqlite3.Error as error:
            return f" Airflow still calls its run running ({error})."
        return ""


def cloud_runs() -> bool:
    """Return whether this checkout's local cloud runs, by the file that it keeps while it does."""
    try:
        found = json.loads((Path(os.environ.get("LOCAL_CLOUD_HOME", ".local")) / "cloud.json").read_text())
        process = psutil.Process(int(found["pid"]))
        return "local_cloud" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return False

"""Run a command with its output in a log, and show the end of that log when the command fails."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any


class StepFailedError(Exception):
    """A step failed; the message shows the end of its log and where the log is."""


def run_logged(command: list[str], log: Path) -> int:
    """Run a command with its output in ``log``, which is written again, and return its exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        running = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return running.wait()
        except BaseException:
            end_group(running)
            raise


def end_group(running: subprocess.Popen[Any], patience_seconds: float = 10) -> None:
    """End a process that leads a group, and all that it started: SIGTERM first, SIGKILL after the patience."""
    for number, seconds in ((signal.SIGTERM, patience_seconds), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(running.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            running.poll()
            if not _lives(running.pid):
                return
            time.sleep(0.05)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def interrupt_on_sigterm() -> None:
    """Let SIGTERM and SIGINT interrupt this process, and let a second signal pass while it cleans up."""

    def interrupt(*_: object) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)


def step_failed(title: str, code: int, log: Path) -> StepFailedError:
    """Return the error of a step that ended with an exit code other than 0."""
    reason = reason_of(log)
    shown = "" if reason else f"\n{last_lines(log)}"
    return StepFailedError(
        f"{title}: exit code {code}.{shown}\nThe whole log: {log}{f'{chr(10)}{reason}' if reason else ''}"
    )


ERROR = re.compile(r"(?:[a-z_]\w*\.)+[A-Z]\w*: (.+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d[T ]|Traceback|  File |The above exception|During handling|[╭│╰]")


def reason_of(log: Path) -> str:
    """Return why a run of Airflow failed, in one paragraph; "" when its log does not say.

    That is the first error of the first task that failed for good, or else the error with which Airflow refused the run.
    """
    found = ""
    lines = [COLOUR.sub("", line).rstrip() for line in log.read_text(errors="replace").splitlines()]
    for at, line in enumerate(lines):
        if "Task started" in line:
            found = ""
        elif found and "new_state=failed" in line:
            break
        elif not found and (error := ERROR.match(line)):
            found = _paragraph([error[1], *lines[at + 1 :]])
    return found


def _paragraph(lines: list[str]) -> str:
    """Join an error's own lines: up to a frame, a log line or an empty line."""
    kept = [lines[0]]
    for line in lines[1:]:
        if not line.strip() or LOG_LINE.match(line):
            break
        kept.append(line.strip())
    return " ".join(kept)


def last_lines(log: Path, lines: int = 12) -> str:
    """Return the end of a log without the frames of tracebacks, which leaves the reason."""
    kept = [line for line in log.read_text(errors="replace").splitlines() if line.strip() and not line.startswith("  ")]
    return "\n".join(kept[-lines:])

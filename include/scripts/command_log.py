"""Run a command with its output in a log, and show the end of that log when the command fails."""

from __future__ import annotations

import subprocess
from pathlib import Path


class StepFailedError(Exception):
    """A step failed; the message shows the end of its log and where the log is."""


def run_logged(command: list[str], log: Path) -> int:
    """Run a command with its output in ``log``, which is written again, and return its exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        return subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode


def step_failed(title: str, code: int, log: Path) -> StepFailedError:
    """Return the error of a step that ended with an exit code other than 0."""
    return StepFailedError(f"{title}: exit code {code}.\n{last_lines(log)}\nThe whole log: {log}")


def last_lines(log: Path, lines: int = 12) -> str:
    """Return the end of a log without the frames of tracebacks, which leaves the reason."""
    kept = [line for line in log.read_text(errors="replace").splitlines() if line.strip() and not line.startswith("  ")]
    return "\n".join(kept[-lines:])

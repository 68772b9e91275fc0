"""Run one job in a process group of its own, and return its outcome.

Source: https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.context import Context
from local_cloud.glue.jobs import jars
from local_cloud.glue.jobs.arguments import ArgumentError
from local_cloud.glue.jobs.class_archive import ClassArchive
from local_cloud.glue.jobs.setup import JobOrder, JobSetup, PreparedRun
from local_cloud.glue.jobs.spark_jvm import SparkJvmError
from local_cloud.glue.jobs.spark_jvms import SparkJvms

GRACE_SECONDS = 3.0
_NOT_COMPILED = ("SyntaxError:", "IndentationError:", "TabError:")
MAX_LINES, MAX_CHARACTERS = 10_000, 100_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: SUCCEEDED, FAILED, TIMEOUT or STOPPED; ``seconds`` since its script began."""

    state: str
    error: str | None = None
    seconds: float = 0.0


class JobProcess:
    """Runs one order. ``running`` is called with the process id once the script runs. ``stop`` may be called from any thread."""

    def __init__(self, context: Context, jvms: SparkJvms, order: JobOrder, running: Callable[[int], None]) -> None:
        self._context, self._jvms, self._order, self._running = context, jvms, order, running
        self.folder = context.config.state_dir / "glue" / "jobs" / order.run_id
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self.archive: ClassArchive | None = None

    def run(self) -> Outcome:
        """Fetch the script, run it and wait. The log stays in the run's folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            setup = JobSetup(self._context, self._order, self.folder)
            prepared = setup.prepare()
            self.archive = setup.archive
            return self._run_prepared(prepared)
        except (ClientError, BotoCoreError, ArgumentError, jars.JarError, SparkJvmError) as error:
            return Outcome("STOPPED" if self._stopped else "FAILED", str(error))

    def _run_prepared(self, prepared: PreparedRun) -> Outcome:
        if prepared.launch is None:
            return self._run_script(prepared.script, prepared.environment)
        with self._jvms.lent(prepared.launch, self.folder, prepared.properties) as jvm:
            outcome = self._run_script(prepared.script, {**prepared.environment, **jvm.environment})
            jvm.succeeded = outcome.state == "SUCCEEDED"
            return outcome

    def _run_script(self, script: Path, environment: Mapping[str, str]) -> Outcome:
        arguments = self._order.arguments.script_arguments(
            self._order.job_name, f"j_{self._order.job_name}", self._order.run_id
        )
        started = time.monotonic()
        with (self.folder / "output.log").open("ab") as output, (self.folder / "error.log").open("ab") as errors:
            with self._lock:
                if self._stopped:
                    return Outcome("STOPPED")
                self._process = subprocess.Popen(
                    [sys.executable, str(script), *arguments],
                    cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True,
                )  # fmt: skip
            self._running(self._process.pid)
            return self._wait(self._process, started)

    def stop(self) -> None:
        """End the script and everything that it started."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is not None:
            _end_group(process)

    def output_lines(self) -> list[str]:
        return _lines(self.folder / "output.log")

    def error_lines(self) -> list[str]:
        return _lines(self.folder / "error.log")

    def _wait(self, process: subprocess.Popen[bytes], started: float) -> Outcome:
        try:
            code = process.wait(self._order.timeout_seconds)
        except subprocess.TimeoutExpired:
            _end_group(process)
            return Outcome("TIMEOUT", "Job run exceeded its timeout.", time.monotonic() - started)
        seconds = time.monotonic() - started
        _end_group(process)  # what the script left behind
        if self._stopped:
            return Outcome("STOPPED", None, seconds)
        return Outcome("SUCCEEDED", None, seconds) if code == 0 else Outcome("FAILED", self._reason(code), seconds)

    def _reason(self, code: int) -> str:
        """Return the exception that ended the script; without a traceback, its exit code."""
        lines = self.error_lines()
        tracebacks = [i for i, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
        if tracebacks:
            raised = [line for line in lines[tracebacks[-1] + 1 :] if not line.startswith((" ", "\t"))]
            if raised:
                kind, separator, message = raised[0].partition(":")
                cause = raised[1] if raised[1:] and raised[1].startswith(": ") else ""
                return f"{kind.rpartition('.')[2]}{separator}{message}{cause}"
        if lines and lines[-1].startswith(_NOT_COMPILED):  # Python shows these without a traceback
            return lines[-1]
        return f"Command failed with exit code {code}"


def end_orphan(process_id: int | None, run_id: str) -> None:
    """End the process group of a run whose cloud died, if the number still belongs to it."""
    if process_id is None:
        return
    command = subprocess.run(
        ["ps", "-o", "args=", "-p", str(process_id)], capture_output=True, text=True, check=False
    ).stdout
    if run_id in command:
        _signal_group(process_id, signal.SIGKILL)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM to the group, and SIGKILL to what is left of it."""
    _signal_group(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(process_id: int, number: signal.Signals) -> None:
    try:
        os.killpg(process_id, number)
    except (ProcessLookupError, PermissionError):
        return


def _lines(path: Path) -> list[str]:
    """Return the last lines of a log, each cut where CloudWatch Logs would refuse it."""
    if not path.exists():
        return []
    lines = path.read_text(errors="replace").splitlines()[-MAX_LINES:]
    return [line[:MAX_CHARACTERS] for line in lines if line.strip()]

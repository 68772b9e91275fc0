"""One job run: its script and files fetched as the job's role, run in a process group of its own, and its outcome.

Sources, AWS Glue: *Using job parameters in AWS Glue jobs*, *Job run statuses*, *Configuring job properties for Python shell jobs*.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.glue import jars
from local_cloud.glue.job_arguments import ArgumentError, JobArguments
from local_cloud.glue.role import PRINCIPAL
from local_cloud.glue.spark_environment import spark_environment
from local_cloud.services import Context

LIBRARY = Path(__file__).with_name("job_library")
GRACE_SECONDS = 3.0
MOST_LINES, MOST_CHARACTERS = 10_000, 100_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: SUCCEEDED, FAILED, TIMEOUT or STOPPED; ``seconds`` since its script began."""

    state: str
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What to run."""

    job_name: str
    run_id: str
    command: str
    script: str
    arguments: JobArguments
    role: str
    region: str
    timeout_seconds: float

    @classmethod
    def of(cls, job: Mapping[str, Any], run: Mapping[str, Any], role: str, timeout_seconds: float) -> JobOrder:
        return cls(
            job_name=job["Name"],
            run_id=run["Id"],
            command=job["Command"]["Name"],
            script=job["Command"]["ScriptLocation"],
            arguments=JobArguments.merged(job, run["Arguments"]),
            role=role,
            region=run["Region"],
            timeout_seconds=timeout_seconds,
        )


class JobProcess:
    """Runs one order. ``running`` is told the process id once the script runs. ``stop`` may be called from any thread."""

    def __init__(self, context: Context, order: JobOrder, running: Callable[[int], None]) -> None:
        self._context, self._order, self._running = context, order, running
        self.folder = context.config.state_dir / "glue" / "jobs" / order.run_id
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> Outcome:
        """Fetch, run, wait. The log stays in the run's folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            script, environment = self._prepare()
        except (ClientError, BotoCoreError, ArgumentError, jars.JarError) as error:
            return Outcome("STOPPED" if self._stopped else "FAILED", str(error))
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
        """The exception that ended the script; without a traceback, its exit code."""
        lines = self.error_lines()
        tracebacks = [i for i, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
        if tracebacks:
            raised = [line for line in lines[tracebacks[-1] + 1 :] if not line.startswith((" ", "\t"))]
            if raised:
                kind, separator, message = raised[0].partition(":")
                cause = raised[1] if raised[1:] and raised[1].startswith(": ") else ""
                return f"{kind.rpartition('.')[2]}{separator}{message}{cause}"
        return f"Command failed with exit code {code}"

    def _prepare(self) -> tuple[Path, dict[str, str]]:
        """The script on disk and the environment it runs in."""
        order, arguments = self._order, self._order.arguments
        s3 = self._context.clients.client("s3", order.role, region=order.region, principal=PRINCIPAL)
        if arguments.is_scala:
            raise ArgumentError("--job-language: the local cloud runs Python, not Scala.")
        _check_modules(arguments.python_modules)
        script = self._download(s3, order.script, "script")
        python_files = [self._download(s3, path, "python") for path in arguments.python_files]
        for path in arguments.files:
            self._download(s3, path, ".")
        environment = self._environment(python_files)
        if order.command == "glueetl":
            files = [self._download(s3, path, "jars") for path in arguments.jars] + self._spark_jars()
            environment |= spark_environment(
                arguments.spark_configuration, files, self._context.config.endpoint, self.folder
            )
        return script, environment

    def _download(self, s3: Any, location: str, folder: str) -> Path:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        place = self.folder / folder / key.rpartition("/")[2]
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            place.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            raise ArgumentError(f"{location} cannot be read as {self._order.role}: {error}") from error
        return place

    def _spark_jars(self) -> list[Path]:
        found = [path for name in self._order.arguments.lake_formats for path in jars.fetch(name)]
        try:
            return found + jars.fetch("s3a")
        except jars.JarError as error:
            with (self.folder / "error.log").open("a") as log:
                log.write(f"WARN Spark itself cannot read s3:// paths in this run: {error}\n")
            return found

    def _environment(self, python_files: list[Path]) -> dict[str, str]:
        """Nothing of the cloud's own environment but what a program needs; the role's credentials; the local endpoint."""
        order, config = self._order, self._context.config
        keys = self._context.clients.client("sts", region=order.region).assume_role(
            RoleArn=order.role, RoleSessionName=f"glue-{order.run_id[:32]}"
        )["Credentials"]  # fmt: skip
        search = [path.parent if path.suffix == ".py" else path for path in python_files]
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV") if name in os.environ
        }
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(map(str, [*search, LIBRARY])),
            "PYTHONUNBUFFERED": "1",
            "AWS_ENDPOINT_URL": config.endpoint,
            "AWS_REGION": order.region,
            "AWS_DEFAULT_REGION": order.region,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_EC2_METADATA_DISABLED": "true",
            **order.arguments.environment,
        }


def _check_modules(requirements: list[str]) -> None:
    """A job that needs a module must find it installed: the local cloud installs nothing.

    Raises:
        ArgumentError: a module is missing or of another version.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    for text in requirements:
        try:
            requirement = Requirement(text)
            version = importlib.metadata.version(requirement.name)
        except (InvalidRequirement, importlib.metadata.PackageNotFoundError) as error:
            raise ArgumentError(
                f"--additional-python-modules: {text} is not installed with the local cloud: {error}"
            ) from error
        if not requirement.specifier.contains(version, prereleases=True):
            raise ArgumentError(
                f"--additional-python-modules: {text} is asked for, {version} is installed with the local cloud."
            )


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
    """SIGTERM to the group, and SIGKILL to what is left of it."""
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
    """The last lines of a log, each cut where CloudWatch Logs would refuse it."""
    if not path.exists():
        return []
    lines = path.read_text(errors="replace").splitlines()[-MOST_LINES:]
    return [line[:MOST_CHARACTERS] for line in lines if line.strip()]

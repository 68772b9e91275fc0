"""Run several Airflow commands in one process, which imports Airflow and reads AWS's models once; an import takes ten seconds.

The caller uses ``AirflowSession``. The process itself runs this file as a program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from cheap_clients import make_clients_cheap
from command_log import end_group

_tested: str | None = None
"""The DAG that the command at hand tests; each has a file of its own name."""


class AirflowSession:
    """A process that runs ``airflow …`` commands; it imports Airflow in the background, and ends with the session."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> AirflowSession:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None and not issubclass(kind, Exception):  # interrupted: the command must not go on
            end_group(self._process)
        self._process.communicate()

    def run(self, arguments: list[str], log: Path) -> int:
        """Run ``airflow`` with these arguments and this process's environment; its output replaces ``log``.

        Returns the exit code of the command, or of the process when the command ended the process.
        """
        asked = {"arguments": arguments, "log": str(log.resolve()), "environment": dict(os.environ)}
        try:
            self._pipe(self._process.stdin).write(json.dumps(asked) + "\n")
            self._pipe(self._process.stdin).flush()
            answer = self._pipe(self._process.stdout).readline()
        except BrokenPipeError:
            answer = ""
        return int(answer) if answer else self._process.wait() or 1

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> Any:
        return pipe


def serve() -> None:
    """Run the commands that arrive, one JSON line each, and answer each with its exit code."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # drops what Airflow prints during its import
    _load()
    for line in sys.stdin:
        asked = json.loads(line)
        os.environ.clear()
        os.environ.update(asked["environment"])
        output = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        for standard in (1, 2):
            os.dup2(output, standard)
        os.close(output)
        code = _run(asked["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
        print(code, file=answers, flush=True)


def _load() -> None:
    """Import what ``airflow dags test`` needs before the first command arrives.

    Each task makes clients of its own, so they are made cheap.
    """
    import airflow.cli.commands.dag_command
    import airflow.sdk.execution_time.task_runner  # noqa: F401 (loaded for the commands)

    make_clients_cheap()
    _analyse_endpoints_once()
    _parse_one_file()


def _analyse_endpoints_once() -> None:
    """Let FastAPI keep what it found out about an endpoint's dependencies.

    ``airflow dags test`` overrides one dependency of the API that its tasks speak to, and FastAPI then analyses all of them again at
    each request: a seventh of the processor time of a setup.
    """
    from fastapi.dependencies import utils

    analyse, known = utils.get_dependant, {}

    def analyse_once(**asked: Any) -> Any:
        key = tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in asked.items())
        if key not in known:
            known[key] = analyse(**asked)
        return known[key]

    utils.get_dependant = analyse_once


def _parse_one_file() -> None:
    """Let ``airflow dags test`` parse and store the file of the DAG that it runs alone: it takes the whole folder, and twice."""
    from airflow.dag_processing import dagbag

    class OfOneFile(dagbag.BundleDagBag):  # type: ignore[misc]
        def __init__(self, dag_folder: Any, **more: Any) -> None:
            file = Path(dag_folder) / f"{_tested}.py"
            super().__init__(dag_folder=file if file.is_file() else dag_folder, **more)

    dagbag.BundleDagBag = OfOneFile


def _run(arguments: list[str]) -> int:
    from airflow.__main__ import main

    global _tested
    _tested = arguments[2] if arguments[:2] == ["dags", "test"] else None
    sys.argv = ["airflow", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve()
    os._exit(0)  # nothing is left to do; to take Airflow's modules apart costs three seconds

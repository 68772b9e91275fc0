"""Run an Airflow command with its own output, and end a failed run with its reason: ``make airflow ARGS="…"``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from command_log import end_group, interrupt_on_sigterm, reason_of
from interruption import Interruption

LOG = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local")) / "logs" / "airflow-command.log"


def main(arguments: list[str]) -> int:
    interrupt_on_sigterm()
    interruption = Interruption(
        f"airflow {' '.join(arguments[:3])}", f'Again: make airflow ARGS="{" ".join(arguments)}"'
    )
    if arguments[:2] != ["dags", "test"]:
        os.execvp("airflow", ["airflow", *arguments])  # noqa: S606 (the user's own command)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    running = subprocess.Popen(
        ["airflow", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        with LOG.open("wb") as log:
            for line in running.stdout or ():
                log.write(line)
                log.flush()
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
        code = running.wait()
    except KeyboardInterrupt:
        end_group(running)
        print(interruption.end(), file=sys.stderr)
        return 130
    if code and (reason := reason_of(LOG)):
        print(f"\nThe run failed: {reason}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

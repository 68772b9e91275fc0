"""The command line: ``python -m local_cloud start | run | stop | status``."""

from __future__ import annotations

import signal
import sys

from local_cloud import lifecycle
from local_cloud.config import CloudConfig
from local_cloud.gateway import process

USAGE = "usage: python -m local_cloud start | run | stop | status"


def main(arguments: list[str]) -> int:
    """Run one command; return 0 when it succeeded, 1 when it failed, 2 for wrong usage."""
    commands = {"start": lifecycle.start, "stop": lifecycle.stop, "status": lifecycle.status}
    if arguments == ["run"]:
        process.main()
        return 0
    if len(arguments) != 1 or arguments[0] not in commands:
        print(USAGE, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        print(commands[arguments[0]](CloudConfig.from_environment()))
    except (lifecycle.CloudError, ValueError) as error:
        print(f"local cloud: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Choose ports for the servers that tests start."""

from __future__ import annotations

import secrets
import socket

SERVER_PORTS = range(20_000, 32_000)
"""Below the ports that a system gives to clients: those may be taken before the server starts, or starts again."""


def free_port() -> int:
    """Return a port of the loopback address that is free now, chosen at random for tests that run side by side."""
    for port in secrets.SystemRandom().sample(SERVER_PORTS, len(SERVER_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"None of the ports {SERVER_PORTS} is free.")

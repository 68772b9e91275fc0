"""Make AWS clients cheap in a process that makes hundreds: each operator's hook makes a session and a client of its own.

A process calls ``make_clients_cheap`` once, before its first client.
"""

from __future__ import annotations

import functools
import inspect
import sys
from types import FrameType


def make_clients_cheap() -> None:
    """Let all sessions read AWS's models from one loader, and the Amazon provider name its caller without reading sources.

    A session's own loader parses up to ten megabytes again, which takes 0.4 s. The provider writes the operator that calls into the
    user agent: for each client it asks for the stack once or twice, and reads the source of every frame, though it needs its names only.
    Together with the session and the client that takes 38 ms of a processor; without the sources, 17 ms.
    """
    import botocore.session

    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    inspect.stack = stack_without_sources


def stack_without_sources(context: int = 0) -> list[inspect.FrameInfo]:  # noqa: ARG001 (as inspect.stack has it)
    """Return the caller's stack as ``inspect.stack`` does, without lines of source: ``code_context`` is None, as where none is found.

    >>> stack_without_sources()[0].function
    '<module>'
    """
    frames: list[inspect.FrameInfo] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        frames.append(inspect.FrameInfo(frame, code.co_filename, frame.f_lineno, code.co_name, None, None))
        frame = frame.f_back
    return frames

"""JSON paths into an event: ``$.dynamodb.Keys.orderid.S``, ``$.items[0]``, ``$.items[*].name``.

Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html ("Dynamic path parameters") and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_STEP = re.compile(r"\.([A-Za-z0-9_\-/]+|\*)|\[(\d+|\*)\]|\[['\"]([^'\"]+)['\"]\]")
WILDCARD = "*"


class PathError(Exception):
    """A path is malformed, or the event has no value at it."""


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[str | int, ...]:
    """Split a path into names, array indices (int) and wildcards.

    Raises:
        PathError: the path is not of the supported syntax.
    """
    if not path.startswith("$"):
        raise PathError(f"{path!r} is no JSON path: it does not start with '$'.")
    found: list[str | int] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise PathError(f"JSON path {path!r} cannot be read from position {position} on.")
        name, index, quoted = match.groups()
        found.append(int(index) if index and index != WILDCARD else name or index or quoted)
        position = match.end()
    return tuple(found)


def resolve(event: Any, path: str) -> Any:
    """Return the value at ``path``; with a wildcard, the list of values.

    Raises:
        PathError: the event has no value there.
    """
    return _walk(event, steps(path), path)


def _walk(value: Any, rest: tuple[str | int, ...], path: str) -> Any:
    if not rest:
        return value
    step, *after = rest
    if isinstance(value, str):
        raise PathError(f"JSON path {path!r} continues where the event has a text.")
    try:
        if step == WILDCARD:
            children = value.values() if isinstance(value, dict) else value
            return [_walk(child, tuple(after), path) for child in children]
        value = value[step]
    except (KeyError, IndexError, TypeError) as error:
        raise PathError(f"JSON path {path!r}: the event has no value there.") from error
    return _walk(value, tuple(after), path)

"""The version of MiniStack that the patches need, and the check of the names that they use."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

VERSION = "1.5.33"


class SeamMovedError(RuntimeError):
    """MiniStack lacks something that a patch replaces or calls."""


def require(module: Any, *names: str) -> None:
    """Check that a module of MiniStack has every name that a patch needs.

    Example: ``require(kinesis, "_split_shard", "_merge_shards")``.

    Raises:
        SeamMovedError: a name is missing. The message says which, and which version to install.
    """
    if missing := [name for name in names if not hasattr(module, name)]:
        raise moved(f"{getattr(module, '__name__', module)} has no {', '.join(missing)}")


def moved(observed: str) -> SeamMovedError:
    """Make the error for a seam that moved; ``observed`` says what is missing where."""
    return SeamMovedError(
        f"The local cloud cannot patch MiniStack: {observed}. It was written for ministack {VERSION}; installed is "
        f"{_installed()}. Install that version: pip install 'ministack[full]=={VERSION}'."
    )


def _installed() -> str:
    try:
        return version("ministack")
    except PackageNotFoundError:
        return "none"

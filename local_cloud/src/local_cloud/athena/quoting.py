"""Write names and texts into DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

ERROR_MARK = "\x01"
"""Starts every message that our SQL raises, and no error of DuckDB itself."""


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def paths(values: Iterable[Path]) -> str:
    """Return a list literal of file names."""
    return "[" + ", ".join(text(str(value)) for value in values) + "]"


def fail(kind: str, message: str) -> str:
    """Return SQL that ends the query with ``kind: message``. ``message`` is an SQL expression of type VARCHAR."""
    return f"error({text(ERROR_MARK + kind + ': ')} || {message})"

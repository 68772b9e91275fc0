"""Describe one segment of the cache: a Parquet file, or a folder of plain lines."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from local_cloud.athena.tables.normal_form import Unpacked
from local_cloud.athena.tables.plain_lines import PlainLines, Wanted


@dataclass(frozen=True, slots=True)
class Form:
    """How a table's objects are read: a name, the function that writes them to Parquet, and one that finds plain lines."""

    name: str
    write: Callable[[duckdb.DuckDBPyConnection, list[Unpacked], Path], None]
    plain: Callable[[Path, Wanted], PlainLines | None] = lambda *_: None


@dataclass
class Segment:
    """The objects in it by identity, with the first malformed line of each (None: all lines are good).

    ``keys`` are a Parquet file's columns; of plain lines, ``lines`` says what is in each object.
    """

    path: Path
    objects: dict[int, str | None]
    keys: set[str] = field(default_factory=set)
    lines: dict[int, PlainLines] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    readers: int = 0

    @property
    def holds_lines(self) -> bool:
        """Say whether it is a folder of plain lines."""
        return bool(self.lines)

    def has(self, identity: int, wanted: Wanted) -> bool:
        """Say whether the texts that are wanted of an object can be read from what is here as they were written."""
        return identity not in self.lines or self.lines[identity].has(wanted)

    def lines_of(self, identity: int) -> Path:
        """Return where an object's plain lines are."""
        return self.path / f"{identity}.json"

    @property
    def size_bytes(self) -> int:
        """Return its size on disk."""
        files = self.path.iterdir() if self.holds_lines else [self.path]
        return sum(file.stat().st_size for file in files)

    def delete(self) -> None:
        if self.holds_lines:
            shutil.rmtree(self.path)
        else:
            self.path.unlink()

"""Describe one segment of the cache: a Parquet file, or a folder of plain lines with their indexes.

A file beside it says what is in it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from local_cloud.athena.tables.normal_form import Unpacked
from local_cloud.athena.tables.plain_lines import PlainLines

NORMAL_FORM = 4  # increase it when segments are written in another way: older ones are deleted then


@dataclass(frozen=True, slots=True)
class Form:
    """How a table's objects are read: a name, the function that writes them to Parquet, and one that may write an index instead."""

    name: str
    write: Callable[[duckdb.DuckDBPyConnection, list[Unpacked], Path], None]
    index: Callable[[Path, Path, frozenset[str] | None], PlainLines | None] = lambda *_: None


@dataclass
class Segment:
    """The objects in it by identity, with the first malformed line of each (None: all lines are good).

    ``keys`` are a Parquet file's columns; of plain lines, ``lines`` says what is in each object.
    """

    path: Path
    objects: dict[int, str | None]
    keys: set[str] = field(default_factory=set)
    lines: dict[int, PlainLines] = field(default_factory=dict)
    used: float = field(default_factory=time.time)
    readers: int = 0

    @property
    def holds_lines(self) -> bool:
        """Say whether it is a folder of plain lines."""
        return self.path.suffix == ".lines"

    def has(self, identity: int, columns: frozenset[str] | None) -> bool:
        """Say whether an object in it can be read in these columns (None: all) from what is here."""
        return identity not in self.lines or self.lines[identity].has(columns)

    def lines_of(self, identity: int) -> Path:
        """Return where an object's plain lines are."""
        return self.path / f"{identity}.json"

    def index_of(self, identity: int) -> Path:
        """Return where the index of those lines is."""
        return self.path / f"{identity}.index"

    @property
    def contents(self) -> Path:
        return self.path.with_suffix(".json")

    @property
    def size_bytes(self) -> int:
        """Return its size on disk."""
        files = self.path.iterdir() if self.holds_lines else [self.path]
        return sum(file.stat().st_size for file in files)

    def save(self) -> None:
        """Write a description of the content beside the segment. Without it the segment does not outlive a restart."""
        document = {
            "form": NORMAL_FORM, "path": self.path.name, "objects": list(self.objects.items()), "keys": sorted(self.keys),
            "lines": [(identity, lines.document()) for identity, lines in self.lines.items()],
        }  # fmt: skip
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(document))
        draft.replace(self.contents)

    def delete(self) -> None:
        self.contents.unlink(missing_ok=True)
        if self.holds_lines:
            shutil.rmtree(self.path)
        else:
            self.path.unlink()


def saved_segments(folder: Path) -> list[Segment]:
    """Return the segments of an earlier run; everything else in the folder is deleted."""
    found = []
    for contents in folder.glob("*.json"):
        document = json.loads(contents.read_text())
        if document["form"] == NORMAL_FORM and (path := folder / document["path"]).exists():
            lines = {identity: PlainLines.of(described) for identity, described in document["lines"]}
            found.append(
                Segment(path, dict(document["objects"]), set(document["keys"]), lines, contents.stat().st_mtime)
            )
    kept = {path for segment in found for path in (segment.path, segment.contents)}
    for path in set(folder.iterdir()) - kept:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return found

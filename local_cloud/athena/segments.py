"""The bounded cache of table objects on this machine: segments, each made of the objects that one query found missing.

A segment is a Parquet file, or a folder of large objects whose plain lines are read as they are. An object is known by
bucket, key, ETag and the form it was read in; a changed object is another one. The least recently used segments go when
the cache is full. A file beside each segment says what is in it, so that it outlives a restart.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from local_cloud.athena.execution import Query
from local_cloud.athena.interruption import interrupter
from local_cloud.athena.normal_form import Unpacked, same_spelling
from local_cloud.athena.objects import Objects, S3Object

CACHE_BYTES = 2 * 1024**3
SEGMENT_RAW_BYTES = 256 * 1024**2
NORMAL_FORM = 2  # to be raised when segments are written in another way: those of before are dropped
LEAST_LINES_BYTES = 1024**2  # opening a smaller file costs more than reading it
CHECKS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Form:
    """How a table's objects are read: by which name, who writes them to Parquet, and which lines need no writing."""

    name: str
    write: Callable[[duckdb.DuckDBPyConnection, list[Unpacked], Path], None]
    plain_keys: Callable[[Path], list[str] | None] = lambda _: None


@dataclass
class Segment:
    """The objects in it by identity, with the first malformed line of each (None: all lines are good).

    ``keys`` are a Parquet file's columns; of lines, the keys as they are spelled.
    """

    path: Path
    objects: dict[int, str | None]
    keys: set[str]
    used: float = field(default_factory=time.time)
    readers: int = 0

    @property
    def holds_lines(self) -> bool:
        """Whether it is a folder of plain lines."""
        return self.path.suffix == ".lines"

    def lines_of(self, identity: int) -> Path:
        """Where an object's plain lines are."""
        return self.path / f"{identity}.json"

    @property
    def contents(self) -> Path:
        return self.path.with_suffix(".json")

    @property
    def size_bytes(self) -> int:
        """Its room on disk."""
        files = self.path.iterdir() if self.holds_lines else [self.path]
        return sum(file.stat().st_size for file in files)

    def save(self) -> None:
        """Write beside the segment what is in it; without that it does not outlive a restart."""
        document = {
            "form": NORMAL_FORM, "path": self.path.name, "objects": list(self.objects.items()), "keys": sorted(self.keys),
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
    """The segments of an earlier run; everything else in the folder is deleted."""
    found = []
    for contents in folder.glob("*.json"):
        document = json.loads(contents.read_text())
        if document["form"] == NORMAL_FORM and (path := folder / document["path"]).exists():
            found.append(Segment(path, dict(document["objects"]), set(document["keys"]), contents.stat().st_mtime))
    kept = {path for segment in found for path in (segment.path, segment.contents)}
    for path in set(folder.iterdir()) - kept:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return found


class Segments:
    """Finds or makes the segments that hold given objects. Safe for several queries and callers at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._by_object = {key: segment for segment in saved_segments(folder) for key in segment.objects}

    @contextmanager
    def holding(self, query: Query, objects: Objects, wanted: list[S3Object], form: Form) -> Iterator[list[Segment]]:
        """The segments with the wanted objects read in ``form``, kept from eviction while the context lasts.

        Raises:
            QueryFailedError: the caller whose ``objects`` they are may not read one of them.
        """
        identities = {item.identity(form.name): item for item in wanted}
        held = self._hold(identities)
        missing: dict[int, S3Object] = {}
        try:
            if any(identity not in segment_objects(held) for identity in identities):
                with self._building:
                    held += self._hold(identities, held)
                    present = segment_objects(held)
                    missing = {key: item for key, item in identities.items() if key not in present}
                    for batch in _batches(missing):
                        held += self._build(query, objects, batch, form)
            objects.require_readable(query, [item for key, item in identities.items() if key not in missing])
            yield held
        finally:
            with self._lock:
                for segment in held:
                    segment.readers -= 1
            self._evict()

    def _hold(self, identities: dict[int, S3Object], held: list[Segment] | None = None) -> list[Segment]:
        with self._lock:
            found = {id(self._by_object[key]): self._by_object[key] for key in identities if key in self._by_object}
            fresh = [segment for segment in found.values() if segment not in (held or [])]
            for segment in fresh:
                segment.readers += 1
                segment.used = time.time()
                segment.contents.touch()
            return fresh

    def _build(self, query: Query, objects: Objects, batch: dict[int, S3Object], form: Form) -> list[Segment]:
        raw = self._folder / f"{uuid.uuid4().hex}.raw"
        raw.mkdir()
        try:
            unpacked = _fetched(query, objects, batch, form, raw)
            large = [item for item in unpacked if item.plain_keys and item.path.stat().st_size >= LEAST_LINES_BYTES]
            lines = _with_keys(large)
            kept = {item.identity for item in lines}
            packed = [item for item in unpacked if item.identity not in kept]
            built = [self._keep_lines(lines)] if lines else []
            return built + ([self._pack(query, packed, form, raw)] if packed else [])
        finally:
            shutil.rmtree(raw, ignore_errors=True)

    def _keep_lines(self, items: list[Unpacked]) -> Segment:
        draft = self._folder / f"{uuid.uuid4().hex}.lines"
        segment = Segment(draft, {item.identity: None for item in items}, set().union(*(item.keys for item in items)))
        draft.mkdir()
        for item in items:
            item.path.replace(segment.lines_of(item.identity))
        return self._known(segment)

    def _pack(self, query: Query, items: list[Unpacked], form: Form, raw: Path) -> Segment:
        target = self._folder / f"{uuid.uuid4().hex}.parquet"
        config = {"threads": 2, "memory_limit": "1GB", "temp_directory": str(raw), "preserve_insertion_order": False}
        with duckdb.connect(config=config) as connection:
            query.cancellation.on_cancel(interrupter(connection))
            form.write(connection, items, target)
        malformed = {item.identity: item.malformed for item in items}
        return self._known(Segment(target, malformed, set().union(*(item.keys for item in items))))

    def _known(self, segment: Segment) -> Segment:
        segment.save()
        with self._lock:
            segment.readers += 1
            self._by_object.update(dict.fromkeys(segment.objects, segment))
        return segment

    def _evict(self) -> None:
        with self._lock:
            segments = sorted(
                {id(found): found for found in self._by_object.values()}.values(), key=lambda found: found.used
            )
            total = sum(segment.size_bytes for segment in segments)
            for segment in segments:
                if total <= CACHE_BYTES:
                    return
                if segment.readers == 0:
                    total -= segment.size_bytes
                    segment.delete()
                    self._by_object = {key: found for key, found in self._by_object.items() if found is not segment}


def segment_objects(segments: list[Segment]) -> set[int]:
    """The identities of every object in the segments."""
    return set().union(*(segment.objects for segment in segments))


def _fetched(query: Query, objects: Objects, batch: dict[int, S3Object], form: Form, folder: Path) -> list[Unpacked]:
    """The objects' texts on disk; each is looked at as soon as it is there, while others are fetched."""
    unpacked = [Unpacked(identity, folder / f"{identity}.json") for identity in batch]
    pairs = [(item, one.path) for item, one in zip(batch.values(), unpacked, strict=True)]
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as checks:
        fetched = objects.fetch(query, pairs, unpack=True)
        found = [checks.submit(form.plain_keys, one.path) for one, _ in zip(unpacked, fetched, strict=True)]
        for one, keys in zip(unpacked, found, strict=True):
            one.plain_keys = keys.result()
    return unpacked


def _with_keys(large: list[Unpacked]) -> list[Unpacked]:
    """Those that one reader can read together, with their keys."""
    for item in large:
        item.keys = set(item.plain_keys or [])
    return same_spelling(large)


def _batches(items: dict[int, S3Object]) -> Iterator[dict[int, S3Object]]:
    batch: dict[int, S3Object] = {}
    size_bytes = 0
    for identity, item in items.items():
        batch[identity] = item
        size_bytes += item.size
        if size_bytes >= SEGMENT_RAW_BYTES:
            yield batch
            batch, size_bytes = {}, 0
    if batch:
        yield batch

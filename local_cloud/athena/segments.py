"""The bounded cache of table objects on this machine: Parquet segments, each made of the objects that one query found missing.

An object is known by bucket, key, ETag and the form it was read in; a changed object is another one. The least recently
used segments go when the cache is full. A file beside each segment says what is in it, so that it outlives a restart.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from local_cloud.athena.execution import Query
from local_cloud.athena.interruption import interrupter
from local_cloud.athena.normal_form import Unpacked
from local_cloud.athena.objects import Objects, S3Object

CACHE_BYTES = 2 * 1024**3
SEGMENT_RAW_BYTES = 256 * 1024**2
NORMAL_FORM = 1  # to be raised when segments are written in another way: those of before are dropped

Writer = Callable[[duckdb.DuckDBPyConnection, list[Unpacked], Path], None]


@dataclass
class Segment:
    """One Parquet file: the objects in it by identity, with the first malformed line of each (None: all lines are good)."""

    path: Path
    objects: dict[int, str | None]
    keys: set[str]
    used: float = field(default_factory=time.time)
    readers: int = 0

    @property
    def contents(self) -> Path:
        return self.path.with_suffix(".json")

    def save(self) -> None:
        """Write beside the segment what is in it; without that it does not outlive a restart."""
        document = {"form": NORMAL_FORM, "objects": list(self.objects.items()), "keys": sorted(self.keys)}
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(document))
        draft.replace(self.contents)

    def delete(self) -> None:
        self.contents.unlink(missing_ok=True)
        self.path.unlink()


def saved_segments(folder: Path) -> list[Segment]:
    """The segments of an earlier run; everything else in the folder is deleted."""
    found = []
    for contents in folder.glob("*.json"):
        document, path = json.loads(contents.read_text()), contents.with_suffix(".parquet")
        if document["form"] == NORMAL_FORM and path.exists():
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
    def holding(
        self, query: Query, objects: Objects, wanted: list[S3Object], form: str, write: Writer
    ) -> Iterator[list[Segment]]:
        """The segments with the wanted objects read in ``form``, kept from eviction while the context lasts.

        Raises:
            QueryFailedError: the caller whose ``objects`` they are may not read one of them.
        """
        identities = {item.identity(form): item for item in wanted}
        held = self._hold(identities)
        missing: dict[int, S3Object] = {}
        try:
            if any(identity not in segment_objects(held) for identity in identities):
                with self._building:
                    held += self._hold(identities, held)
                    present = segment_objects(held)
                    missing = {key: item for key, item in identities.items() if key not in present}
                    for batch in _batches(missing):
                        held.append(self._build(query, objects, batch, write))
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

    def _build(self, query: Query, objects: Objects, batch: dict[int, S3Object], write: Writer) -> Segment:
        name = uuid.uuid4().hex
        raw, target = self._folder / f"{name}.raw", self._folder / f"{name}.parquet"
        raw.mkdir()
        try:
            unpacked = [Unpacked(identity, raw / f"{identity}.json") for identity in batch]
            pairs = [(item, one.path) for item, one in zip(batch.values(), unpacked, strict=True)]
            for _ in objects.fetch(query, pairs, unpack=True):
                pass
            with duckdb.connect(
                config={
                    "threads": 2,
                    "memory_limit": "1GB",
                    "temp_directory": str(raw),
                    "preserve_insertion_order": False,
                }
            ) as connection:
                query.cancellation.on_cancel(interrupter(connection))
                write(connection, unpacked, target)
        finally:
            shutil.rmtree(raw, ignore_errors=True)
        segment = Segment(
            target,
            {one.identity: one.malformed for one in unpacked},
            set().union(*(one.keys for one in unpacked)),
            readers=1,
        )
        segment.save()
        with self._lock:
            self._by_object.update(dict.fromkeys(segment.objects, segment))
        return segment

    def _evict(self) -> None:
        with self._lock:
            segments = sorted(
                {id(found): found for found in self._by_object.values()}.values(), key=lambda found: found.used
            )
            total = sum(segment.path.stat().st_size for segment in segments)
            for segment in segments:
                if total <= CACHE_BYTES:
                    return
                if segment.readers == 0:
                    total -= segment.path.stat().st_size
                    segment.delete()
                    self._by_object = {key: found for key, found in self._by_object.items() if found is not segment}


def segment_objects(segments: list[Segment]) -> set[int]:
    """The identities of every object in the segments."""
    return set().union(*(segment.objects for segment in segments))


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

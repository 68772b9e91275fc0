"""The bounded cache of table objects on this machine: Parquet segments, each made of the objects that one query found missing.

An object is known by bucket, key, ETag and the form it was read in; a changed object is another one. The least recently
used segments go when the cache is full.
"""

from __future__ import annotations

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

Writer = Callable[[duckdb.DuckDBPyConnection, list[Unpacked], Path], None]


@dataclass
class Segment:
    """One Parquet file: the objects in it by identity, with the first malformed line of each (None: all lines are good)."""

    path: Path
    objects: dict[int, str | None]
    keys: set[str]
    used: float = field(default_factory=time.monotonic)
    readers: int = 0


class Segments:
    """Finds or makes the segments that hold given objects. Safe for several queries at once."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects, self._folder = objects, folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._by_object: dict[int, Segment] = {}

    @contextmanager
    def holding(self, query: Query, wanted: list[S3Object], form: str, write: Writer) -> Iterator[list[Segment]]:
        """The segments with the wanted objects read in ``form``, kept from eviction while the context lasts."""
        identities = {item.identity(form): item for item in wanted}
        held = self._hold(identities)
        try:
            if any(identity not in segment_objects(held) for identity in identities):
                with self._building:
                    held += self._hold(identities, held)
                    present = segment_objects(held)
                    missing = {key: item for key, item in identities.items() if key not in present}
                    for batch in _batches(missing):
                        held.append(self._build(query, batch, write))
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
                segment.used = time.monotonic()
            return fresh

    def _build(self, query: Query, batch: dict[int, S3Object], write: Writer) -> Segment:
        name = uuid.uuid4().hex
        raw, target = self._folder / f"{name}.raw", self._folder / f"{name}.parquet"
        raw.mkdir()
        try:
            unpacked = [Unpacked(identity, raw / f"{identity}.json") for identity in batch]
            pairs = [(item, one.path) for item, one in zip(batch.values(), unpacked, strict=True)]
            for _ in self._objects.fetch(query, pairs, unpack=True):
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
                    segment.path.unlink()
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

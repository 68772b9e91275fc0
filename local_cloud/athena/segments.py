"""The bounded cache of table objects on this machine: segments, each made of the objects that one query found missing.

A segment is a Parquet file, or a folder of large objects whose plain lines are read as they are until they are packed
into Parquet too, after the query and beside everything else. An object is known by bucket, key, ETag and the form it was
read in; a changed object is another one. The least recently used segments go when the cache is full.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from local_cloud.athena.execution import Query
from local_cloud.athena.interruption import interrupter
from local_cloud.athena.normal_form import Unpacked, same_spelling
from local_cloud.athena.objects import Objects, S3Object
from local_cloud.athena.plain_lines import common_type
from local_cloud.athena.segment import Form, Segment, saved_segments

logger = logging.getLogger("local_cloud")

CACHE_BYTES = 2 * 1024**3
SEGMENT_RAW_BYTES = 256 * 1024**2
LEAST_LINES_BYTES = 1024**2  # opening a smaller file costs more than reading it
CHECKS_AT_ONCE = 2


class Segments:
    """Finds or makes the segments that hold given objects. Safe for several queries and callers at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._by_object = {key: segment for segment in saved_segments(folder) for key in segment.objects}
        self._replaced: list[Segment] = []
        self._packing = ThreadPoolExecutor(1, thread_name_prefix="packing", initializer=_give_way)

    def close(self) -> None:
        """Finish what is being packed."""
        self._packing.shutdown()

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
                    held += self._hold(identities.keys() - segment_objects(held))
                    present = segment_objects(held)
                    missing = {key: item for key, item in identities.items() if key not in present}
                    for batch in _batches(missing):
                        held += self._build(query, objects, batch, form)
            objects.require_readable(query, [item for key, item in identities.items() if key not in missing])
            yield held
        finally:
            self._release(held)
            for segment in held:
                if segment.holds_lines and not segment.packing:
                    segment.packing = True
                    self._packing.submit(self._pack_lines, segment, form)

    def _hold(self, identities: Iterable[int]) -> list[Segment]:
        with self._lock:
            found = {id(self._by_object[key]): self._by_object[key] for key in identities if key in self._by_object}
            for segment in found.values():
                segment.readers += 1
                segment.used = time.time()
                segment.contents.touch()
            return list(found.values())

    def _release(self, held: list[Segment]) -> None:
        with self._lock:
            for segment in held:
                segment.readers -= 1
            for segment in [segment for segment in self._replaced if not segment.readers]:
                self._replaced.remove(segment)
                segment.delete()
        self._evict()

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
        types = _common_types(items)
        segment = Segment(draft, {item.identity: None for item in items}, set(types), types)
        draft.mkdir()
        for item in items:
            item.path.replace(segment.lines_of(item.identity))
        return self._known(segment)

    def _pack(self, query: Query, items: list[Unpacked], form: Form, raw: Path) -> Segment:
        config = {"threads": 2, "memory_limit": "1GB", "temp_directory": str(raw), "preserve_insertion_order": False}
        with duckdb.connect(config=config) as connection:
            query.cancellation.on_cancel(interrupter(connection))
            return self._written(connection, items, form)

    def _pack_lines(self, segment: Segment, form: Form) -> None:
        """Put Parquet in the place of plain lines, for the queries to come; queries that read the lines keep them."""
        held = self._hold(segment.objects)
        if segment not in held:
            return self._release(held)
        try:
            items = [Unpacked(identity, segment.lines_of(identity), segment.types) for identity in segment.objects]
            room = {"memory_limit": "500MB", "temp_directory": str(self._folder / "packing.raw")}
            with duckdb.connect(config={"threads": 1, "preserve_insertion_order": False, **room}) as connection:
                packed = self._written(connection, items, form)
            with self._lock:
                self._replaced.append(segment)
            self._release([packed])
        except Exception:
            logger.exception("plain lines could not be packed; they are read as they are")
        finally:
            self._release([segment])

    def _written(self, connection: duckdb.DuckDBPyConnection, items: list[Unpacked], form: Form) -> Segment:
        target = self._folder / f"{uuid.uuid4().hex}.parquet"
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


def _give_way() -> None:
    """Let this thread work only while nobody else wants to; Linux alone knows the niceness of a thread."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


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


def _common_types(items: list[Unpacked]) -> dict[str, str]:
    """Every key of the plain lines, with the type that all its values can be read as."""
    found: dict[str, set[str]] = {}
    for item in items:
        for key, kind in (item.plain_keys or {}).items():
            found.setdefault(key, set()).add(kind)
    return {key: common_type(types) for key, types in found.items()}


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

"""Keep a bounded cache of table objects on this machine, in segments: the objects that one query found missing.

A segment is a Parquet file, or a folder of large objects whose plain lines are read where they are. An object is known by bucket,
key, ETag and the form it was read in; a changed object is another one. The least recently used segments go when the cache is full.
"""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb

from local_cloud.athena.statement.interruption import interrupter
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.normal_form import Unpacked
from local_cloud.athena.tables.objects import Objects, S3Object
from local_cloud.athena.tables.plain_lines import PlainLines, Wanted
from local_cloud.athena.tables.segment import Form, Segment

CACHE_BYTES = 2 * 1024**3
SEGMENT_RAW_BYTES = 512 * 1024**2
MIN_LINES_BYTES = 1024**2  # opening a smaller file costs more than reading it
PROVED_AT_ONCE = 2
ANY = Wanted()


class Segments:
    """Finds or makes the segments that hold given objects. Safe for several queries and callers at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)  # an earlier run's
        folder.mkdir(parents=True)
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._segments: list[Segment] = []
        self._by_object: dict[int, Segment] = {}

    @contextmanager
    def holding(
        self, query: Query, objects: Objects, items: list[S3Object], form: Form, wanted: Wanted = ANY
    ) -> Iterator[dict[int, Segment]]:
        """Give the segment of each object, by its identity, kept from eviction while the context lasts.

        ``wanted`` is what the query asks of the columns of the normal form.

        Raises:
            QueryFailedError: the caller whose ``objects`` they are may not read one of them.
        """
        identities = {item.identity(form.name): item for item in items}
        held: dict[int, Segment] = {}
        missing: dict[int, S3Object] = {}
        try:
            self._hold(held, identities, wanted)
            if held.keys() != identities.keys():
                with self._building:
                    self._hold(held, identities.keys() - held.keys(), wanted)
                    missing = {identity: item for identity, item in identities.items() if identity not in held}
                    for batch in _batches(missing):
                        self._build(held, query, objects, batch, form, wanted)
            objects.require_readable(query, [item for key, item in identities.items() if key not in missing])
            yield held
        finally:
            self._release(held)

    def _hold(self, held: dict[int, Segment], identities: Iterable[int], wanted: Wanted) -> None:
        with self._lock:
            known = ((identity, self._by_object.get(identity)) for identity in identities)
            found = {key: segment for key, segment in known if segment is not None and segment.has(key, wanted)}
            self._take(held, found)

    def _take(self, held: dict[int, Segment], found: dict[int, Segment]) -> None:
        for segment in found.values():
            segment.readers += 1
        for segment in {id(segment): segment for segment in found.values()}.values():
            segment.used = time.monotonic()
        held.update(found)

    def _release(self, held: dict[int, Segment]) -> None:
        with self._lock:
            for segment in held.values():
                segment.readers -= 1
            self._evict()

    def _build(
        self,
        held: dict[int, Segment],
        query: Query,
        objects: Objects,
        batch: dict[int, S3Object],
        form: Form,
        wanted: Wanted,
    ) -> None:
        raw = self._folder / f"{uuid.uuid4().hex}.raw"
        raw.mkdir()
        try:
            unpacked = _fetched(query, objects, batch, partial(self._proved, form, wanted), raw)
            if others := [item for item in unpacked if item.lines is None]:
                self._keep(held, self._packed(query, others, form, raw))
            if plain := {item: item.lines for item in unpacked if item.lines is not None}:
                self._keep(held, self._kept_lines(plain))
        finally:
            shutil.rmtree(raw, ignore_errors=True)

    def _proved(self, form: Form, wanted: Wanted, item: Unpacked) -> PlainLines | None:
        """Find the object's plain lines, exact in the columns that this query and earlier ones need as they were written."""
        if item.path.stat().st_size < MIN_LINES_BYTES:
            return None
        earlier = self._by_object.get(item.identity)
        if wanted.texts is not None and earlier is not None and item.identity in earlier.lines:
            wanted = replace(wanted, texts=wanted.texts | earlier.lines[item.identity].exact)
        return form.plain(item.path, wanted)

    def _kept_lines(self, items: dict[Unpacked, PlainLines]) -> Segment:
        path = self._folder / f"{uuid.uuid4().hex}.lines"
        lines = {item.identity: found for item, found in items.items()}
        segment = Segment(path, dict.fromkeys(lines), lines=lines)
        path.mkdir()
        for item in items:
            item.path.replace(segment.lines_of(item.identity))
        return segment

    def _packed(self, query: Query, items: list[Unpacked], form: Form, raw: Path) -> Segment:
        config = {"threads": 2, "memory_limit": "1GB", "temp_directory": str(raw), "preserve_insertion_order": False}
        target = self._folder / f"{uuid.uuid4().hex}.parquet"
        with duckdb.connect(config=config) as connection:
            query.cancellation.on_cancel(interrupter(connection))
            form.write(connection, items, target)
        malformed = {item.identity: item.malformed for item in items}
        return Segment(target, malformed, set().union(*(item.keys for item in items)))

    def _keep(self, held: dict[int, Segment], segment: Segment) -> None:
        with self._lock:
            self._segments.append(segment)
            self._by_object.update(dict.fromkeys(segment.objects, segment))
            self._take(held, dict.fromkeys(segment.objects, segment))

    def _evict(self) -> None:
        """Delete the segments that newer ones replace, then the least recently used while the cache is too full."""
        current = {id(segment) for segment in self._by_object.values()}
        total = sum(segment.size_bytes for segment in self._segments)
        for segment in sorted(self._segments, key=lambda found: (id(found) in current, found.used)):
            if segment.readers or (id(segment) in current and total <= CACHE_BYTES):
                continue
            total -= segment.size_bytes
            segment.delete()
            self._segments.remove(segment)
            self._by_object = {key: found for key, found in self._by_object.items() if found is not segment}


def _fetched(
    query: Query,
    objects: Objects,
    batch: dict[int, S3Object],
    proved: Callable[[Unpacked], PlainLines | None],
    folder: Path,
) -> list[Unpacked]:
    """Fetch the objects' texts. Each is searched for plain lines as soon as it has arrived, while others are fetched."""
    unpacked = [Unpacked(identity, folder / f"{identity}.json") for identity in batch]
    pairs = [(item, one.path) for item, one in zip(batch.values(), unpacked, strict=True)]
    with ThreadPoolExecutor(PROVED_AT_ONCE) as pool:
        fetched = objects.fetch(query, pairs, unpack=True)
        found = [pool.submit(proved, one) for one, _ in zip(unpacked, fetched, strict=True)]
        for one, lines in zip(unpacked, found, strict=True):
            one.lines = lines.result()
    return unpacked


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

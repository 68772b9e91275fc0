"""Keep Parquet objects, and others rewritten as Parquet, on this machine while queries read them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.objects import Objects, S3Object

CACHE_BYTES = 1024**3
_END_BYTES = 8  # behind the footer: its length and PAR1


@dataclass(frozen=True, slots=True)
class Columnar:
    """A form of objects: its name, and what makes a fetched file one of Parquet."""

    name: str
    rewrite: Callable[[S3Object, Path], None] = lambda *_: None


PARQUET = Columnar("parquet")


class ParquetFiles:
    """A bounded folder of objects, known by bucket, key and ETag."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for draft in set(folder.iterdir()) - set(folder.glob("*.parquet")):
            draft.unlink()
        self._lock = threading.Lock()
        self._readers: dict[Path, int] = {}

    @contextmanager
    def holding(
        self, query: Query, objects: Objects, wanted: list[S3Object], form: Columnar = PARQUET
    ) -> Iterator[dict[str, Path]]:
        """Give the local file of each object by its S3 path, kept while the context lasts.

        Raises:
            QueryFailedError: the caller whose ``objects`` they are may not read one of them.
        """
        files = {item.path: self._folder / f"{item.identity(form.name)}.parquet" for item in wanted}
        with self._lock:
            for path in files.values():
                self._readers[path] = self._readers.get(path, 0) + 1
        try:
            by_path = {item.path: item for item in wanted}
            missing = [(item, files[item.path]) for item in by_path.values() if not files[item.path].exists()]
            drafts = [(item, path.with_name(f"{path.name}.{query.execution_id}")) for item, path in missing]
            for _ in objects.fetch(query, drafts, unpack=False):
                pass
            fetched = {item.path for item, _ in missing}
            objects.require_readable(query, [item for item in by_path.values() if item.path not in fetched])
            for (item, draft), (_, path) in zip(drafts, missing, strict=True):
                form.rewrite(item, draft)
                draft.replace(path)
            for path in files.values():
                path.touch()
            yield files
        finally:
            self._release(files)

    def _release(self, files: dict[str, Path]) -> None:
        with self._lock:
            for path in files.values():
                self._readers[path] -= 1
                if not self._readers[path]:
                    del self._readers[path]
            kept = sorted(self._folder.glob("*.parquet"), key=lambda path: path.stat().st_mtime)
            total = sum(path.stat().st_size for path in kept)
            for path in kept:
                if total <= CACHE_BYTES:
                    return
                if path not in self._readers:
                    total -= path.stat().st_size
                    path.unlink()


def scanned_bytes(file: Path, columns: set[str]) -> int:
    """Count the bytes that a query reads of a Parquet file. They are its footer and the chunks of the named columns.

    Source: https://aws.amazon.com/athena/pricing/
    """
    footer = pq.read_metadata(file)
    paths = [f"{footer.schema.column(number).path.lower()}." for number in range(footer.num_columns)]
    read = [number for number, path in enumerate(paths) if any(path.startswith(f"{name}.") for name in columns)]
    groups = map(footer.row_group, range(footer.num_row_groups))
    chunks = sum(group.column(number).total_compressed_size for group in groups for number in read)
    return int(footer.serialized_size + _END_BYTES + chunks)

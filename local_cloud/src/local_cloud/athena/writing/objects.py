"""Write the objects of a statement: rows to files, files to S3, and the manifest of what was written."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from local_cloud.athena.catalog.glue import Catalog, GlueTable
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.selection.selector import Selection, translated_errors
from local_cloud.athena.statement import denials
from local_cloud.athena.statement.locations import split_location
from local_cloud.athena.statement.query import Query
from local_cloud.athena.types import Type
from local_cloud.athena.writing.files import Target, write_files
from local_cloud.clients import Clients


class WrittenObjects:
    """Writes objects with the caller's clients; ``folder`` holds the files on their way."""

    def __init__(self, clients: Clients, folder: Path) -> None:
        self._clients, self._folder = clients, folder

    def scratch_of(self, query: Query) -> Path:
        """Return the folder that DuckDB writes a query's files to."""
        return self._folder / query.execution_id

    def require_empty(self, location: str) -> None:
        bucket, prefix = split_location(location)
        s3 = self._clients.client("s3")
        with denials.reading(location):
            found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        if found.get("KeyCount"):
            raise QueryFailedError("HIVE_PATH_ALREADY_EXISTS", f"Target directory for table already exists: {location}")

    def write(self, query: Query, selection: Selection, target: Target, columns: list[tuple[str, Type]]) -> list[str]:
        """Write the rows and return the objects' locations."""
        with self._scratch(query) as scratch:
            with translated_errors(selection):
                query.written_rows = write_files(selection, target, columns, scratch)
            return [self._put(query, target, scratch, path) for path in sorted(scratch.rglob("*")) if path.is_file()]

    @contextmanager
    def _scratch(self, query: Query) -> Iterator[Path]:
        path = self.scratch_of(query)
        path.mkdir(parents=True)
        try:
            yield path
        finally:
            shutil.rmtree(path)

    def _put(self, query: Query, target: Target, scratch: Path, path: Path) -> str:
        folder = path.parent.relative_to(scratch).as_posix()
        folder = "" if folder == "." else folder + "/"
        name = f"{query.execution_id}_{uuid.uuid4()}"
        if target.buckets:  # a name by which Trino's Hive connector knows buckets
            name = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_00000_{query.execution_id[:5]}_{path.name}"
        location = f"{target.location}{folder}{name}{target.extension}"
        bucket, key = split_location(location)
        with denials.reading(location), path.open("rb") as file:
            self._clients.client("s3").put_object(Bucket=bucket, Key=key, Body=file)
        return location

    def manifest(self, query: Query, written: list[str]) -> None:
        """List the written objects beside the query's result; where Athena keeps results itself, there is no such place."""
        if not query.output_folder:
            return
        query.manifest_location = f"{query.output_location}-manifest.csv"
        bucket, key = split_location(query.manifest_location)
        body = "".join(f"{path}\n" for path in written).encode()
        with denials.writing_output(query.manifest_location):
            self._clients.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def add_partitions(catalog: Catalog, table: GlueTable, written: list[str]) -> None:
    """Register the partitions that the written objects are in."""
    found = {}
    for path in written:
        folder = path.rpartition("/")[0] + "/"
        parts = [part for part in folder.removeprefix(table.location.rstrip("/") + "/").split("/") if part]
        found[tuple(unquote(part.partition("=")[2]) for part in parts)] = folder
    catalog.add_partitions(table, list(found.items()))

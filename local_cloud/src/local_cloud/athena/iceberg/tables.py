"""Read and write Iceberg tables through PyIceberg and the Glue catalog: any snapshot, with deletes applied.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.schema import Schema, index_by_id
from pyiceberg.table import DataScan, FileScanTask, Table
from pyiceberg.types import NestedField

from local_cloud.athena import quoting
from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.iceberg.files import are_plain, columns_sql, parquet_sql, shared_columns
from local_cloud.athena.iceberg.metadata import metadata_rows, partition_columns
from local_cloud.athena.iceberg.row_filter import row_filter
from local_cloud.athena.iceberg.transforms import use_own_transforms
from local_cloud.athena.iceberg.types import trino_type
from local_cloud.athena.sql.model import PATH_COLUMN, Scan
from local_cloud.athena.statement.denials import by_file_system
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.objects import Objects
from local_cloud.athena.tables.parquet_files import ParquetFiles
from local_cloud.athena.types import Type
from local_cloud.clients import Clients
from local_cloud.config import CloudConfig

use_own_transforms()


class IcebergTables:
    """Loads Iceberg tables of one cloud with the permissions of the owner of ``clients``."""

    def __init__(self, config: CloudConfig, clients: Clients, objects: Objects, parquet: ParquetFiles) -> None:
        self._clients, keys = clients, clients.keys
        self._objects, self._parquet = objects, parquet
        self._properties = {"s3.force-virtual-addressing": "false"}
        for service in ("glue", "s3"):
            self._properties |= {
                f"{service}.endpoint": config.endpoint,
                f"{service}.region": config.region,
                f"{service}.access-key-id": keys["aws_access_key_id"],
                f"{service}.secret-access-key": keys["aws_secret_access_key"],
            }
            if token := keys.get("aws_session_token"):
                self._properties[f"{service}.session-token"] = token

    def catalog(self) -> GlueCatalog:
        """Return a catalog around the caller's own client, because making a client costs more than all calls of a query."""
        return GlueCatalog("awsdatacatalog", client=self._clients.client("glue"), **self._properties)

    def load(self, table: GlueTable) -> Table:
        """Return the table as it is now.

        Raises:
            QueryFailedError: its metadata cannot be read, or the caller may not read it.
        """
        try:
            return self.catalog().load_table((table.database, table.name))
        except (OSError, ValueError, KeyError) as error:
            if isinstance(error, OSError) and (denial := by_file_system(error)):
                raise denial from error
            raise QueryFailedError(
                "ICEBERG_BAD_DATA", f"Failed to load the metadata of table {table.database}.{table.name}"
            ) from error

    def columns(self, table: GlueTable, version: tuple[str, Any] | None) -> list[tuple[str, Type]]:
        """Return names and types in the schema that the version was written with."""
        loaded = self.load(table)
        snapshot = _snapshot(loaded, version)
        schema = loaded.schema()
        if version is not None and snapshot is not None:
            written = next((item for item in loaded.snapshots() if item.snapshot_id == snapshot), None)
            schema = (
                loaded.schemas().get(written.schema_id, schema)
                if written is not None and written.schema_id is not None
                else schema
            )
        return [(field.name.lower(), trino_type(field.field_type)) for field in schema.fields]

    def partition_columns(self, table: GlueTable) -> list[tuple[str, Type]]:
        """Return names and types of the table's metadata table ``$partitions``."""
        return partition_columns(self.load(table))

    def bring(self, query: Query, scan: Scan, connection: duckdb.DuckDBPyConnection, holding: ExitStack) -> list[Path]:
        """Make the scan's table known to the connection in columns ``c0``, ``c1``, …. Return the files that it is read from.

        Columns that are not needed may be NULL.
        """
        loaded = self.load(scan.table)
        if scan.metadata is not None:
            connection.register(f"{scan.view}_rows", metadata_rows(loaded, scan.metadata))
            _show(scan, connection, {name for name, _ in scan.columns}, f"{scan.view}_rows")
            return []
        found = loaded.scan(snapshot_id=_snapshot(loaded, scan.version))
        found = found.filter(row_filter(found.projection(), scan.demands))
        if files := self._files(query, loaded, found, scan, holding):
            present, copies = files
            source, path = parquet_sql([*copies.values()]), "NULL"
            if PATH_COLUMN in scan.needed:
                names = pa.table({"path": [*copies], "file": [str(file) for file in copies.values()]})
                connection.register(f"{scan.view}_paths", names)
                source, path = f'{source} t JOIN {scan.view}_paths p ON t."$file" = p.file', "p.path"
            _show(scan, connection, present, source, path)
            return [*copies.values()]
        read = self._copied(loaded, found, scan, connection)
        _show(scan, connection, read, f"{scan.view}_rows", quoting.name(PATH_COLUMN))
        return []

    def _files(
        self, query: Query, loaded: Table, found: DataScan, scan: Scan, holding: ExitStack
    ) -> tuple[set[str], dict[str, Path]] | None:
        """Return the columns of the data files, and by path the files on this machine. None: they cannot be read as they are."""
        schema, tasks = found.projection(), list(found.plan_files())
        needed = [field for field in schema.fields if field.name.lower() in scan.needed]
        for task in tasks:
            query.scanned(scanned_bytes(task, needed))
        query.cancellation.check()
        if not are_plain(schema, tasks):
            return None
        objects = self._objects.described(query, [task.file.file_path for task in tasks])
        files = holding.enter_context(self._parquet.holding(query, self._objects, objects))
        sources = {field.source_id for spec in loaded.specs().values() for field in spec.fields}
        present = shared_columns(schema, files.values(), sources)
        return None if present is None else (present, files)

    @staticmethod
    def _copied(loaded: Table, found: DataScan, scan: Scan, connection: duckdb.DuckDBPyConnection) -> set[str]:
        """Read the needed columns, their names in lower case; the first column when none is needed."""
        fields = found.projection().fields
        read = [field.name for field in fields if field.name.lower() in scan.needed] or [fields[0].name]
        rows = f"{scan.view}_rows"
        connection.register(f"{scan.view}_batches", found.select(*read).to_arrow_batch_reader())
        connection.execute(
            f'CREATE TEMP TABLE {rows} AS SELECT *, CAST(NULL AS VARCHAR) AS "$path" FROM {scan.view}_batches'
        )
        connection.unregister(f"{scan.view}_batches")
        if PATH_COLUMN in scan.needed:
            connection.execute(f"DELETE FROM {rows}")
            for path, batch in _with_paths(loaded, found.select(*read)):
                connection.register(f"{scan.view}_batches", pa.Table.from_batches([batch]))
                connection.execute(f"INSERT INTO {rows} SELECT *, {quoting.text(path)} FROM {scan.view}_batches")
                connection.unregister(f"{scan.view}_batches")
        return {name.lower() for name in read}


def _with_paths(loaded: Table, found: DataScan) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the rows of each data file with its path."""
    reading = ArrowScan(loaded.metadata, loaded.io, found.projection(), found.row_filter, found.case_sensitive)
    for task in found.plan_files():
        for batch in reading.to_record_batches([task]):
            yield task.file.file_path, batch


def _show(
    scan: Scan, connection: duckdb.DuckDBPyConnection, present: set[str], source: str, path: str = "NULL"
) -> None:
    rows = columns_sql(scan.columns, present, source, path)
    connection.execute(f"CREATE TEMP VIEW {scan.view} AS {rows}")


def scanned_bytes(task: FileScanTask, needed: list[NestedField]) -> int:
    """Count the bytes that a query reads of a data file and its delete files. Columns that are not needed do not count.

    Chunks whose sizes the manifest does not have count as read.
    """
    kept, chunks = index_by_id(Schema(*needed)), task.file.column_sizes or {}
    left_out = sum(size for number, size in chunks.items() if number not in kept)
    deletes = sum(file.file_size_in_bytes for file in task.delete_files)
    return int(task.file.file_size_in_bytes - left_out + deletes)


def _snapshot(loaded: Table, version: tuple[str, Any] | None) -> int | None:
    """Return the id of the snapshot that a version means; None: the current one."""
    if version is None:
        return None
    kind, value = version
    if kind == "VERSION":
        if isinstance(value, str):
            found = loaded.snapshot_by_name(value)
            if found is None:
                raise QueryFailedError("INVALID_ARGUMENTS", f"Cannot find snapshot with reference name: {value}")
            return int(found.snapshot_id)
        if loaded.snapshot_by_id(value) is None:
            raise QueryFailedError("INVALID_ARGUMENTS", f"Iceberg snapshot ID does not exists: {value}")
        return int(value)
    milliseconds = round(value.timestamp() * 1000)
    entries = [entry for entry in loaded.history() if entry.timestamp_ms <= milliseconds]
    if not entries:
        raise QueryFailedError(
            "INVALID_ARGUMENTS",
            f"No version history table {'.'.join(loaded.name())} at or before {value:%Y-%m-%dT%H:%M:%SZ}",
        )
    return int(max(entries, key=lambda entry: entry.timestamp_ms).snapshot_id)

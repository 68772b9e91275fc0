"""Read and write Iceberg tables through PyIceberg and the Glue catalog: any snapshot, with deletes applied.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.schema import Schema, index_by_id
from pyiceberg.table import DataScan, FileScanTask, Table
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)  # fmt: skip

from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.iceberg.files import are_plain, columns_sql, parquet_sql, shared_columns
from local_cloud.athena.iceberg.row_filter import row_filter
from local_cloud.athena.iceberg.types import iceberg_type
from local_cloud.athena.sql.model import Scan
from local_cloud.athena.sql.queries.iceberg_metadata import METADATA_COLUMNS
from local_cloud.athena.statement.denials import by_file_system
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.objects import Objects
from local_cloud.athena.tables.parquet_files import ParquetFiles
from local_cloud.athena.types import Type, array, decimal, mapping, parse_type, row, timestamp_with_zone
from local_cloud.clients import Clients
from local_cloud.config import CloudConfig

_SIMPLE = {
    BooleanType: "boolean", IntegerType: "integer", LongType: "bigint", FloatType: "real", DoubleType: "double",
    StringType: "varchar", DateType: "date", BinaryType: "varbinary", FixedType: "varbinary", UUIDType: "varchar",
}  # fmt: skip


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

    def add_columns(self, table: GlueTable, columns: list[tuple[str, str]]) -> None:
        """Add columns of Hive types after the others; they are NULL in the existing rows.

        Raises:
            QueryFailedError: the table has such a column, or Iceberg no such type.
        """
        loaded = self.load(table)
        present = {field.name.lower() for field in loaded.schema().fields}
        with loaded.update_schema() as change:
            for name, kind in columns:
                if name in present:
                    raise QueryFailedError("COLUMN_ALREADY_EXISTS", f"line 1:1: Column '{name}' already exists")
                change.add_column(name, iceberg_type(parse_type(kind), count(1)))  # it numbers the fields itself
                present.add(name)

    def bring(self, query: Query, scan: Scan, connection: duckdb.DuckDBPyConnection, holding: ExitStack) -> list[Path]:
        """Make the scan's table known to the connection in columns ``c0``, ``c1``, …. Return the files that it is read from.

        Columns that are not needed may be NULL.
        """
        loaded = self.load(scan.table)
        if scan.metadata is not None:
            connection.register(f"{scan.view}_rows", _metadata_rows(loaded, scan.metadata))
            _show(scan, connection, columns_sql(scan.columns, {name for name, _ in scan.columns}, f"{scan.view}_rows"))
            return []
        found = loaded.scan(snapshot_id=_snapshot(loaded, scan.version))
        found = found.filter(row_filter(found.projection(), scan.demands))
        if files := self._files(query, loaded, found, scan, holding):
            present, paths = files
            _show(scan, connection, columns_sql(scan.columns, present, parquet_sql(paths)))
            return paths
        read = self._copied(found, scan, connection)
        _show(scan, connection, columns_sql(scan.columns, read, f"{scan.view}_rows"))
        return []

    def _files(
        self, query: Query, loaded: Table, found: DataScan, scan: Scan, holding: ExitStack
    ) -> tuple[set[str], list[Path]] | None:
        """Return the columns of the data files, and the files on this machine. None: they cannot be read as they are."""
        schema, tasks = found.projection(), list(found.plan_files())
        needed = [field for field in schema.fields if field.name.lower() in scan.needed]
        for task in tasks:
            query.scanned(scanned_bytes(task, needed))
        query.cancellation.check()
        if not are_plain(schema, tasks):
            return None
        objects = self._objects.described(query, [task.file.file_path for task in tasks])
        files = list(holding.enter_context(self._parquet.holding(query, self._objects, objects)).values())
        sources = {field.source_id for spec in loaded.specs().values() for field in spec.fields}
        present = shared_columns(schema, files, sources)
        return None if present is None else (present, files)

    @staticmethod
    def _copied(found: DataScan, scan: Scan, connection: duckdb.DuckDBPyConnection) -> set[str]:
        """Read the needed columns, their names in lower case; the first column when none is needed."""
        fields = found.projection().fields
        read = [field.name for field in fields if field.name.lower() in scan.needed] or [fields[0].name]
        reader = found.select(*read).to_arrow_batch_reader()
        connection.register(f"{scan.view}_batches", reader)
        connection.execute(f"CREATE TEMP TABLE {scan.view}_rows AS SELECT * FROM {scan.view}_batches")
        connection.unregister(f"{scan.view}_batches")
        return {name.lower() for name in read}


def _show(scan: Scan, connection: duckdb.DuckDBPyConnection, rows: str) -> None:
    connection.execute(
        f'CREATE TEMP VIEW {scan.view} AS SELECT *, CAST(NULL AS VARCHAR) AS "$path" FROM ({rows}) shown'
    )


def scanned_bytes(task: FileScanTask, needed: list[NestedField]) -> int:
    """Count the bytes that a query reads of a data file and its delete files. Columns that are not needed do not count.

    Chunks whose sizes the manifest does not have count as read.
    """
    kept, chunks = index_by_id(Schema(*needed)), task.file.column_sizes or {}
    left_out = sum(size for number, size in chunks.items() if number not in kept)
    deletes = sum(file.file_size_in_bytes for file in task.delete_files)
    return int(task.file.file_size_in_bytes - left_out + deletes)


def trino_type(kind: Any) -> Type:
    """Return the Trino type of an Iceberg type."""
    if type(kind) in _SIMPLE:
        return Type(_SIMPLE[type(kind)])
    if isinstance(kind, DecimalType):
        return decimal(kind.precision, kind.scale)
    if isinstance(kind, TimestampType):
        return Type("timestamp", (6,))
    if isinstance(kind, TimestamptzType):
        return timestamp_with_zone(6)
    if isinstance(kind, TimeType):
        return Type("time", (6,))
    if isinstance(kind, ListType):
        return array(trino_type(kind.element_type))
    if isinstance(kind, MapType):
        return mapping(trino_type(kind.key_type), trino_type(kind.value_type))
    if isinstance(kind, StructType):
        return row([(field.name, trino_type(field.field_type)) for field in kind.fields])
    raise not_supported(f"An Iceberg column of type {kind}")


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


def _metadata_rows(loaded: Table, name: str) -> pa.Table:
    columns = [column for column, _ in METADATA_COLUMNS[name]]
    if name == "history":
        return _history(loaded)
    if name == "files":
        current = loaded.current_snapshot()
        if current is None or not current.manifests(loaded.io):
            return _no_files()
        return loaded.inspect.files().select(columns)
    table = loaded.inspect.snapshots()
    return table.select(columns).set_column(0, "committed_at", table["committed_at"].cast(pa.timestamp("ms", "UTC")))


def _no_files() -> pa.Table:
    kinds = {"integer": pa.int32(), "bigint": pa.int64(), "varchar": pa.string()}
    return pa.table({column: pa.array([], kinds[kind.name]) for column, kind in METADATA_COLUMNS["files"]})


def _history(loaded: Table) -> pa.Table:
    parents = {item.snapshot_id: item.parent_snapshot_id for item in loaded.snapshots()}
    current = loaded.current_snapshot()
    ancestors, walked = set(), current.snapshot_id if current is not None else None
    while walked is not None and walked not in ancestors:
        ancestors.add(walked)
        walked = parents.get(walked)
    entries = loaded.history()
    return pa.table({
        "made_current_at": pa.array([datetime.fromtimestamp(entry.timestamp_ms / 1000, UTC) for entry in entries], pa.timestamp("ms", "UTC")),
        "snapshot_id": pa.array([entry.snapshot_id for entry in entries], pa.int64()),
        "parent_id": pa.array([parents.get(entry.snapshot_id) for entry in entries], pa.int64()),
        "is_current_ancestor": pa.array([entry.snapshot_id in ancestors for entry in entries], pa.bool_()),
    })  # fmt: skip

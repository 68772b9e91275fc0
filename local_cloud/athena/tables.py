"""Glue tables as relations that DuckDB can read: partitions chosen, objects fetched, fields decoded as the SerDe says."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from local_cloud.athena import quoting, serde
from local_cloud.athena.catalog import Catalog, GlueTable, Partition
from local_cloud.athena.delimited import write_delimited_segment
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.execution import Query
from local_cloud.athena.normal_form import OBJECT_COLUMN, column_name, write_json_segment
from local_cloud.athena.objects import Objects, S3Object
from local_cloud.athena.parquet_files import ParquetFiles, scanned_bytes
from local_cloud.athena.plain_lines import plain_keys
from local_cloud.athena.projection import projected_partitions
from local_cloud.athena.segment import Form, Segment
from local_cloud.athena.segments import Segments
from local_cloud.athena.sql.arrow_rows import held
from local_cloud.athena.sql.model import PATH_COLUMN
from local_cloud.athena.types import VARCHAR, duckdb_name, parse_type

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

PartitionFilter = Callable[[list[tuple[str, ...]]], list[bool]]
"""Given the text values of partitions, which of them the query can need."""


@dataclass(frozen=True, slots=True)
class Relation:
    """SQL that yields a table's columns under their names and ``$path``, and the files it reads."""

    sql: str
    files: list[Path]


class TableReader:
    """Makes relations of Glue tables for one caller; the copies of objects behind it are shared."""

    def __init__(self, catalog: Catalog, objects: Objects, segments: Segments, parquet: ParquetFiles) -> None:
        self._catalog, self._objects, self._segments, self._parquet = catalog, objects, segments, parquet

    def relation(
        self,
        query: Query,
        table: GlueTable,
        needed: set[str],
        connection: duckdb.DuckDBPyConnection,
        keep: PartitionFilter,
        holding: ExitStack,
    ) -> Relation:
        """The table's rows in the partitions that ``keep`` lets through; its files stay until ``holding`` is closed.

        Of ``needed`` columns alone the bytes of Parquet count as scanned.

        Raises:
            QueryFailedError: the table cannot be read, or a line of it is malformed and its SerDe does not ignore that.
        """
        partitions = self.partitions(table, keep)
        listings = self._objects.list_all([partition.location for partition in partitions])
        rows = [(item, partition) for partition, items in zip(partitions, listings, strict=True) for item in items]
        if not rows:
            return Relation(_empty(table), [])
        wanted = [item for item, _ in rows]
        if table.serde == serde.PARQUET:
            files = holding.enter_context(self._parquet.holding(query, self._objects, wanted))
            names = needed.intersection(column.name for column in table.columns)
            sizes = {path: scanned_bytes(file, names) for path, file in files.items()}
            query.scanned(sum(sizes[item.path] for item in wanted))
            return Relation(
                _parquet_sql(table, _register(connection, table, rows, "parquet", files), list(files.values())),
                list(files.values()),
            )
        query.scanned(sum(item.size for item in wanted))
        form = _form(table)
        segments = holding.enter_context(self._segments.holding(query, self._objects, wanted, form))
        _refuse_malformed(table, rows, segments, form.name)
        lines = _line_files(rows, segments, form.name)
        registered = _register(connection, table, rows, form.name, lines)
        packed = [segment.path for segment in segments if not segment.holds_lines]
        return Relation(_segments_sql(table, registered, segments, lines), [*packed, *lines.values()])

    def partitions(self, table: GlueTable, keep: PartitionFilter) -> list[Partition]:
        """The partitions to read; one without values stands for a table that has no partition keys."""
        if not table.partition_keys:
            return [Partition((), table.location, table.descriptor)]
        if serde.is_true(table.parameters, "projection.enabled", default=False):
            return projected_partitions(table, keep)
        found = self._catalog.partitions(table)
        return list(itertools.compress(found, keep([partition.values for partition in found])))


def _form(table: GlueTable) -> Form:
    """The normal form that the table's objects are read in."""
    if table.serde in serde.JSON_SERDES:
        ignore_case = _ignore_case(table)
        return Form(f"json:{ignore_case}", partial(write_json_segment, ignore_case=ignore_case), plain_keys)
    if table.serde in {serde.OPEN_CSV, serde.LAZY_SIMPLE}:
        width = len(table.columns)
        options = {
            **table.serde_parameters,
            "skip.header.line.count": table.parameters.get("skip.header.line.count", "0"),
        }
        write = partial(write_delimited_segment, library=table.serde, options=options, width=width)
        return Form(f"{table.serde}:{width}:{sorted(options.items())}", write)
    raise not_supported(f"The SerDe '{table.serde}' of table {table.database}.{table.name}")


def _ignore_case(table: GlueTable) -> bool:
    return table.serde != serde.OPENX_JSON or serde.is_true(table.serde_parameters, "case.insensitive", default=True)


def _refuse_malformed(
    table: GlueTable, rows: list[tuple[S3Object, Partition]], segments: list[Segment], form: str
) -> None:
    if serde.is_true(table.serde_parameters, "ignore.malformed.json", default=False):
        return
    malformed = {key: reason for segment in segments for key, reason in segment.objects.items() if reason}
    for item, _ in rows:
        reason = malformed.get(item.identity(form))
        if reason:
            name = "HIVE_CURSOR_ERROR" if table.serde == serde.OPENX_JSON else "HIVE_BAD_DATA"
            raise QueryFailedError(name, f"{reason}. This happened in {item.path}")


def _register(
    connection: duckdb.DuckDBPyConnection,
    table: GlueTable,
    rows: list[tuple[S3Object, Partition]],
    form: str,
    files: dict[str, Path],
) -> str:
    """A small table of the objects with their partition's values; its name."""
    name = f"objects_{uuid.uuid4().hex}"
    columns = {
        "identity": pa.array([item.identity(form) for item, _ in rows], pa.int64()),
        "path": pa.array([item.path for item, _ in rows], pa.string()),
        "file": pa.array([str(files.get(item.path, "")) for item, _ in rows], pa.string()),
    }
    for index, _ in enumerate(table.partition_keys):
        values = [partition.values[index] for _, partition in rows]
        columns[f"p{index}"] = pa.array([None if value == NULL_PARTITION else value for value in values], pa.string())
    connection.register(name, pa.table(columns))
    return name


def _line_files(rows: list[tuple[S3Object, Partition]], segments: list[Segment], form: str) -> dict[str, Path]:
    """The files of plain lines by the S3 path of their object."""
    segment_of = {identity: segment for segment in segments if segment.holds_lines for identity in segment.objects}
    found = ((item, item.identity(form)) for item, _ in rows)
    return {item.path: segment_of[identity].lines_of(identity) for item, identity in found if identity in segment_of}


def _segments_sql(table: GlueTable, objects: str, segments: list[Segment], lines: dict[str, Path]) -> str:
    packed = [segment for segment in segments if not segment.holds_lines]
    parts = [_packed_sql(table, objects, packed)] if packed else []
    wanted = set(lines.values())
    for segment in segments:
        files = [segment.lines_of(identity) for identity in segment.objects] if segment.holds_lines else []
        if chosen := sorted(wanted.intersection(files)):
            parts.append(_lines_sql(table, objects, segment, chosen))
    return " UNION ALL ".join(parts)


def _packed_sql(table: GlueTable, objects: str, segments: list[Segment]) -> str:
    present = {key: key for segment in segments for key in segment.keys}
    files = quoting.paths([segment.path for segment in segments])
    return f'SELECT {_chosen(table, present)} FROM read_parquet({files}, union_by_name = true) t JOIN {objects} o ON t."{OBJECT_COLUMN}" = o.identity'


def _lines_sql(table: GlueTable, objects: str, segment: Segment, files: list[Path]) -> str:
    present = {column_name(key, ignore_case=_ignore_case(table)): key for key in segment.keys}
    types = _read_types(table, present, segment.types)
    columns = ", ".join(f"{quoting.text(key)}: '{types[key]}'" for key in sorted(types))
    return (
        f"SELECT {_chosen(table, present, types)} FROM read_json({quoting.paths(files)}, format = 'newline_delimited', records = true, "
        f"columns = {{{columns}}}, filename = '$file') t JOIN {objects} o ON t.\"$file\" = o.file"
    )


def _read_types(table: GlueTable, present: dict[str, str], proven: dict[str, str]) -> dict[str, str]:
    """The DuckDB type that each key of plain lines is read as: a number's where every column of the key takes that."""
    types = dict(proven)
    for column in table.columns:
        source = _source(table, present, column.name)
        if source is not None and not serde.takes_number(types[source], column.type):
            types[source] = "VARCHAR"
    return types


def _chosen(table: GlueTable, present: dict[str, str], types: dict[str, str] | None = None) -> str:
    """SQL of every column; ``present`` says how the source names each column of the normal form, ``types`` what is no text."""
    columns = []
    for index, column in enumerate(table.columns):
        source = _source(table, present, column.name if table.serde in serde.JSON_SERDES else f"c{index}")
        value = f"t.{quoting.name(source)}" if source is not None else "CAST(NULL AS VARCHAR)"
        is_number = source is not None and types is not None and types[source] != "VARCHAR"
        decoded = (serde.decoded_number if is_number else serde.decoded)(value, column.type, index)
        columns.append(f"{decoded} AS {quoting.name(column.name)}")
    return ", ".join([*columns, *_partition_columns(table), f"o.path AS {quoting.name(PATH_COLUMN)}"])


def _source(table: GlueTable, present: dict[str, str], name: str) -> str | None:
    """What a column is read from, by the source's name; None when the source has nothing of it."""
    if table.serde not in serde.JSON_SERDES:
        return present.get(name)
    key = serde.json_key(table.serde_parameters, name) if table.serde == serde.OPENX_JSON else name
    found = column_name(key, ignore_case=_ignore_case(table))
    if found not in present and serde.is_true(table.serde_parameters, "dots.in.keys", default=False):
        found = next((item for item in sorted(present) if "." in item and item.replace(".", "_") == name), found)
    return present.get(found)


def _partition_columns(table: GlueTable) -> list[str]:
    return [
        f"{partition_value(f'o.p{index}', column.name, column.hive_type)} AS {quoting.name(column.name)}"
        for index, column in enumerate(table.partition_keys)
    ]


def partition_value(source: str, name: str, hive_type: str) -> str:
    """SQL for the typed value of a partition's text."""
    kind = parse_type(hive_type)
    if kind.is_text:
        return source
    bad = quoting.fail(
        "HIVE_INVALID_PARTITION_VALUE",
        f"'Invalid partition value ''' || {source} || ''' for {kind} partition key: {name}'",
    )
    return f"CASE WHEN {source} IS NULL THEN NULL ELSE coalesce(TRY_CAST({source} AS {duckdb_name(kind)}), {bad}) END"


def _parquet_sql(table: GlueTable, objects: str, files: list[Path]) -> str:
    present = duckdb.execute(f"SELECT name FROM parquet_schema({quoting.paths(files)})").fetchall()
    names = {name.lower() for (name,) in present}
    columns = [
        f"{held(f't.{quoting.name(column.name)}', column.type) if column.name in names else f'CAST(NULL AS {duckdb_name(column.type)})'} AS {quoting.name(column.name)}"
        for column in table.columns
    ]
    chosen = ", ".join([*columns, *_partition_columns(table), f"o.path AS {quoting.name(PATH_COLUMN)}"])
    return f"SELECT {chosen} FROM read_parquet({quoting.paths(files)}, union_by_name = true, filename = '$file') t JOIN {objects} o ON t.\"$file\" = o.file"


def _empty(table: GlueTable) -> str:
    columns = [
        *((column.name, column.type) for column in [*table.columns, *table.partition_keys]),
        (PATH_COLUMN, VARCHAR),
    ]
    chosen = ", ".join(f"CAST(NULL AS {duckdb_name(kind)}) AS {quoting.name(name)}" for name, kind in columns)
    return f"SELECT {chosen} WHERE false"

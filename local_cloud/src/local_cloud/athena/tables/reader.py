"""Make relations of Glue tables that DuckDB can read: choose partitions, fetch objects, decode fields by the SerDe."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from local_cloud.athena import quoting
from local_cloud.athena.catalog.glue import Catalog, GlueTable, Partition
from local_cloud.athena.catalog.projection import PartitionFilter, projected_partitions
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.sql.model import PATH_COLUMN
from local_cloud.athena.sql.values.arrow_rows import held
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables import buckets, columnar, lazy_simple, plain_lines, serde
from local_cloud.athena.tables.delimited import write_delimited_segment
from local_cloud.athena.tables.normal_form import OBJECT_COLUMN, column_name, plain_rows, write_json_segment
from local_cloud.athena.tables.objects import Objects, S3Object
from local_cloud.athena.tables.parquet_files import ParquetFiles
from local_cloud.athena.tables.partition_values import partition_texts, partition_value
from local_cloud.athena.tables.plain_lines import Wanted, can_be_numbers
from local_cloud.athena.tables.segment import Form, Segment
from local_cloud.athena.tables.segments import Segments
from local_cloud.athena.types import VARCHAR, Type, duckdb_name


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
        wanted: PartitionFilter,
        holding: ExitStack,
    ) -> Relation:
        """Return the table's rows in the partitions that are ``wanted``. Its files stay until ``holding`` is closed.

        Of ``needed`` columns alone values are looked up, and bytes of Parquet count as scanned.

        Raises:
            QueryFailedError: the table cannot be read, or a line of it is malformed and its SerDe does not ignore that.
        """
        partitions = self.partitions(table, wanted)
        found = self._objects.list_all([partition.location for partition in partitions])
        listings = [buckets.kept(table, wanted.values, items) for items in found]
        rows = [(item, partition) for partition, items in zip(partitions, listings, strict=True) for item in items]
        if not rows:
            return Relation(_empty(table), [])
        if (form := columnar.form_of(table)) is not None:
            items = [item for item, _ in rows]
            files = holding.enter_context(self._parquet.holding(query, self._objects, items, form))
            return _parquet_relation(query, table, needed, connection, rows, files)
        return self._lines_relation(query, table, needed, connection, rows, holding)

    def _lines_relation(
        self,
        query: Query,
        table: GlueTable,
        needed: set[str],
        connection: duckdb.DuckDBPyConnection,
        rows: list[tuple[S3Object, Partition]],
        holding: ExitStack,
    ) -> Relation:
        wanted = [item for item, _ in rows]
        query.scanned(sum(item.size for item in wanted))
        form, asked = _form(table), _asked(table, needed)
        segments = holding.enter_context(self._segments.holding(query, self._objects, wanted, form, asked))
        _refuse_malformed(table, rows, segments, form.name)
        packed = list({id(found): found for found in segments.values() if not found.holds_lines}.values())
        plain = {identity: found for identity, found in segments.items() if found.holds_lines}
        told_apart = bool(packed) or len(plain) < len(rows) or not needed.isdisjoint(_of_objects(table))
        registered = _register(connection, table, rows, form.name, {}) if told_apart else None
        numbers = {} if packed else _numbers(plain, asked)
        sources = [*([_packed(packed)] if packed else []), *_lines(plain, numbers, told_apart=told_apart)]
        files = [segment.lines_of(identity) for identity, segment in plain.items()]
        return Relation(
            _source_sql(table, registered, sources, numbers), [*(segment.path for segment in packed), *files]
        )

    def partitions(self, table: GlueTable, wanted: PartitionFilter) -> list[Partition]:
        """Return the partitions to read; one without values stands for a table that has no partition keys."""
        if not table.partition_keys:
            return [Partition((), table.location, table.descriptor)]
        if serde.is_true(table.parameters, "projection.enabled", default=False):
            return projected_partitions(table, wanted)
        found = self._catalog.partitions(table, wanted.expression)
        return list(itertools.compress(found, wanted.keep([partition.values for partition in found])))


def _form(table: GlueTable) -> Form:
    """Return the normal form that the table's objects are read in."""
    if table.serde in serde.JSON_SERDES:
        ignore_case = _ignore_case(table)
        plain = partial(plain_lines.find, column_of=partial(column_name, ignore_case=ignore_case))
        return Form(f"json:{ignore_case}", partial(write_json_segment, ignore_case=ignore_case), plain)
    if table.serde in {serde.OPEN_CSV, serde.LAZY_SIMPLE}:
        width = len(table.columns)
        options = {
            **table.serde_parameters,
            "skip.header.line.count": table.parameters.get("skip.header.line.count", "0"),
        }
        write = partial(write_delimited_segment, library=table.serde, options=options, width=width)
        return Form(f"{table.serde}:{width}:{sorted(options.items())}", write)
    raise not_supported(f"The SerDe '{table.serde}' of table {table.database}.{table.name}")


def _asked(table: GlueTable, needed: set[str]) -> Wanted:
    """Return the columns of the normal form whose text counts, and those of which numbers alone do; several columns may be read from one."""
    if table.serde not in serde.JSON_SERDES or serde.is_true(table.serde_parameters, "dots.in.keys", default=False):
        return Wanted()
    read = [(_json_column(table, column.name), column.type) for column in table.columns if column.name in needed]
    texts = frozenset(name for name, kind in read if not kind.is_numeric)
    once = [(name, kind) for name, kind in read if [other for other, _ in read].count(name) == 1]
    return Wanted(texts, {name: kind for name, kind in once if can_be_numbers(kind)})


def _numbers(segments: dict[int, Segment], asked: Wanted) -> dict[str, Type]:
    """Return those of the columns that are asked for as numbers which are numbers of that type in every object."""
    found = [segment.lines[identity] for identity, segment in segments.items()]
    return {
        column: kind
        for column, kind in asked.numbers.items()
        if all(lines.numbers.get(column) == kind for lines in found if column in lines.keys)
    }


def _ignore_case(table: GlueTable) -> bool:
    return table.serde != serde.OPENX_JSON or serde.is_true(table.serde_parameters, "case.insensitive", default=True)


def _refuse_malformed(
    table: GlueTable, rows: list[tuple[S3Object, Partition]], segments: dict[int, Segment], form: str
) -> None:
    if serde.is_true(table.serde_parameters, "ignore.malformed.json", default=False):
        return
    for item, _ in rows:
        identity = item.identity(form)
        if reason := segments[identity].objects[identity]:
            name = "HIVE_CURSOR_ERROR" if table.serde == serde.OPENX_JSON else "HIVE_BAD_DATA"
            raise QueryFailedError(name, f"{reason}. This happened in {item.path}")


def _register(
    connection: duckdb.DuckDBPyConnection,
    table: GlueTable,
    rows: list[tuple[S3Object, Partition]],
    form: str,
    files: dict[str, Path],
) -> str:
    """Register a table of the objects with their partition's values, and return its name. Where rows are known by it, it has their file too."""
    name = f"objects_{uuid.uuid4().hex}"
    columns = {
        "identity": pa.array([item.identity(form) for item, _ in rows], pa.int64()),
        "path": pa.array([item.path for item, _ in rows], pa.string()),
        "file": pa.array([str(files.get(item.path, "")) for item, _ in rows], pa.string()),
    }
    columns |= partition_texts(table, [partition.values for _, partition in rows])
    connection.register(name, pa.table(columns))
    return name


@dataclass(frozen=True, slots=True)
class _Source:
    """SQL of rows in normal form, and the columns that they have."""

    sql: str
    columns: set[str]


def _packed(segments: list[Segment]) -> _Source:
    files = quoting.paths([segment.path for segment in segments])
    columns = set().union(*(segment.keys for segment in segments))
    return _Source(f"SELECT * FROM read_parquet({files}, union_by_name = true)", columns)


def _of_objects(table: GlueTable) -> set[str]:
    """Return the columns whose values are those of the object that a row is from."""
    return {PATH_COLUMN, *(column.name for column in table.partition_keys)}


def _lines(segments: dict[int, Segment], numbers: dict[str, Type], *, told_apart: bool) -> Iterator[_Source]:
    """Yield the plain lines of the objects that are the keys, those together that spell their keys alike."""
    alike: dict[tuple[tuple[str, str], ...], dict[Path, int]] = {}
    for identity, segment in segments.items():
        keys = tuple(segment.lines[identity].keys.items())
        alike.setdefault(keys, {})[segment.lines_of(identity)] = identity
    for keys, files in alike.items():
        yield _Source(plain_rows(files, dict(keys), numbers, told_apart=told_apart), {column for column, _ in keys})


def _source_sql(table: GlueTable, objects: str | None, sources: list[_Source], numbers: dict[str, Type]) -> str:
    """Return SQL of all rows; without a table of the objects, what a row has of its object is NULL. ``numbers`` are decoded already."""
    rows = " UNION ALL BY NAME ".join(source.sql for source in sources)
    present = set().union(*(source.columns for source in sources))
    if objects is None:
        return f"SELECT {_chosen(table, present, numbers, _nothing(table))} FROM ({rows}) t"
    return f'SELECT {_chosen(table, present, numbers, _own(table))} FROM ({rows}) t JOIN {objects} o ON t."{OBJECT_COLUMN}" = o.identity'


def _chosen(table: GlueTable, present: set[str], numbers: dict[str, Type], others: list[str]) -> str:
    """Return SQL of every column; ``others`` are those that a row has of its object."""
    columns = []
    for index, column in enumerate(table.columns):
        source = _source(table, present, column.name if table.serde in serde.JSON_SERDES else f"c{index}")
        value = f"t.{quoting.name(source)}" if source is not None else "CAST(NULL AS VARCHAR)"
        decoded = value if source in numbers else _decoded(table, value, column.type, index)
        columns.append(f"{decoded} AS {quoting.name(column.name)}")
    return ", ".join([*columns, *others])


def _decoded(table: GlueTable, value: str, kind: Type, index: int) -> str:
    if table.serde == serde.LAZY_SIMPLE:
        return lazy_simple.decoded(value, kind, table.serde_parameters)
    return serde.decoded(value, kind, index)


def _source(table: GlueTable, present: set[str], name: str) -> str | None:
    """Return the column of the normal form that a column is read from; None when the objects lack it."""
    if table.serde not in serde.JSON_SERDES:
        return name if name in present else None
    found = _json_column(table, name)
    if found not in present and serde.is_true(table.serde_parameters, "dots.in.keys", default=False):
        found = next((item for item in sorted(present) if "." in item and item.replace(".", "_") == name), found)
    return found if found in present else None


def _json_column(table: GlueTable, name: str) -> str:
    """Return the column of the normal form whose key the table's column is read from."""
    key = serde.json_key(table.serde_parameters, name) if table.serde == serde.OPENX_JSON else name
    return column_name(key, ignore_case=_ignore_case(table))


def _own(table: GlueTable) -> list[str]:
    """Return SQL of the columns that a row has of its object ``o``: its partition's values and its path."""
    keys = [
        f"{partition_value(f'o.p{index}', column.name, column.hive_type)} AS {quoting.name(column.name)}"
        for index, column in enumerate(table.partition_keys)
    ]
    return [*keys, f"o.path AS {quoting.name(PATH_COLUMN)}"]


def _nothing(table: GlueTable) -> list[str]:
    """Return SQL of the same columns where nobody asks for them."""
    kinds = [*((column.name, column.type) for column in table.partition_keys), (PATH_COLUMN, VARCHAR)]
    return [f"CAST(NULL AS {duckdb_name(kind)}) AS {quoting.name(name)}" for name, kind in kinds]


def _parquet_relation(
    query: Query,
    table: GlueTable,
    needed: set[str],
    connection: duckdb.DuckDBPyConnection,
    rows: list[tuple[S3Object, Partition]],
    files: dict[str, Path],
) -> Relation:
    names = needed.intersection(column.name for column in table.columns)
    query.scanned(sum(columnar.scanned(table, item, files[item.path], names) for item, _ in rows))
    registered = _register(connection, table, rows, "parquet", files)
    return Relation(_parquet_sql(table, registered, list(files.values())), list(files.values()))


def _parquet_sql(table: GlueTable, objects: str, files: list[Path]) -> str:
    present = duckdb.execute(f"SELECT name FROM parquet_schema({quoting.paths(files)})").fetchall()
    names = {name.lower() for (name,) in present}
    sources = [f"c{index}" if columnar.by_place(table) else column.name for index, column in enumerate(table.columns)]
    columns = [
        f"{held(f't.{quoting.name(source)}', column.type) if source in names else f'CAST(NULL AS {duckdb_name(column.type)})'} AS {quoting.name(column.name)}"
        for source, column in zip(sources, table.columns, strict=True)
    ]
    chosen = ", ".join([*columns, *_own(table)])
    return f"SELECT {chosen} FROM read_parquet({quoting.paths(files)}, union_by_name = true, filename = '$file') t JOIN {objects} o ON t.\"$file\" = o.file"


def _empty(table: GlueTable) -> str:
    columns = [f"CAST(NULL AS {duckdb_name(column.type)}) AS {quoting.name(column.name)}" for column in table.columns]
    return f"SELECT {', '.join([*columns, *_nothing(table)])} WHERE false"

"""Statements that write objects: CREATE TABLE AS SELECT, INSERT INTO and UNLOAD.

Sources: *CREATE TABLE AS*; *INSERT INTO*; *UNLOAD*. Parquet and JSON lines are written; other formats are refused.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from local_cloud.athena.account.executions import Query
from local_cloud.athena.account.results import split_location
from local_cloud.athena.catalog.glue import Catalog, GlueTable
from local_cloud.athena.ddl.grammar import Words
from local_cloud.athena.ddl.table_definitions import PARQUET_FORMATS, TEXT_FORMATS
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.iceberg.types import iceberg_schema, iceberg_spec
from local_cloud.athena.selection.selector import Selection, Selector, translated_errors
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import assigned, can_assign, cast
from local_cloud.athena.statement import denials
from local_cloud.athena.tables import serde
from local_cloud.athena.types import Type, hive_name
from local_cloud.athena.writing.files import COMPRESSIONS, Target, write_files
from local_cloud.athena.writing.iceberg_rows import arrow_of, changing
from local_cloud.clients import Clients

COMPRESSION = "write.compression"
_PROPERTY = re.compile(r"(\w+)\s*=\s*('(?:[^']|'')*'|ARRAY\s*\[[^\]]*\]|true|false|\d+)", re.IGNORECASE)


class Writing:
    def __init__(
        self, clients: Clients, catalog: Catalog, selector: Selector, iceberg: IcebergTables, folder: Path
    ) -> None:
        self._clients, self._catalog, self._selector, self._iceberg, self._folder = (
            clients,
            catalog,
            selector,
            iceberg,
            folder,
        )

    def run(self, query: Query, verb: str) -> None:
        {"CREATE_TABLE_AS_SELECT": self._create, "INSERT": self._insert, "UNLOAD": self._unload}[verb](query)

    # CREATE TABLE AS SELECT

    def _create(self, query: Query) -> None:
        match = re.fullmatch(
            r"(CREATE\s+TABLE\s+.*?)\s*(?:WITH\s*\((.*?)\)\s*)?\bAS\b\s*(.*?)(\s+WITH\s+(NO\s+)?DATA)?",
            query.sql,
            re.IGNORECASE | re.DOTALL,
        )
        if match is None:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:1: mismatched input in CREATE TABLE AS")
        words = Words(match[1])
        words.expect("CREATE", "TABLE")
        lenient = words.accept("IF", "NOT", "EXISTS")
        database, name = words.table(query.database)
        self._catalog.require_database(database)
        properties = _properties(match[2] or "")
        if self._catalog.find_table(database, name) is not None:
            if lenient:
                return
            raise QueryFailedError(
                "TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists"
            )
        location = self._location(query, properties)
        with self._selector.open(query, match[3], extra_paths=[self._folder / query.execution_id]) as selection:
            columns = _named(selection)
            if properties.get("table_type", "").upper() == "ICEBERG":
                self._create_iceberg(query, selection, (database, name), location, properties)
                return
            target = _target(location, properties, [column for column, _ in columns])
            _require_milliseconds(columns)
            self._require_empty(location)
            no_data = bool(match[5])
            written = [] if no_data else self._write(query, selection, target, columns)
        self._register(database, name, target, columns, written)
        self._manifest(query, written)

    def _location(self, query: Query, properties: dict[str, str]) -> str:
        given = properties.get("external_location") or properties.get("location")
        return (given or f"{query.output_folder}tables/{query.execution_id}").rstrip("/") + "/"

    def _create_iceberg(
        self, query: Query, selection: Selection, table: tuple[str, str], location: str, properties: dict[str, str]
    ) -> None:
        columns = _named(selection)
        schema = iceberg_schema([(name, str(kind), None) for name, kind in columns])
        spec = iceberg_spec(schema, _list(properties.get("partitioning", "")))
        made = self._iceberg.catalog().create_table(table, schema, location=location.rstrip("/"), partition_spec=spec)
        rows = arrow_of(selection, columns, made)
        with changing(made):
            made.append(rows)
        query.changed_rows = query.written_rows = rows.num_rows

    def _register(
        self, database: str, name: str, target: Target, columns: list[tuple[str, Type]], written: list[str]
    ) -> None:
        library, formats = (
            (serde.PARQUET, PARQUET_FORMATS)
            if target.form == "PARQUET"
            else ("org.apache.hive.hcatalog.data.JsonSerDe", TEXT_FORMATS)
        )
        glue_columns = [{"Name": column, "Type": hive_name(kind)} for column, kind in columns]
        width = len(columns) - len(target.partitioned)
        document = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {
                "EXTERNAL": "TRUE", "has_encrypted_data": "false", "classification": target.form.lower(), COMPRESSION: target.compression,
            },
            "PartitionKeys": glue_columns[width:],
            "StorageDescriptor": {
                "Columns": glue_columns[:width], "Location": target.location, "InputFormat": formats[0], "OutputFormat": formats[1],
                "SerdeInfo": {"SerializationLibrary": library, "Parameters": {}},
            },
        }  # fmt: skip
        self._catalog.create_table(database, document)
        table = self._catalog.find_table(database, name)
        if table is not None and target.partitioned:
            self._add_partitions(table, written)

    # INSERT INTO

    def _insert(self, query: Query) -> None:
        match = re.fullmatch(
            r"INSERT\s+INTO\s+((?:[\w$]+|\"[^\"]+\")(?:\s*\.\s*(?:[\w$]+|\"[^\"]+\"))*)\s*(?:\(([\w\s,\"]+)\)\s*(?=SELECT|WITH|VALUES|TABLE|\())?(.*)",
            query.sql,
            re.IGNORECASE | re.DOTALL,
        )
        if match is None:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:13: mismatched input in INSERT INTO")
        database, name = Words(match[1]).table(query.database)
        table = self._catalog.changeable_table(database, name, "Inserting into")
        wanted = (
            self._iceberg.columns(table, None)
            if table.is_iceberg
            else [(column.name, column.type) for column in [*table.columns, *table.partition_keys]]
        )
        given = (
            [part.strip().strip('"').lower() for part in match[2].split(",")]
            if match[2]
            else [column for column, _ in wanted]
        )
        with self._selector.open(query, match[3], extra_paths=[self._folder / query.execution_id]) as selection:
            fitted = _fitted(selection, wanted, given)
            if table.is_iceberg:
                loaded = self._iceberg.load(table)
                rows = arrow_of(fitted, wanted, loaded)
                with changing(loaded):
                    loaded.append(rows)
                query.changed_rows = query.written_rows = rows.num_rows
                return
            if table.serde not in {serde.PARQUET, *serde.JSON_SERDES}:
                raise not_supported(f"INSERT INTO a table with the SerDe {table.serde}")
            form = "PARQUET" if table.serde == serde.PARQUET else "JSON"
            location, keys = table.location.rstrip("/") + "/", tuple(column.name for column in table.partition_keys)
            target = Target(location, form, keys, _compression(form, table.parameters))
            written = self._write(query, fitted, target, wanted)
        if table.partition_keys:
            self._add_partitions(table, written)
        query.changed_rows = query.written_rows
        self._manifest(query, written)

    def _add_partitions(self, table: GlueTable, written: list[str]) -> None:
        found = {}
        for path in written:
            folder = path.rpartition("/")[0] + "/"
            parts = [part for part in folder.removeprefix(table.location.rstrip("/") + "/").split("/") if part]
            found[tuple(unquote(part.partition("=")[2]) for part in parts)] = folder
        self._catalog.add_partitions(table, list(found.items()))

    # UNLOAD

    def _unload(self, query: Query) -> None:
        match = re.fullmatch(
            r"UNLOAD\s*\((.*)\)\s*TO\s*'([^']+)'\s*WITH\s*\((.*)\)", query.sql, re.IGNORECASE | re.DOTALL
        )
        if match is None:
            raise QueryFailedError(
                "SYNTAX_ERROR", "line 1:1: mismatched input. Expecting: UNLOAD (query) TO 's3://…' WITH (format = '…')"
            )
        properties = _properties(match[3])
        if "format" not in properties:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:1: UNLOAD needs the property 'format'")
        with self._selector.open(query, match[1], extra_paths=[self._folder / query.execution_id]) as selection:
            columns = _named(selection)
            target = _target(match[2].rstrip("/") + "/", properties, [column for column, _ in columns])
            _require_milliseconds(columns)
            self._require_empty(target.location)
            written = self._write(query, selection, target, columns)
        self._manifest(query, written)

    # Objects

    def _require_empty(self, location: str) -> None:
        bucket, prefix = split_location(location)
        s3 = self._clients.client("s3")
        with denials.reading(location):
            found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        if found.get("KeyCount"):
            raise QueryFailedError("HIVE_PATH_ALREADY_EXISTS", f"Target directory for table already exists: {location}")

    def _write(self, query: Query, selection: Selection, target: Target, columns: list[tuple[str, Type]]) -> list[str]:
        """Write the rows and return the objects' locations."""
        with self._scratch(query) as scratch, translated_errors():
            query.written_rows = write_files(selection, target, columns, scratch)
            return [self._put(query, target, scratch, path) for path in sorted(scratch.rglob("*")) if path.is_file()]

    @contextmanager
    def _scratch(self, query: Query) -> Iterator[Path]:
        path = self._folder / query.execution_id
        path.mkdir(parents=True)
        try:
            yield path
        finally:
            shutil.rmtree(path)

    def _put(self, query: Query, target: Target, scratch: Path, path: Path) -> str:
        folder = path.parent.relative_to(scratch).as_posix()
        folder = "" if folder == "." else folder + "/"
        location = f"{target.location}{folder}{query.execution_id}_{uuid.uuid4()}{target.extension}"
        bucket, key = split_location(location)
        with denials.reading(location), path.open("rb") as file:
            self._clients.client("s3").put_object(Bucket=bucket, Key=key, Body=file)
        return location

    def _manifest(self, query: Query, written: list[str]) -> None:
        query.manifest_location = f"{query.output_folder}{query.execution_id}-manifest.csv"
        bucket, key = split_location(query.manifest_location)
        body = "".join(f"{path}\n" for path in written).encode()
        with denials.writing_output(query.manifest_location):
            self._clients.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def _properties(text: str) -> dict[str, str]:
    return {match[1].lower(): match[2].strip("'").replace("''", "'") for match in _PROPERTY.finditer(text)}


def _list(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _target(location: str, properties: dict[str, str], columns: list[str]) -> Target:
    form = properties.get("format", "PARQUET").upper()
    if form not in COMPRESSIONS:
        raise not_supported(f"Writing the format {form}")
    unknown = set(properties) & {"bucketed_by", "bucket_count", "field_delimiter"}
    if unknown:
        raise not_supported(f"The property {', '.join(sorted(unknown))}")
    partitioned = tuple(name.lower() for name in _list(properties.get("partitioned_by", "")))
    if partitioned and tuple(columns[-len(partitioned) :]) != partitioned:
        raise QueryFailedError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            + str(list(partitioned)),
        )
    return Target(location, form, partitioned, _compression(form, properties))


def _compression(form: str, properties: dict[str, str]) -> str:
    """What a statement's or a table's properties ask for; GZIP when they ask for nothing.

    Raises:
        QueryFailedError: the format cannot be written so.
    """
    names = (
        "compression",
        "write_compression",
        COMPRESSION,
        f"{form.lower()}_compression",
        f"{form.lower()}.compression",
    )
    asked = next((properties[name].upper() for name in names if name in properties), "GZIP")
    found = "NONE" if asked == "UNCOMPRESSED" else asked
    if found not in COMPRESSIONS[form]:
        raise not_supported(f"Writing {form} with the compression {asked}")
    return found


def _named(selection: Selection) -> list[tuple[str, Type]]:
    columns: list[tuple[str, Type]] = []
    for index, (name, kind) in enumerate(selection.compiled.columns, 1):
        if name is None:
            raise QueryFailedError("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {index}")
        if name.lower() in dict(columns):
            raise QueryFailedError(
                "DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{name.lower()}' specified more than once"
            )
        columns.append((name.lower(), kind))
    return columns


def _require_milliseconds(columns: list[tuple[str, Type]]) -> None:
    """Hive's formats hold timestamps of three digits.

    Raises:
        QueryFailedError: a column's timestamps have more or fewer.
    """
    for name, kind in columns:
        if kind.name == "timestamp" and kind.numbers != (3,):
            raise QueryFailedError(
                "NOT_SUPPORTED",
                f"Incorrect timestamp precision for {kind}; the configured precision is MILLISECONDS; column name: {name}",
            )
        _require_milliseconds([(name, part) for part in kind.parts])


def _fitted(selection: Selection, wanted: list[tuple[str, Type]], given: list[str]) -> Selection:
    """The query's columns cast to the table's, in the table's order; columns not given are NULL.

    Raises:
        QueryFailedError: they do not fit.
    """
    if len(given) != len(selection.compiled.columns):
        raise QueryFailedError(
            "MISMATCHED_COLUMN",
            f"line 1:1: Insert query has {len(selection.compiled.columns)} expression(s) but expected {len(given)} target column(s)",
        )
    kinds = {
        name: (index, kind)
        for index, (name, (_, kind)) in enumerate(zip(given, selection.compiled.columns, strict=True))
    }
    repeated = next((name for name in given if given.count(name) > 1), None)
    if repeated is not None:
        raise QueryFailedError(
            "DUPLICATE_COLUMN_NAME", f"line 1:1: Insert column name is specified more than once: {repeated}"
        )
    unknown = set(given) - {name for name, _ in wanted}
    if unknown:
        raise QueryFailedError(
            "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {min(unknown)}"
        )
    chosen = []
    for index, (name, kind) in enumerate(wanted):
        position, source = kinds.get(name, (None, kind))
        if position is None:
            chosen.append(f"{cast(Typed('NULL', Type('unknown')), kind).sql} AS c{index}")
            continue
        if not can_assign(source, kind):
            raise QueryFailedError(
                "TYPE_MISMATCH",
                f"line 1:1: Insert query has mismatched column types: Table: {[str(k) for _, k in wanted]}, Query: {[str(k) for _, k in selection.compiled.columns]}",
            )
        chosen.append(f"{assigned(Typed(f'c{position}', source), kind).sql} AS c{index}")
    compiled = type(selection.compiled)(
        f"SELECT {', '.join(chosen)} FROM ({selection.compiled.sql}) fitted", tuple(wanted)
    )
    return Selection(selection.connection, compiled)

"""Run CREATE TABLE AS SELECT.

Source: https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
"""

from __future__ import annotations

from local_cloud.athena.catalog.glue import Catalog
from local_cloud.athena.ddl.grammar import Words
from local_cloud.athena.ddl.table_definitions import AVRO_FORMATS, ORC_FORMATS, PARQUET_FORMATS, TEXT_FORMATS
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.iceberg.types import iceberg_schema, iceberg_spec
from local_cloud.athena.selection.selector import Selection, Selector
from local_cloud.athena.statement.kinds import TABLE_AS
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables import serde
from local_cloud.athena.types import Type, hive_name
from local_cloud.athena.writing.columns import named_columns, require_bucketable, require_milliseconds
from local_cloud.athena.writing.files import Target
from local_cloud.athena.writing.iceberg_rows import arrow_of, changing
from local_cloud.athena.writing.objects import WrittenObjects, add_partitions
from local_cloud.athena.writing.properties import COMPRESSION, properties_of, target_of, texts_of


class CreateTableAs:
    """Creates a table of Parquet or ORC files, of JSON lines, of delimited text or of Iceberg, and fills it with a query's rows."""

    def __init__(self, catalog: Catalog, selector: Selector, iceberg: IcebergTables, objects: WrittenObjects) -> None:
        self._catalog, self._selector, self._iceberg, self._objects = catalog, selector, iceberg, objects

    def run(self, query: Query) -> None:
        """Run the statement.

        Raises:
            QueryFailedError: in Athena's words.
        """
        match = TABLE_AS.fullmatch(query.sql)
        if match is None:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:1: mismatched input in CREATE TABLE AS")
        found = self._new_table(query, Words(match["table"]))
        if found is None:
            return
        database, name = found
        properties = properties_of(match["properties"] or "")
        location = self._location(query, properties)
        with self._selector.open(query, match["query"], extra_paths=[self._objects.scratch_of(query)]) as selection:
            columns = named_columns(selection)
            if properties.get("table_type", "").upper() == "ICEBERG":
                self._create_iceberg(query, selection, (database, name), location, properties)
                return
            target = target_of(location, properties, [column for column, _ in columns])
            require_milliseconds(columns)
            require_bucketable(target, columns)
            self._objects.require_empty(location)
            no_data = bool(match["no"])
            written = [] if no_data else self._objects.write(query, selection, target, columns)
        query.changed_rows = query.written_rows
        self._register(database, name, target, columns, written)
        self._objects.manifest(query, written)

    def _new_table(self, query: Query, words: Words) -> tuple[str, str] | None:
        """Return database and name of the table; None when it exists and IF NOT EXISTS lets that be.

        Raises:
            QueryFailedError: the table exists, or the database does not.
        """
        words.expect("CREATE", "TABLE")
        lenient = words.accept("IF", "NOT", "EXISTS")
        database, name = words.table(query.database)
        self._catalog.require_database(database)
        if self._catalog.find_table(database, name) is None:
            return database, name
        if lenient:
            return None
        raise QueryFailedError(
            "TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists"
        )

    def _location(self, query: Query, properties: dict[str, str]) -> str:
        given = properties.get("external_location") or properties.get("location")
        if not given and not query.output_folder:
            raise QueryFailedError(
                "INVALID_TABLE_PROPERTY", "external_location is needed: the work group keeps results in no bucket"
            )
        return (given or f"{query.output_folder}tables/{query.execution_id}").rstrip("/") + "/"

    def _create_iceberg(
        self, query: Query, selection: Selection, table: tuple[str, str], location: str, properties: dict[str, str]
    ) -> None:
        columns = named_columns(selection)
        schema = iceberg_schema([(name, str(kind), None) for name, kind in columns])
        spec = iceberg_spec(schema, texts_of(properties.get("partitioning", "")))
        made = self._iceberg.catalog().create_table(table, schema, location=location.rstrip("/"), partition_spec=spec)
        rows = arrow_of(selection, columns, made)
        with changing(made):
            made.append(rows)
        query.changed_rows = query.written_rows = rows.num_rows

    def _register(
        self, database: str, name: str, target: Target, columns: list[tuple[str, Type]], written: list[str]
    ) -> None:
        library, formats = {
            "PARQUET": (serde.PARQUET, PARQUET_FORMATS),
            "ORC": (serde.ORC, ORC_FORMATS),
            "AVRO": (serde.AVRO, AVRO_FORMATS),
            "JSON": ("org.apache.hive.hcatalog.data.JsonSerDe", TEXT_FORMATS),
            "TEXTFILE": (serde.LAZY_SIMPLE, TEXT_FORMATS),
        }[target.form]
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
                "SerdeInfo": {"SerializationLibrary": library, "Parameters": dict(target.separators)},
                **({"BucketColumns": [*target.bucketed], "NumberOfBuckets": target.buckets} if target.buckets else {}),
            },
        }  # fmt: skip
        self._catalog.create_table(database, document)
        table = self._catalog.find_table(database, name)
        if table is not None and target.partitioned:
            add_partitions(self._catalog, table, written)

"""Run CREATE TABLE and DROP TABLE.

Sources: https://docs.aws.amazon.com/athena/latest/ug/create-table.html,
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html,
https://docs.aws.amazon.com/athena/latest/ug/drop-table.html
"""

from __future__ import annotations

import re

from pyiceberg.exceptions import TableAlreadyExistsError

from local_cloud.athena.catalog.glue import Catalog
from local_cloud.athena.ddl.grammar import Words
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.iceberg.types import iceberg_schema, iceberg_spec
from local_cloud.athena.statement import denials
from local_cloud.athena.statement.locations import split_location
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables import serde
from local_cloud.clients import Clients
from local_cloud.wire import Json

Lines = tuple[list[str], list[str]]
TEXT_FORMATS = (
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
)
PARQUET_FORMATS = (
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
)
ORC_FORMATS = (
    "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
    "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
)
AVRO_FORMATS = (
    "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
    "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
)
_STORED = {
    "TEXTFILE": (serde.LAZY_SIMPLE, *TEXT_FORMATS),
    "PARQUET": (serde.PARQUET, *PARQUET_FORMATS),
    "JSONFILE": ("org.apache.hive.hcatalog.data.JsonSerDe", *TEXT_FORMATS),
    "ORC": (serde.ORC, *ORC_FORMATS),
    "AVRO": (serde.AVRO, *AVRO_FORMATS),
}
_OUTPUT_OF_OPENX = "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat"
"""PyAthena's ``test_create_table_json`` shows it: https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/sqlalchemy/test_base.py"""
_DEFAULT_FORMAT = ("serialization.format", "1")
_DELIMITERS = {"FIELDS": "field.delim", "LINES": "line.delim", "COLLECTION": "collection.delim", "MAP": "mapkey.delim"}


class TableDefinitions:
    def __init__(self, clients: Clients, catalog: Catalog, iceberg: IcebergTables) -> None:
        self._clients, self._catalog, self._iceberg = clients, catalog, iceberg

    def create(self, query: Query, words: Words) -> Lines:
        """Run ``CREATE [EXTERNAL] TABLE`` with its clauses in any order that Athena accepts."""
        words.expect("CREATE")
        external = words.accept("EXTERNAL")
        words.expect("TABLE")
        lenient = words.accept("IF", "NOT", "EXISTS")
        database, name = words.table(query.database)
        self._catalog.require_database(database)
        columns = words.columns()
        document, partitions = self._clauses(name, columns, words)
        _require_distinct(columns, document.get("PartitionKeys") or [])
        if self._catalog.find_table(database, name) is not None:
            if lenient:
                return [], []
            raise QueryFailedError(
                "",
                f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Table {name} already exists)",
            )
        self._register(database, columns, partitions, document, external=external)
        return [], []

    def _register(
        self, database: str, columns: list[dict[str, str]], partitions: list[str], document: Json, *, external: bool
    ) -> None:
        if document["Parameters"].get("table_type", "").upper() == "ICEBERG":
            self._create_iceberg(database, document["Name"], columns, partitions, document)
        elif not external:
            raise QueryFailedError(
                "",
                "FAILED: SemanticException CREATE TABLE without EXTERNAL is for Iceberg tables only: set TBLPROPERTIES ('table_type' = 'ICEBERG')",
            )
        elif not document["StorageDescriptor"]["Location"]:
            raise QueryFailedError("", "FAILED: SemanticException table must have a LOCATION")
        else:
            document["StorageDescriptor"]["SerdeInfo"]["Parameters"].setdefault(*_DEFAULT_FORMAT)
            self._catalog.create_table(database, document)

    def _clauses(self, name: str, columns: list[dict[str, str]], words: Words) -> tuple[Json, list[str]]:
        descriptor: Json = {
            "Columns": columns,
            "Location": "",
            "SerdeInfo": {"Parameters": {}},
        }
        document: Json = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE"},
            "PartitionKeys": [],
            "StorageDescriptor": descriptor,
        }
        partitions: list[str] = []
        while words.next:
            if words.accept("COMMENT"):
                document["Description"] = document["Parameters"]["comment"] = words.text()
            elif words.accept("PARTITIONED", "BY"):
                partitions = self._partitioned(words, document)
            elif words.accept("LOCATION"):
                descriptor["Location"] = _as_path(words.text())
            elif words.accept("TBLPROPERTIES"):
                document["Parameters"] |= words.properties()
            elif not self._format(words, descriptor):
                raise words.wrong("<EOF>")
        library = descriptor["SerdeInfo"].setdefault("SerializationLibrary", serde.LAZY_SIMPLE)
        descriptor.setdefault("InputFormat", TEXT_FORMATS[0])
        descriptor.setdefault("OutputFormat", _OUTPUT_OF_OPENX if library == serde.OPENX_JSON else TEXT_FORMATS[1])
        return document, partitions

    def _format(self, words: Words, descriptor: Json) -> bool:
        """Take a clause on the SerDe, the file format or buckets, and say whether one came next."""
        parameters = descriptor["SerdeInfo"]["Parameters"]
        if words.accept("ROW", "FORMAT", "SERDE"):
            descriptor["SerdeInfo"]["SerializationLibrary"] = words.text()
        elif words.accept("ROW", "FORMAT", "DELIMITED"):
            parameters |= _delimiters(words)
        elif words.accept("WITH", "SERDEPROPERTIES"):
            # PyAthena's test_create_table_avro, which runs on AWS: several spaces of a value are kept as one
            parameters |= {name: re.sub(" +", " ", value) for name, value in words.properties().items()}
        elif words.accept("STORED", "AS", "INPUTFORMAT"):
            descriptor["InputFormat"] = words.text()
            words.expect("OUTPUTFORMAT")
            descriptor["OutputFormat"] = words.text()
        elif words.accept("STORED", "AS"):
            self._stored(words, descriptor)
        elif words.accept("CLUSTERED", "BY"):
            descriptor["BucketColumns"] = words.names()
            words.expect("INTO")
            descriptor["NumberOfBuckets"] = int(words.take())
            words.expect("BUCKETS")
        else:
            return False
        return True

    @staticmethod
    def _partitioned(words: Words, document: Json) -> list[str]:
        """Take Hive's typed keys, or Iceberg's names and transforms such as ``day(created)``."""
        start = words.position
        try:
            document["PartitionKeys"] = words.columns()
        except QueryFailedError:
            words.position = start
            return _transforms(words)
        return []

    @staticmethod
    def _stored(words: Words, descriptor: Json) -> None:
        kind = words.take().upper()
        if kind not in _STORED:
            raise not_supported(f"STORED AS {kind}")
        library, descriptor["InputFormat"], descriptor["OutputFormat"] = _STORED[kind]
        descriptor["SerdeInfo"].setdefault("SerializationLibrary", library)  # one that ROW FORMAT named stays

    def _create_iceberg(
        self, database: str, name: str, columns: list[dict[str, str]], partitions: list[str], document: Json
    ) -> None:
        location = document["StorageDescriptor"]["Location"].rstrip("/")
        if not location:
            raise QueryFailedError("", "FAILED: SemanticException an Iceberg table must have a LOCATION")
        schema = iceberg_schema([(column["Name"], column["Type"], column.get("Comment")) for column in columns])
        properties = {
            key: value
            for key, value in document["Parameters"].items()
            if key not in {"EXTERNAL", "table_type", "format"}
        }
        try:
            self._iceberg.catalog().create_table(
                (database, name),
                schema,
                location=location,
                partition_spec=iceberg_spec(schema, partitions),
                properties=properties,
            )
        except TableAlreadyExistsError as error:
            raise QueryFailedError(
                "TABLE_ALREADY_EXISTS", f"Table 'awsdatacatalog.{database}.{name}' already exists"
            ) from error

    def drop(self, query: Query, words: Words) -> Lines:
        """Drop a table. An external one loses its definition, an Iceberg table its objects too."""
        words.expect("DROP", "TABLE")
        lenient = words.accept("IF", "EXISTS")
        database, name = words.table(query.database)
        words.accept("PURGE")
        words.end()
        table = self._catalog.find_table(database, name)
        if table is None:
            if lenient:
                return [], []
            raise QueryFailedError("", f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
        if table.is_view:
            raise QueryFailedError(
                "", f"FAILED: SemanticException [Error 10001]: Cannot drop a view with DROP TABLE: {database}.{name}"
            )
        self._catalog.drop_table(database, name)
        if table.is_iceberg:
            self._delete_objects(table.location or table.parameters.get("location", ""))
        return [], []

    def _delete_objects(self, location: str) -> None:
        bucket, prefix = split_location(location.rstrip("/") + "/")
        if not prefix.strip("/"):
            return
        s3 = self._clients.client("s3")
        with denials.reading(location):
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
                answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}) if keys else {}
                for kept in answer.get("Errors", []):
                    raise QueryFailedError(denials.NAME, f"Permission denied on S3 path: s3://{bucket}/{kept['Key']}")


def _as_path(location: str) -> str:
    """Return a location as a Hadoop path has it: without the slash at its end, but for the bucket's own.

    PyAthena's tests show what Athena keeps: https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/sqlalchemy/test_base.py
    """
    path = location.rstrip("/")
    return path if "/" in path.removeprefix("s3://") else location


def _delimiters(words: Words) -> dict[str, str]:
    found: dict[str, str] = {}
    while words.next.upper() in _DELIMITERS:
        key = words.take().upper()
        if key == "COLLECTION":
            words.expect("ITEMS")
        if key == "MAP":
            words.expect("KEYS")
        words.expect("TERMINATED", "BY")
        word = words.take()[1:-1]
        value = {"\\t": "\t", "\\n": "\n", "\\001": "\x01"}.get(word, word)
        found[_DELIMITERS[key]] = value
        if key == "FIELDS":
            found["serialization.format"] = value
            if words.accept("ESCAPED", "BY"):
                raise not_supported("ESCAPED BY")
    return found


def _transforms(words: Words) -> list[str]:
    words.expect("(")
    found: list[str] = []
    depth, current = 1, ""
    while depth:
        word = words.take()
        depth += (word == "(") - (word == ")")
        if depth == 0 or (word == "," and depth == 1):
            found.append(current.lower())
            current = ""
        else:
            current += word.strip('`"')
    return found


def _require_distinct(columns: list[dict[str, str]], keys: list[dict[str, str]]) -> None:
    names = [column["Name"].lower() for column in columns]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise QueryFailedError("", f"FAILED: SemanticException [Error 10036]: Duplicate column name: {repeated}")
    if any(key["Name"].lower() in names for key in keys):
        raise QueryFailedError("", "FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns")

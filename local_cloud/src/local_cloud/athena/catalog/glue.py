"""Read and change the Glue Data Catalog: databases, tables, columns, partitions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.types import Type, parse_type
from local_cloud.clients import Clients
from local_cloud.wire import Json

PARTITIONS_PER_CALL = 100
DEFAULT_DATABASE = "default"
"""Every account has it in Athena, and its catalog gets it from there.

Source: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as Glue keeps it: ``hive_type`` in Hive's spelling, ``comment`` empty when there is none."""

    name: str
    hive_type: str
    comment: str = ""

    @property
    def type(self) -> Type:
        return parse_type(self.hive_type)


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: its values as Glue keeps them (text), and where its objects are."""

    values: tuple[str, ...]
    location: str
    descriptor: Json


@dataclass(frozen=True, slots=True)
class GlueTable:
    """A table or view of the catalog."""

    database: str
    name: str
    document: Json

    @property
    def descriptor(self) -> Json:
        found: Json = self.document.get("StorageDescriptor") or {}
        return found

    @property
    def columns(self) -> list[Column]:
        return _columns(self.descriptor.get("Columns"))

    @property
    def partition_keys(self) -> list[Column]:
        return _columns(self.document.get("PartitionKeys"))

    @property
    def parameters(self) -> dict[str, str]:
        return self.document.get("Parameters") or {}

    @property
    def bucket_columns(self) -> list[str]:
        return [name.lower() for name in self.descriptor.get("BucketColumns") or []]

    @property
    def location(self) -> str:
        return str(self.descriptor.get("Location", ""))

    @property
    def serde(self) -> str:
        return str((self.descriptor.get("SerdeInfo") or {}).get("SerializationLibrary", ""))

    @property
    def serde_parameters(self) -> dict[str, str]:
        return (self.descriptor.get("SerdeInfo") or {}).get("Parameters") or {}

    @property
    def is_view(self) -> bool:
        return self.document.get("TableType") == "VIRTUAL_VIEW"

    @property
    def is_iceberg(self) -> bool:
        return self.parameters.get("table_type", "").upper() == "ICEBERG"

    def metadata(self) -> Json:
        """Return the ``TableMetadata`` of Athena's own catalog calls."""
        found: Json = {
            "Name": self.name,
            "TableType": self.document.get("TableType", "EXTERNAL_TABLE"),
            "Columns": [_metadata(column) for column in self.columns],
            "PartitionKeys": [_metadata(column) for column in self.partition_keys],
            "Parameters": {**self.parameters, **self._storage()},
        }
        if self.document.get("CreateTime"):
            found["CreateTime"] = self.document["CreateTime"]
        return found

    def _storage(self) -> dict[str, str]:
        """Return where and how the objects are, as parameters.

        Source: the example of https://docs.aws.amazon.com/cli/latest/reference/athena/get-table-metadata.html
        """
        kept = {
            name.lower(): self.descriptor[name] for name in ("InputFormat", "OutputFormat") if name in self.descriptor
        }
        parameters = {f"serde.param.{key}": value for key, value in self.serde_parameters.items()}
        if comment := self.parameters.get("comment"):
            parameters["comment"] = " ".join(comment.split())  # as PyAthena's test_create_table_with_comments has it
        return {"location": self.location, "serde.serialization.lib": self.serde, **kept, **parameters}


def _columns(documents: list[Json] | None) -> list[Column]:
    return [
        Column(column["Name"].lower(), column.get("Type", "string"), column.get("Comment", ""))
        for column in documents or []
    ]


def _metadata(column: Column) -> Json:
    found = {"Name": column.name, "Type": column.hive_type}
    return {**found, "Comment": column.comment} if column.comment else found


class Catalog:
    """Reads and changes the Glue catalog through its public API."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @property
    def glue(self) -> Any:
        return self._clients.client("glue")

    def databases(self) -> list[str]:
        found = self._pages("get_databases", "DatabaseList")
        return sorted({DEFAULT_DATABASE, *(database["Name"].lower() for database in found)})

    def require_database(self, name: str) -> Json:
        """Return the database; ``default`` is made when it is not there yet.

        Raises:
            QueryFailedError: SCHEMA_NOT_FOUND.
        """
        try:
            found: Json = self.glue.get_database(Name=name)["Database"]
        except self.glue.exceptions.EntityNotFoundException as error:
            if name == DEFAULT_DATABASE:
                self.glue.create_database(DatabaseInput={"Name": name})
                return {"Name": name}
            raise QueryFailedError("SCHEMA_NOT_FOUND", f"Schema '{name}' does not exist") from error
        return found

    def has_database(self, name: str) -> bool:
        """Tell whether there is such a database."""
        try:
            self.require_database(name)
        except QueryFailedError:
            return False
        return True

    def check_default_database(self) -> None:
        """Ask for the database ``default``, as Athena does before it runs DDL; there need not be one.

        Raises:
            botocore.exceptions.ClientError: the caller may not read it, or not the catalog.
        """
        with suppress(self.glue.exceptions.EntityNotFoundException):
            self.glue.get_database(Name=DEFAULT_DATABASE)

    def tables(self, database: str) -> list[GlueTable]:
        try:
            found = list(self._pages("get_tables", "TableList", DatabaseName=database))
        except self.glue.exceptions.EntityNotFoundException:
            return []
        return sorted(
            (GlueTable(database, table["Name"].lower(), table) for table in found), key=lambda table: table.name
        )

    def find_table(self, database: str, name: str) -> GlueTable | None:
        try:
            return GlueTable(database, name, self.glue.get_table(DatabaseName=database, Name=name)["Table"])
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def changeable_table(self, database: str, name: str, change: str) -> GlueTable:
        """Return the table whose rows a statement changes. ``change`` is Trino's word for it: "Inserting into".

        Raises:
            QueryFailedError: there is none, or it is a view.
        """
        table = self.find_table(database, name)
        if table is None:
            raise QueryFailedError(
                "TABLE_NOT_FOUND", f"line 1:1: Table '{CATALOG_NAME}.{database}.{name}' does not exist"
            )
        if table.is_view:
            raise QueryFailedError("NOT_SUPPORTED", f"line 1:1: {change} views is not supported")
        return table

    def partitions(self, table: GlueTable, expression: str = "") -> list[Partition]:
        """Return the partitions that Glue knows of the table, or those that an expression on its keys is true of, in the order of their values."""
        some = {"Expression": expression} if expression else {}
        found = self._pages("get_partitions", "Partitions", DatabaseName=table.database, TableName=table.name, **some)
        partitions = [
            Partition(
                tuple(item["Values"]),
                item.get("StorageDescriptor", {}).get("Location", ""),
                item.get("StorageDescriptor", {}),
            )
            for item in found
        ]
        return sorted(partitions, key=lambda partition: partition.values)

    def add_partitions(self, table: GlueTable, partitions: list[tuple[tuple[str, ...], str]]) -> list[tuple[str, ...]]:
        """Register partitions (values, location), and return those that already existed and stay as they are."""
        present: list[tuple[str, ...]] = []
        for start in range(0, len(partitions), PARTITIONS_PER_CALL):
            inputs = [
                {"Values": list(values), "StorageDescriptor": {**table.descriptor, "Location": location}}
                for values, location in partitions[start : start + PARTITIONS_PER_CALL]
            ]
            answer = self.glue.batch_create_partition(
                DatabaseName=table.database, TableName=table.name, PartitionInputList=inputs
            )
            for error in answer.get("Errors", []):
                if error["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":
                    raise QueryFailedError(
                        "GENERIC_USER_ERROR",
                        f"Partition {error['PartitionValues']}: {error['ErrorDetail'].get('ErrorMessage', '')}",
                    )
                present.append(tuple(error["PartitionValues"]))
        return present

    def drop_partition(self, table: GlueTable, values: tuple[str, ...]) -> bool:
        """Delete a partition, and say whether it existed."""
        try:
            self.glue.delete_partition(DatabaseName=table.database, TableName=table.name, PartitionValues=list(values))
        except self.glue.exceptions.EntityNotFoundException:
            return False
        return True

    def replace_partition(self, table: GlueTable, partition: Partition, values: tuple[str, ...], location: str) -> None:
        """Give a partition other values, or another location.

        Raises:
            QueryFailedError: there is another one with these values.
        """
        document = {"Values": list(values), "StorageDescriptor": {**partition.descriptor, "Location": location}}
        try:
            self.glue.update_partition(
                DatabaseName=table.database, TableName=table.name, PartitionValueList=list(partition.values), PartitionInput=document
            )  # fmt: skip
        except self.glue.exceptions.AlreadyExistsException as error:
            message = f"AlreadyExistsException(message:Partition already exists: {', '.join(values)})"
            raise QueryFailedError("", f"FAILED: SemanticException {message}") from error

    def create_table(self, database: str, document: Json) -> None:
        """Register a table or view.

        Raises:
            QueryFailedError: the database is not there or the name is taken.
        """
        try:
            self.glue.create_table(DatabaseName=database, TableInput=document)
        except self.glue.exceptions.AlreadyExistsException as error:
            raise QueryFailedError(
                "TABLE_ALREADY_EXISTS", f"Table '{CATALOG_NAME}.{database}.{document['Name']}' already exists"
            ) from error
        except self.glue.exceptions.EntityNotFoundException as error:
            raise QueryFailedError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist") from error

    def replace_table(self, database: str, document: Json) -> None:
        self.glue.update_table(DatabaseName=database, TableInput=document)

    def drop_table(self, database: str, name: str) -> None:
        self.glue.delete_table(DatabaseName=database, Name=name)

    def _pages(self, operation: str, key: str, **parameters: Any) -> Iterator[Json]:
        for page in self.glue.get_paginator(operation).paginate(**parameters):
            yield from page[key]


CATALOG_NAME = "awsdatacatalog"
MISSING = {"404", "NoSuchKey", "NoSuchBucket", "EntityNotFoundException", "NotFound"}


def is_missing(error: ClientError) -> bool:
    """Say whether an S3 or Glue error says that the thing asked for is not there."""
    return error.response["Error"]["Code"] in MISSING

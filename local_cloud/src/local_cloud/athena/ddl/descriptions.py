"""Describe tables: DESCRIBE, SHOW COLUMNS and SHOW CREATE TABLE.

Sources: https://docs.aws.amazon.com/athena/latest/ug/describe-table.html,
https://docs.aws.amazon.com/athena/latest/ug/show-create-table.html, and of Iceberg tables and views what was measured against Athena in
September 2026: https://github.com/aoyagikouhei/athena-local/blob/main/docs/result-files.md
"""

from __future__ import annotations

from pyiceberg.table import Table
from pyiceberg.types import IcebergType, ListType, LongType, MapType, StructType, TimestamptzType

from local_cloud.athena.catalog.glue import Column, GlueTable
from local_cloud.athena.catalog.views import stored_view

_DEFAULT_FORMAT = ("serialization.format", "1")  # Hive does not show it
_SPELT = {LongType: "bigint", TimestamptzType: "timestamp with time zone"}


def described(table: GlueTable) -> list[str]:
    """Return the columns, tab-separated and padded. Partition keys are among them and again below, as Hive shows them."""
    columns = [_line(column) for column in [*table.columns, *table.partition_keys]]
    if not table.partition_keys:
        return columns
    heading = [
        "\t \t ",
        "# Partition Information\t \t ",
        f"{'# col_name':<20}\t{'data_type':<20}\t{'comment':<20}",
        "\t \t ",
    ]
    return [*columns, *heading, *(_line(column) for column in table.partition_keys)]


def described_iceberg(table: Table) -> list[str]:
    """Return columns and partitioning of an Iceberg table, tab-separated, without padding."""
    schema = table.schema()
    columns = [f"{field.name}\t{_spelt(field.field_type)}\t{field.doc or ''}" for field in schema.fields]
    partitioned = [
        f"{field.name}\t{field.transform}\t{schema.find_column_name(field.source_id)}" for field in table.spec().fields
    ]
    start = ["# Table schema:\t\t", "# col_name\tdata_type\tcomment"]
    return [
        *start,
        *columns,
        "\t\t",
        "# Partition spec:\t\t",
        "# field_name\tfield_transform\tcolumn_name",
        *partitioned,
    ]


def described_view(table: GlueTable) -> list[str]:
    """Return the columns of a view with their types in Trino's spelling."""
    return [f"{name}\t{kind}" for name, kind in stored_view(table).columns]


def listed(table: GlueTable) -> list[str]:
    """Return the names of the columns; only those of tables over objects are padded."""
    names = [column.name for column in [*table.columns, *table.partition_keys]]
    return names if table.is_iceberg else [f"{name:<20}" for name in names]


def _spelt(kind: IcebergType) -> str:
    if isinstance(kind, ListType):
        return f"array<{_spelt(kind.element_type)}>"
    if isinstance(kind, MapType):
        return f"map<{_spelt(kind.key_type)}, {_spelt(kind.value_type)}>"
    if isinstance(kind, StructType):
        return f"struct<{', '.join(f'{field.name}: {_spelt(field.field_type)}' for field in kind.fields)}>"
    return _SPELT.get(type(kind), str(kind))


def _line(column: Column) -> str:
    return f"{column.name:<20}\t{column.hive_type:<20}\t{column.comment:<20}"


def create_statement(table: GlueTable, name: str) -> list[str]:
    """Return the statement that creates the table, a line for each part, with the table's name as it was asked for.

    awswrangler's ``test_athena`` shows AWS's answer:
    https://github.com/aws/aws-sdk-pandas/blob/main/tests/unit/test_athena.py
    """
    descriptor = table.descriptor
    external = "" if table.is_iceberg else "EXTERNAL "
    lines = [f"CREATE {external}TABLE `{name}`(", *_columns(table.columns)]
    if table.partition_keys:
        lines += ["PARTITIONED BY ( ", *_columns(table.partition_keys)]
    if buckets := descriptor.get("BucketColumns"):
        listed = [f"  {column}, " for column in buckets[:-1]]
        lines += ["CLUSTERED BY ( ", *listed, f"  {buckets[-1]}) ", f"INTO {descriptor['NumberOfBuckets']} BUCKETS"]
    if not table.is_iceberg:
        lines += ["ROW FORMAT SERDE ", f"  {_quoted(table.serde)} "]
        parameters = {key: value for key, value in table.serde_parameters.items() if (key, value) != _DEFAULT_FORMAT}
        if parameters:
            lines += ["WITH SERDEPROPERTIES ( ", *_properties(parameters)]
        lines += [
            "STORED AS INPUTFORMAT ",
            f"  {_quoted(descriptor.get('InputFormat', ''))} ",
            "OUTPUTFORMAT ",
            f"  {_quoted(descriptor.get('OutputFormat', ''))}",
        ]
    lines += ["LOCATION", f"  {_quoted(table.location)}", "TBLPROPERTIES (", *_properties(table.parameters)]
    return lines


def _columns(columns: list[Column]) -> list[str]:
    lines = []
    for index, column in enumerate(columns):
        comment = f" COMMENT {_quoted(column.comment)}" if column.comment else ""
        lines.append(f"  `{column.name}` {column.hive_type}{comment}" + (")" if index == len(columns) - 1 else ", "))
    return lines


def _properties(properties: dict[str, str]) -> list[str]:
    if not properties:
        return [")"]
    items = sorted(properties.items())
    return [
        f"  {_quoted(key)}={_quoted(value)}" + (")" if index == len(items) - 1 else ", ")
        for index, (key, value) in enumerate(items)
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"

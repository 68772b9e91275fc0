"""Describe tables: DESCRIBE and SHOW CREATE TABLE.

Sources: https://docs.aws.amazon.com/athena/latest/ug/describe-table.html,
https://docs.aws.amazon.com/athena/latest/ug/show-create-table.html
"""

from __future__ import annotations

from local_cloud.athena.catalog.glue import Column, GlueTable


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


def _line(column: Column) -> str:
    return f"{column.name:<20}\t{column.hive_type:<20}\t{column.comment:<20}"


def create_statement(table: GlueTable) -> list[str]:
    """Return the statement that creates the table, a line for each part."""
    descriptor = table.descriptor
    external = "" if table.is_iceberg else "EXTERNAL "
    lines = [f"CREATE {external}TABLE `{table.database}.{table.name}`(", *_columns(table.columns)]
    if table.partition_keys:
        lines += ["PARTITIONED BY ( ", *_columns(table.partition_keys)]
    if not table.is_iceberg:
        lines += ["ROW FORMAT SERDE ", f"  {_quoted(table.serde)} "]
        if table.serde_parameters:
            lines += ["WITH SERDEPROPERTIES ( ", *_properties(table.serde_parameters)]
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

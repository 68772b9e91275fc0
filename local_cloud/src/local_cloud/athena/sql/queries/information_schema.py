"""Compile ``information_schema`` over the Glue catalog, and list the columns of a table."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.catalog.glue import CATALOG_NAME, GlueTable
from local_cloud.athena.sql.model import Compiled, Session
from local_cloud.athena.sql.queries.iceberg_metadata import METADATA_COLUMNS
from local_cloud.athena.types import BIGINT, VARCHAR, Type, trino_name

_SCHEMAS = ("catalog_name", "schema_name")
_TABLES = ("table_catalog", "table_schema", "table_name", "table_type")
_COLUMNS: tuple[tuple[str, Type], ...] = (
    ("table_catalog", VARCHAR), ("table_schema", VARCHAR), ("table_name", VARCHAR), ("column_name", VARCHAR), ("ordinal_position", BIGINT),
    ("column_default", VARCHAR), ("is_nullable", VARCHAR), ("data_type", VARCHAR), ("comment", VARCHAR), ("extra_info", VARCHAR),
)  # fmt: skip


def scanned_columns(
    session: Session, node: exp.Table, table: GlueTable, scan_version: tuple[str, Any] | None, metadata: str | None
) -> list[tuple[str, Type]]:
    """Return names and types of a table's columns, partition keys last. ``metadata`` is the name after ``$``.

    Raises:
        QueryFailedError: the table has no such metadata table.
    """
    if metadata is None and table.is_iceberg and session.iceberg is not None:
        return session.iceberg.columns(table, scan_version)
    if metadata is None:
        return [(column.name, column.type) for column in [*table.columns, *table.partition_keys]]
    if metadata == "partitions" and not table.is_iceberg and table.partition_keys:
        return [(column.name, column.type) for column in table.partition_keys]
    if metadata == "partitions" and table.is_iceberg and session.iceberg is not None:
        return session.iceberg.partition_columns(table)
    if table.is_iceberg and metadata in METADATA_COLUMNS:
        return list(METADATA_COLUMNS[metadata])
    raise session.invalid(
        node, f"Table 'awsdatacatalog.{table.database}.{table.name}${metadata}' does not exist", "TABLE_NOT_FOUND"
    )


def compiled(session: Session, node: exp.Table, name: str) -> Compiled:
    """Return one of the schema's tables, written out as rows of the catalog as it is now."""
    if name == "schemata":
        return _rows(
            [(column, VARCHAR) for column in _SCHEMAS],
            [[CATALOG_NAME, database] for database in session.catalog.databases()],
        )
    if name in {"tables", "views"}:
        rows = [
            [CATALOG_NAME, database, table.name, "VIEW" if table.is_view else "BASE TABLE"]
            for database in session.catalog.databases()
            for table in session.catalog.tables(database)
            if name == "tables" or table.is_view
        ]
        return _rows([(column, VARCHAR) for column in _TABLES], rows)
    if name == "columns":
        return _rows(
            list(_COLUMNS),
            [
                row
                for database in session.catalog.databases()
                for table in session.catalog.tables(database)
                for row in _column_rows(database, table)
            ],
        )
    raise session.invalid(node, f"Table '{CATALOG_NAME}.information_schema.{name}' does not exist", "TABLE_NOT_FOUND")


def _column_rows(database: str, table: GlueTable) -> list[list[str | int | None]]:
    keys = {column.name for column in table.partition_keys}
    return [
        [
            CATALOG_NAME,
            database,
            table.name,
            column.name,
            number,
            None,
            "YES",
            trino_name(column.type),
            column.comment or None,
            "partition key" if column.name in keys else None,
        ]
        for number, column in enumerate([*table.columns, *table.partition_keys], 1)
    ]


def _rows(columns: list[tuple[str, Type]], rows: list[list[str | int | None]] | list[list[str]]) -> Compiled:
    names = ", ".join(f"c{index}" for index in range(len(columns)))
    if not rows:
        chosen = ", ".join(
            f"CAST(NULL AS {'BIGINT' if kind == BIGINT else 'VARCHAR'}) AS c{index}"
            for index, (_, kind) in enumerate(columns)
        )
        return Compiled(f"SELECT {chosen} WHERE false", tuple(columns))
    listed = ", ".join("(" + ", ".join(_value(value) for value in row) + ")" for row in rows)
    typed = ", ".join(
        f"CAST(c{index} AS {'BIGINT' if kind == BIGINT else 'VARCHAR'}) AS c{index}"
        for index, (_, kind) in enumerate(columns)
    )
    return Compiled(f"SELECT {typed} FROM (VALUES {listed}) v({names})", tuple(columns))


def _value(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else quoting.text(value)

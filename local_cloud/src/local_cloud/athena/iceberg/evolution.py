"""Change the schema, the properties and the name of an Iceberg table; its files stay as they are.

Sources: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html,
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-managing-tables.html
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchNamespaceError, TableAlreadyExistsError, ValidationError
from pyiceberg.table import Table

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.iceberg.types import iceberg_type
from local_cloud.athena.types import parse_type

_PROPERTIES = frozenset({
    "format", "write_compression", "optimize_rewrite_data_file_threshold", "optimize_rewrite_delete_file_threshold",
    "vacuum_min_snapshots_to_keep", "vacuum_max_snapshot_age_seconds", "vacuum_max_metadata_files_to_keep", "write_data_path_enabled",
})  # fmt: skip
"""Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html#querying-iceberg-table-properties."""


def add_columns(table: Table, columns: Iterable[tuple[str, str, str | None]]) -> None:
    """Add columns (name, Hive type, comment) after the others; they are NULL in the existing rows.

    Raises:
        QueryFailedError: the table has such a column, or Iceberg no such type.
    """
    present = _names(table)
    with table.update_schema() as change:
        for name, kind, comment in columns:
            _require_absent(name, present)
            change.add_column(name, iceberg_type(parse_type(kind), count(1)), comment)  # it numbers the fields itself
            present.add(name)


def drop_column(table: Table, name: str) -> None:
    """Drop a column.

    Raises:
        QueryFailedError: the table has no such column, or no other one.
    """
    _require_present(table, name)
    if len(table.schema().fields) == 1:
        raise QueryFailedError("NOT_SUPPORTED", "line 1:1: Cannot drop the only column in a table")
    with table.update_schema() as change:
        change.delete_column(name)


def change_column(table: Table, old: str, column: dict[str, str], place: tuple[str, str] | None) -> None:
    """Give a column another name, a wider type, a comment or another place: ("FIRST", "") or ("AFTER", column).

    Raises:
        QueryFailedError: there is no such column, the name is taken, or the type is not a wider one.
    """
    _require_present(table, old)
    new = column["Name"]
    if new != old:
        _require_absent(new, _names(table))
    if place is not None and place[1]:
        _require_present(table, place[1])
    try:
        with table.update_schema() as change:
            change.update_column(old, iceberg_type(parse_type(column["Type"]), count(1)), doc=column.get("Comment"))
            if place is not None:
                change.move_after(old, place[1]) if place[1] else change.move_first(old)
            if new != old:
                change.rename_column(old, new)
    except ValidationError as error:
        raise QueryFailedError("NOT_SUPPORTED", f"line 1:1: Failed to change column {old}: {error}") from error


def change_properties(table: Table, *, given: dict[str, str], dropped: Iterable[str] = ()) -> None:
    """Set properties, and remove others.

    Raises:
        QueryFailedError: Athena has no such property.
    """
    unknown = next((key for key in given if key not in _PROPERTIES), None)
    if unknown is not None:
        raise QueryFailedError("", f"Unsupported table property key: {unknown}")
    with table.transaction() as change:
        if given:
            change.set_properties(given)
        if keys := [key for key in dropped if key in table.properties]:
            change.remove_properties(*keys)


def rename(catalog: GlueCatalog, old: tuple[str, str], new: tuple[str, str]) -> None:
    """Give a table another name, perhaps in another database; its files stay where they are.

    Raises:
        QueryFailedError: the name is taken, or there is no such database.
    """
    try:
        catalog.rename_table(old, new)
    except TableAlreadyExistsError as error:
        message = f"line 1:1: Target table 'awsdatacatalog.{new[0]}.{new[1]}' already exists"
        raise QueryFailedError("TABLE_ALREADY_EXISTS", message) from error
    except NoSuchNamespaceError as error:
        raise QueryFailedError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{new[0]}' does not exist") from error


def _names(table: Table) -> set[str]:
    return {field.name.lower() for field in table.schema().fields}


def _require_absent(name: str, present: set[str]) -> None:
    if name in present:
        raise QueryFailedError("COLUMN_ALREADY_EXISTS", f"line 1:1: Column '{name}' already exists")


def _require_present(table: Table, name: str) -> None:
    if name not in _names(table):
        raise QueryFailedError("COLUMN_NOT_FOUND", f"line 1:1: Column '{name}' does not exist")

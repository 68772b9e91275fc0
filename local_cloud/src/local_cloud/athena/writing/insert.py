"""Run INSERT INTO.

Source: https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
"""

from __future__ import annotations

import re

from local_cloud.athena.catalog.glue import Catalog, GlueTable
from local_cloud.athena.ddl.grammar import NAME, TABLE, Words
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.selection.selector import Selection, Selector
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables import serde
from local_cloud.athena.types import Type
from local_cloud.athena.writing.columns import fitted_to
from local_cloud.athena.writing.files import Target
from local_cloud.athena.writing.iceberg_rows import arrow_of, changing
from local_cloud.athena.writing.objects import WrittenObjects, add_partitions
from local_cloud.athena.writing.properties import compression_of

_STATEMENT = re.compile(
    rf"INSERT\s+INTO\s+({TABLE})\s*(?:\((\s*{NAME}(?:\s*,\s*{NAME})*\s*)\)\s*(?=SELECT|WITH|VALUES|TABLE|\())?(.*)",
    re.IGNORECASE | re.DOTALL,
)


class InsertInto:
    """Adds a query's rows to a table."""

    def __init__(self, catalog: Catalog, selector: Selector, iceberg: IcebergTables, objects: WrittenObjects) -> None:
        self._catalog, self._selector, self._iceberg, self._objects = catalog, selector, iceberg, objects

    def run(self, query: Query) -> None:
        """Run the statement.

        Raises:
            QueryFailedError: in Athena's words.
        """
        match = _STATEMENT.fullmatch(query.sql)
        if match is None:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:13: mismatched input in INSERT INTO")
        database, name = Words(match[1]).table(query.database)
        table = self._catalog.changeable_table(database, name, "Inserting into")
        wanted = self._columns(table)
        given = [part.strip('"`').replace('""', '"').lower() for part in re.findall(NAME, match[2] or "")]
        if not match[2]:
            given = [column for column, _ in wanted]
        with self._selector.open(query, match[3], extra_paths=[self._objects.scratch_of(query)]) as selection:
            fitted = fitted_to(selection, wanted, given)
            if table.is_iceberg:
                self._append(query, table, fitted, wanted)
                return
            written = self._objects.write(query, fitted, _target(table), wanted)
        if table.partition_keys:
            add_partitions(self._catalog, table, written)
        query.changed_rows = query.written_rows
        self._objects.manifest(query, written)

    def _columns(self, table: GlueTable) -> list[tuple[str, Type]]:
        if table.is_iceberg:
            return self._iceberg.columns(table, None)
        return [(column.name, column.type) for column in [*table.columns, *table.partition_keys]]

    def _append(self, query: Query, table: GlueTable, fitted: Selection, wanted: list[tuple[str, Type]]) -> None:
        loaded = self._iceberg.load(table)
        rows = arrow_of(fitted, wanted, loaded)
        with changing(loaded):
            loaded.append(rows)
        query.changed_rows = query.written_rows = rows.num_rows


def _target(table: GlueTable) -> Target:
    """Return where and how the table's rows go.

    Raises:
        QueryFailedError: the table is bucketed, which Athena does not add to, or of a form that is not written here.
    """
    if table.bucket_columns:
        raise QueryFailedError(
            "NOT_SUPPORTED", f"INSERT INTO bucketed table {table.database}.{table.name} is not supported"
        )
    if (form := _form(table.serde)) is None:
        raise not_supported(f"INSERT INTO a table with the SerDe {table.serde}")
    location, keys = table.location.rstrip("/") + "/", tuple(column.name for column in table.partition_keys)
    return Target(location, form, keys, compression_of(form, table.parameters), table.serde_parameters)


def _form(library: str) -> str | None:
    if library in serde.JSON_SERDES:
        return "JSON"
    return {serde.PARQUET: "PARQUET", serde.ORC: "ORC", serde.AVRO: "AVRO", serde.LAZY_SIMPLE: "TEXTFILE"}.get(library)

"""Run ALTER TABLE: columns, properties, place and name of a table; partitions are in ``partitions.py``.

Sources: the pages of https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html on ALTER TABLE,
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html, and of what AWS refuses
https://github.com/aoyagikouhei/athena-local/blob/main/docs/caveats.md (measured against Athena in September 2026).
"""

from __future__ import annotations

from collections.abc import Callable

from local_cloud.athena.catalog.glue import Catalog, GlueTable
from local_cloud.athena.ddl.grammar import Words
from local_cloud.athena.ddl.partitions import Lines, PartitionStatements
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.iceberg import evolution
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.statement.query import Query

_FAILED = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_KEPT = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters", "ViewOriginalText",
    "ViewExpandedText",
)  # fmt: skip

Change = Callable[[GlueTable, Words, Query], None]


class Alterations:
    """Each change by the words that begin it, one table of them for Iceberg and one for the others."""

    def __init__(self, catalog: Catalog, iceberg: IcebergTables, partitions: PartitionStatements) -> None:
        self._catalog, self._iceberg = catalog, iceberg
        self._hive: list[tuple[tuple[str, ...], Change]] = [
            (("ADD", "COLUMNS"), self._add_columns), (("REPLACE", "COLUMNS"), self._replace_columns),
            (("CHANGE",), self._change_column), (("ADD",), partitions.add), (("DROP", "COLUMN"), _refuse_drop),
            (("DROP",), partitions.drop), (("SET", "TBLPROPERTIES"), self._set_properties),
            (("UNSET", "TBLPROPERTIES"), self._unset_properties), (("SET", "LOCATION"), self._set_location),
            (("RENAME", "TO"), _refuse_rename), (("PARTITION",), partitions.change),
        ]  # fmt: skip
        self._of_iceberg: list[tuple[tuple[str, ...], Change]] = [
            (("ADD", "COLUMNS"), self._iceberg_add), (("DROP", "COLUMN"), self._iceberg_drop), (("CHANGE",), self._iceberg_change),
            (("SET", "TBLPROPERTIES"), self._iceberg_set), (("UNSET", "TBLPROPERTIES"), self._iceberg_unset),
            (("RENAME", "TO"), self._iceberg_rename),
        ]  # fmt: skip

    def run(self, query: Query, words: Words) -> Lines:
        """Change the table.

        Raises:
            QueryFailedError: in Athena's words.
        """
        words.expect("ALTER", "TABLE")
        database, name = words.table(query.database)
        table = self._catalog.find_table(database, name)
        if table is None:
            raise QueryFailedError("", f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
        for start, change in self._of_iceberg if table.is_iceberg else self._hive:
            if words.accept(*start):
                change(table, words, query)
                words.end()
                return [], []
        if table.is_iceberg and words.next.upper() in {"ADD", "DROP", "REPLACE", "SET", "PARTITION"}:
            raise QueryFailedError("", "FAILED: Query type not supported by Athena Iceberg at this time")
        raise not_supported(f"ALTER TABLE … {words.next}")

    # Tables over objects

    def _add_columns(self, table: GlueTable, words: Words, _query: Query) -> None:
        columns = words.columns()
        _require_distinct([*_names(table), *(column["Name"] for column in columns)])
        self._describe(table, Columns=[*table.descriptor["Columns"], *columns])

    def _replace_columns(self, table: GlueTable, words: Words, _query: Query) -> None:
        columns = words.columns()
        _require_distinct([column["Name"] for column in columns] + [key.name for key in table.partition_keys])
        self._describe(table, Columns=columns)

    def _change_column(self, table: GlueTable, words: Words, _query: Query) -> None:
        old, column, place = words.changed_column()
        columns = [dict(item) for item in table.descriptor["Columns"]]
        names = [item["Name"].lower() for item in columns]
        if old not in names:
            raise QueryFailedError("", f"{_FAILED} Invalid column reference {old}")
        _require_distinct([name for name in _names(table) if name != old] + [column["Name"]])
        changed = {**columns.pop(names.index(old)), **column}
        names.remove(old)
        if place is not None and place[1] and place[1] not in names:
            raise QueryFailedError("", f"{_FAILED} Invalid column reference {place[1]}")
        at = len(_before(table, old)) if place is None else names.index(place[1]) + 1 if place[1] else 0
        self._describe(table, Columns=[*columns[:at], changed, *columns[at:]])

    def _set_properties(self, table: GlueTable, words: Words, _query: Query) -> None:
        self._replace(table, Parameters={**table.parameters, **words.properties()})

    def _unset_properties(self, table: GlueTable, words: Words, _query: Query) -> None:
        dropped = words.texts()
        self._replace(table, Parameters={key: text for key, text in table.parameters.items() if key not in dropped})

    def _set_location(self, table: GlueTable, words: Words, _query: Query) -> None:
        self._describe(table, Location=words.text())

    def _describe(self, table: GlueTable, **changes: object) -> None:
        self._replace(table, StorageDescriptor={**table.descriptor, **changes})

    def _replace(self, table: GlueTable, **changes: object) -> None:
        document = {
            key: text for key in _KEPT if (text := table.document.get(key, "")) != ""
        }  # Glue takes no empty text
        self._catalog.replace_table(table.database, {**document, **changes})

    # Iceberg

    def _iceberg_add(self, table: GlueTable, words: Words, _query: Query) -> None:
        columns = [(column["Name"], column["Type"], column.get("Comment")) for column in words.columns()]
        evolution.add_columns(self._iceberg.load(table), columns)

    def _iceberg_drop(self, table: GlueTable, words: Words, _query: Query) -> None:
        evolution.drop_column(self._iceberg.load(table), words.name())

    def _iceberg_change(self, table: GlueTable, words: Words, _query: Query) -> None:
        evolution.change_column(self._iceberg.load(table), *words.changed_column())

    def _iceberg_set(self, table: GlueTable, words: Words, _query: Query) -> None:
        evolution.change_properties(self._iceberg.load(table), given=words.properties())

    def _iceberg_unset(self, table: GlueTable, words: Words, _query: Query) -> None:
        dropped = words.texts()
        evolution.change_properties(self._iceberg.load(table), given={}, dropped=dropped)
        changed = self._catalog.find_table(table.database, table.name) or table
        kept = {key: text for key, text in changed.parameters.items() if key not in dropped}
        self._replace(changed, Parameters=kept)

    def _iceberg_rename(self, table: GlueTable, words: Words, _query: Query) -> None:
        evolution.rename(self._iceberg.catalog(), (table.database, table.name), words.table(table.database))


def _refuse_rename(_table: GlueTable, words: Words, query: Query) -> None:
    words.table(query.database)
    raise QueryFailedError("", f"{_FAILED} Table cannot be renamed")


def _refuse_drop(table: GlueTable, words: Words, _query: Query) -> None:
    words.name()
    raise QueryFailedError("", f"{_FAILED} Columns of {table.name} cannot be dropped: it is no Iceberg table")


def _names(table: GlueTable) -> list[str]:
    return [column.name for column in [*table.columns, *table.partition_keys]]


def _before(table: GlueTable, name: str) -> list[str]:
    names = [column.name for column in table.columns]
    return names[: names.index(name)]


def _require_distinct(names: list[str]) -> None:
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise QueryFailedError("", f"{_FAILED} Duplicate column name: {repeated}")

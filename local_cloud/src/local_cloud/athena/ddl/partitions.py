"""Change and show partitions: ADD, DROP and RENAME PARTITION, MSCK REPAIR TABLE, SHOW PARTITIONS.

Sources: https://docs.aws.amazon.com/athena/latest/ug/alter-table-add-partition.html,
https://docs.aws.amazon.com/athena/latest/ug/alter-table-drop-partition.html,
https://docs.aws.amazon.com/athena/latest/ug/alter-table-rename-partition.html,
https://docs.aws.amazon.com/athena/latest/ug/msck-repair-table.html,
https://docs.aws.amazon.com/athena/latest/ug/show-partitions.html
"""

from __future__ import annotations

import operator
from urllib.parse import quote, unquote

from local_cloud.athena.catalog.glue import Catalog, GlueTable
from local_cloud.athena.ddl.grammar import Words
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.objects import Objects

Lines = tuple[list[str], list[str]]
_COMPARISONS = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
    "!=": operator.ne,
}


class PartitionStatements:
    def __init__(self, catalog: Catalog, objects: Objects) -> None:
        self._catalog, self._objects = catalog, objects

    def add(self, table: GlueTable, words: Words, _query: Query) -> None:
        """Run the rest of ``ALTER TABLE t ADD``: ``[IF NOT EXISTS] PARTITION (…) [LOCATION '…'] …``."""
        lenient = words.accept("IF", "NOT", "EXISTS")
        wanted = []
        while words.next.upper() == "PARTITION":
            values = self._values(table, words.partition())
            location = words.text() if words.accept("LOCATION") else partition_location(table, values)
            wanted.append((values, location))
        if not wanted:
            raise words.wrong("PARTITION")
        present = self._catalog.add_partitions(table, wanted)
        if present and not lenient:
            raise QueryFailedError(
                "",
                f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Partition already exists: {', '.join(present[0])})",
            )

    def drop(self, table: GlueTable, words: Words, _query: Query) -> None:
        """Run the rest of ``ALTER TABLE t DROP``: ``[IF EXISTS] PARTITION (…), …``."""
        lenient = words.accept("IF", "EXISTS")
        while words.next.upper() == "PARTITION":
            conditions = words.partition()
            found = [
                partition
                for partition in self._catalog.partitions(table)
                if self._matches(table, partition.values, conditions)
            ]
            if not found and not lenient:
                shown = ", ".join(f"{key} {sign} '{value}'" for key, sign, value in conditions)
                raise QueryFailedError("", f"FAILED: SemanticException [Error 10006]: Partition not found ({shown})")
            for partition in found:
                self._catalog.drop_partition(table, partition.values)
            words.accept(",")

    def _matches(self, table: GlueTable, values: tuple[str, ...], conditions: list[tuple[str, str, str]]) -> bool:
        keys = [column.name for column in table.partition_keys]
        for key, sign, wanted in conditions:
            if key not in keys:
                raise QueryFailedError(
                    "",
                    f"FAILED: SemanticException [Error 10098]: Non-Partition column appears in the partition specification:  {key}",
                )
            column = table.partition_keys[keys.index(key)]
            value = values[keys.index(key)]
            pair = (int(value), int(wanted)) if column.type.is_integer else (value, wanted)
            if not _COMPARISONS[sign](*pair):
                return False
        return True

    def _values(self, table: GlueTable, spec: list[tuple[str, str, str]]) -> tuple[str, ...]:
        given = {key: value for key, _, value in spec}
        keys = [column.name for column in table.partition_keys]
        if set(given) != set(keys):
            raise QueryFailedError(
                "",
                f"FAILED: SemanticException partition spec {given} doesn't contain all (or only) the table's partition columns {keys}",
            )
        return tuple(given[key] for key in keys)

    def change(self, table: GlueTable, words: Words, _query: Query) -> None:
        """Run ``ALTER TABLE t PARTITION (…) RENAME TO PARTITION (…)`` or ``… SET LOCATION '…'``.

        Raises:
            QueryFailedError: there is no such partition, or the new one exists.
        """
        words.position -= 1
        values = self._values(table, words.partition())
        found = next((item for item in self._catalog.partitions(table) if item.values == values), None)
        if found is None:
            raise QueryFailedError("", f"FAILED: SemanticException [Error 10006]: Partition not found {list(values)}")
        if words.accept("SET", "LOCATION"):
            self._catalog.replace_partition(table, found, values, words.text())
            return
        words.expect("RENAME", "TO")
        renamed = self._values(table, words.partition())
        self._catalog.replace_partition(table, found, renamed, found.location)

    def repair(self, query: Query, words: Words) -> Lines:
        """Register every ``key=value`` folder under the table's location that the catalog lacks."""
        words.expect("MSCK", "REPAIR", "TABLE")
        table = self._table(*words.table(query.database))
        if not table.partition_keys:
            return [], []
        known = {partition.values for partition in self._catalog.partitions(table)}
        keys = [column.name for column in table.partition_keys]
        found = [item for item in self._folders(table.location.rstrip("/") + "/", keys) if item[0] not in known]
        self._catalog.add_partitions(table, found)
        shown = [
            "/".join(f"{key}={quote(value, safe=' -_.')}" for key, value in zip(keys, values, strict=True))
            for values, _ in found
        ]
        if not found:
            return ["result"], []
        listed = " ".join(f"{table.name}:{name}" for name in shown)
        return ["result"], [
            f"Partitions not in metastore:\t{listed}",
            *(f"Repair: Added partition to metastore {table.name}:{name}" for name in shown),
        ]

    def _folders(self, location: str, keys: list[str]) -> list[tuple[tuple[str, ...], str]]:
        if not keys:
            return [((), location)]
        found = []
        for folder in self._objects.folders(location):
            name, separator, value = folder.rstrip("/").rpartition("/")[2].partition("=")
            if separator and name.lower() == keys[0]:
                found += [((unquote(value), *values), inner) for values, inner in self._folders(folder, keys[1:])]
        return found

    def show(self, query: Query, words: Words) -> Lines:
        words.expect("SHOW", "PARTITIONS")
        table = self._table(*words.table(query.database))
        words.end()
        if not table.partition_keys:
            raise QueryFailedError(
                "",
                f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Table {table.name} is not a partitioned table",
            )
        keys = [column.name for column in table.partition_keys]
        return ["partition"], [
            "/".join(f"{key}={value}" for key, value in zip(keys, partition.values, strict=True))
            for partition in self._catalog.partitions(table)
        ]

    def _table(self, database: str, name: str) -> GlueTable:
        found = self._catalog.find_table(database, name)
        if found is None:
            raise QueryFailedError("", f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
        return found


def partition_location(table: GlueTable, values: tuple[str, ...]) -> str:
    """Return the ``key=value`` folders under the table's location where a partition is by default."""
    names = [
        f"{column.name}={quote(value, safe=' -_.')}" for column, value in zip(table.partition_keys, values, strict=True)
    ]
    return table.location.rstrip("/") + "/" + "/".join(names) + "/"

"""Run DDL and utility statements on the Glue catalog.

Source: https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from local_cloud.athena.catalog.glue import Catalog, GlueTable
from local_cloud.athena.catalog.views import stored_view, view_input
from local_cloud.athena.ddl.alterations import Alterations
from local_cloud.athena.ddl.descriptions import create_statement, described, described_iceberg, described_view, listed
from local_cloud.athena.ddl.grammar import Words
from local_cloud.athena.ddl.partitions import PartitionStatements
from local_cloud.athena.ddl.table_definitions import TableDefinitions
from local_cloud.athena.ddl.view_text import formatted
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.selection.selector import Selector
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.objects import Objects
from local_cloud.clients import Clients

Lines = tuple[list[str], list[str]]
"""The result's columns, and its lines."""
_NOTHING: Lines = ([], [])


class Definitions:
    """Each statement by its verb."""

    def __init__(
        self, clients: Clients, catalog: Catalog, objects: Objects, selector: Selector, iceberg: IcebergTables
    ) -> None:
        self._catalog, self._selector, self._iceberg = catalog, selector, iceberg
        partitions = PartitionStatements(catalog, objects)
        tables = TableDefinitions(clients, catalog, iceberg)
        self._statements: dict[str, Callable[[Query, Words], Lines]] = {
            "CREATE_DATABASE": self._create_database, "DROP_DATABASE": self._drop_database, "CREATE_TABLE": tables.create,
            "DROP_TABLE": tables.drop, "CREATE_VIEW": self._create_view, "DROP_VIEW": self._drop_view,
            "ALTER_TABLE": Alterations(catalog, iceberg, partitions).run, "MSCK_REPAIR_TABLE": partitions.repair, "SHOW_PARTITIONS": partitions.show,
            "SHOW_DATABASES": self._show_databases, "SHOW_TABLES": self._show_tables, "SHOW_VIEWS": self._show_views,
            "SHOW_COLUMNS": self._show_columns, "SHOW_TBLPROPERTIES": self._show_properties,
            "SHOW_CREATE_TABLE": self._show_create_table, "SHOW_CREATE_VIEW": self._show_create_view, "DESCRIBE_TABLE": self._describe,
        }  # fmt: skip

    def run(self, query: Query, verb: str) -> Lines:
        """Run the statement, and return its result.

        Raises:
            QueryFailedError: in Athena's words.
        """
        return self._statements[verb](query, Words(query.sql))

    # Databases

    def _create_database(self, _query: Query, words: Words) -> Lines:
        words.take(), words.take()
        lenient = words.accept("IF", "NOT", "EXISTS")
        document: dict[str, object] = {"Name": words.name()}
        if words.accept("COMMENT"):
            document["Description"] = words.text()
        if words.accept("LOCATION"):
            document["LocationUri"] = words.text()
        if words.accept("WITH", "DBPROPERTIES"):
            document["Parameters"] = words.properties()
        words.end()
        glue = self._catalog.glue
        try:
            glue.create_database(DatabaseInput=document)
        except glue.exceptions.AlreadyExistsException as error:
            if not lenient:
                raise _hive(f"AlreadyExistsException(message:Database {document['Name']} already exists)") from error
        return _NOTHING

    def _drop_database(self, _query: Query, words: Words) -> Lines:
        words.take(), words.take()
        lenient = words.accept("IF", "EXISTS")
        name = words.name()
        cascade = words.accept("CASCADE")
        words.accept("RESTRICT")
        words.end()
        if not self._catalog.has_database(name):
            if lenient:
                return _NOTHING
            raise _hive(f"NoSuchObjectException(message:Database {name} not found)", "SemanticException")
        if not cascade and self._catalog.tables(name):
            raise _hive(f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)")
        self._catalog.glue.delete_database(Name=name)
        return _NOTHING

    # Views

    def _create_view(self, query: Query, words: Words) -> Lines:
        words.expect("CREATE")
        replace = words.accept("OR", "REPLACE")
        words.expect("VIEW")
        database, name = words.table(query.database)
        words.expect("AS")
        sql = _after_as(query.sql)
        compiled, _ = self._selector.compiled(query, sql)
        columns = []
        for index, (column, kind) in enumerate(compiled.columns):
            if column is None:
                raise QueryFailedError(
                    "MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {index + 1}"
                )
            columns.append((column.lower(), kind))
        if len({column for column, _ in columns}) != len(columns):
            raise QueryFailedError("DUPLICATE_COLUMN_NAME", "line 1:1: A column name is specified more than once")
        document = view_input(name, query.database, sql, columns)
        found = self._catalog.find_table(database, name)
        if found is None:
            self._catalog.create_table(database, document)
        elif replace and found.is_view:
            self._catalog.replace_table(database, document)
        else:
            raise QueryFailedError(
                "TABLE_ALREADY_EXISTS",
                f"line 1:1: {'View' if found.is_view else 'Table'} already exists: 'awsdatacatalog.{database}.{name}'",
            )
        return _NOTHING

    def _drop_view(self, query: Query, words: Words) -> Lines:
        words.expect("DROP", "VIEW")
        lenient = words.accept("IF", "EXISTS")
        database, name = words.table(query.database)
        words.end()
        found = self._catalog.find_table(database, name)
        if found is None or not found.is_view:
            if lenient and found is None:
                return _NOTHING
            raise QueryFailedError(
                "TABLE_NOT_FOUND", f"line 1:1: View 'awsdatacatalog.{database}.{name}' does not exist"
            )
        self._catalog.drop_table(database, name)
        return _NOTHING

    # SHOW and DESCRIBE

    def _show_databases(self, _query: Query, words: Words) -> Lines:
        words.take(), words.take()
        return ["database_name"], _matching(self._catalog.databases(), words)

    def _show_tables(self, query: Query, words: Words) -> Lines:
        words.expect("SHOW", "TABLES")
        database = words.name() if words.accept("IN") or words.accept("FROM") else query.database
        self._catalog.require_database(database)
        return ["tab_name"], _matching([table.name for table in self._catalog.tables(database)], words)

    def _show_views(self, query: Query, words: Words) -> Lines:
        words.expect("SHOW", "VIEWS")
        database = words.name() if words.accept("IN") or words.accept("FROM") else query.database
        self._catalog.require_database(database)
        return ["views"], _matching([table.name for table in self._catalog.tables(database) if table.is_view], words)

    def _show_columns(self, query: Query, words: Words) -> Lines:
        words.expect("SHOW", "COLUMNS")
        if not (words.accept("IN") or words.accept("FROM")):
            raise words.wrong("FROM")
        database, name = words.table(query.database)
        if words.accept("IN") or words.accept("FROM"):
            database = words.name()
        table = self.table(database, name)
        return (["column", "type"], described_view(table)) if table.is_view else (["field"], listed(table))

    def _show_properties(self, query: Query, words: Words) -> Lines:
        words.expect("SHOW", "TBLPROPERTIES")
        table = self.table(*words.table(query.database))
        properties = table.parameters
        if words.accept("("):
            key = words.text()
            return ["prpt_name", "prpt_value"], [
                properties.get(key, f"Table {table.database}.{table.name} does not have property: {key}")
            ]
        return ["prpt_name", "prpt_value"], [f"{key}\t{value}" for key, value in sorted(properties.items())]

    def _show_create_table(self, query: Query, words: Words) -> Lines:
        words.expect("SHOW", "CREATE", "TABLE")
        start = words.position
        database, name = words.table(query.database)
        table = self.table(database, name)
        is_qualified = table.is_iceberg or words.position - start > 1
        return ["createtab_stmt"], create_statement(table, f"{database}.{name}" if is_qualified else name)

    def _show_create_view(self, query: Query, words: Words) -> Lines:
        words.expect("SHOW", "CREATE", "VIEW")
        table = self.table(*words.table(query.database))
        if not table.is_view:
            raise QueryFailedError(
                "TABLE_NOT_FOUND", f"line 1:1: View 'awsdatacatalog.{table.database}.{table.name}' does not exist"
            )
        return [
            "Create View"
        ], f"CREATE VIEW {table.database}.{table.name} AS\n{formatted(stored_view(table).sql)}".split("\n")

    def _describe(self, query: Query, words: Words) -> Lines:
        words.take()
        extended = words.accept("EXTENDED") or words.accept("FORMATTED")
        if extended:
            raise QueryFailedError(
                "NOT_SUPPORTED",
                "DESCRIBE EXTENDED and DESCRIBE FORMATTED are not supported by the local cloud's Athena.",
            )
        database, name = words.table(query.database)
        if words.next:
            raise not_supported("DESCRIBE of one column")
        table = self.table(database, name)
        if table.is_view:
            return ["column", "type"], described_view(table)
        lines = described_iceberg(self._iceberg.load(table)) if table.is_iceberg else described(table)
        return ["col_name", "data_type", "comment"], lines

    def table(self, database: str, name: str) -> GlueTable:
        found = self._catalog.find_table(database, name)
        if found is None:
            raise QueryFailedError("", f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
        return found


def _hive(
    message: str, kind: str = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
) -> QueryFailedError:
    return QueryFailedError("", f"FAILED: {kind} {message}")


def _after_as(sql: str) -> str:
    """Return the query of ``CREATE VIEW name AS query``."""
    match = re.match(r"CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s+.*?\bAS\b\s*(.*)", sql, re.IGNORECASE | re.DOTALL)
    return match[1].strip() if match else ""


def _matching(names: list[str], words: Words) -> list[str]:
    """Return the names that match Hive's pattern, in which ``*`` is any text and ``|`` separates choices."""
    words.accept("LIKE")
    if not words.next:
        return names
    pattern = words.text()
    words.end()
    expression = re.compile("|".join(re.escape(choice).replace(r"\*", ".*") for choice in pattern.lower().split("|")))
    return [name for name in names if expression.fullmatch(name)]

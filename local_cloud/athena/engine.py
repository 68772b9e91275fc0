"""Runs a query: reads its tables, lets DuckDB compute, writes the result where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from local_cloud.athena import quoting, serde
from local_cloud.athena.catalog import Catalog
from local_cloud.athena.errors import QueryFailed
from local_cloud.athena.execution import Query
from local_cloud.athena.prepared import PreparedStatements
from local_cloud.athena.results import Results, Row
from local_cloud.athena.statements import classify
from local_cloud.athena.tables import TableReader
from local_cloud.athena.types import parse_type
from local_cloud.services import Context

MEMORY_LIMIT = "1GB"
ROWS_PER_FETCH = 5_000


class Engine:
    def __init__(
        self, context: Context, catalog: Catalog, prepared: PreparedStatements, results: Results, folder: Path
    ) -> None:
        self._catalog, self._prepared, self._results = catalog, prepared, results
        self._reader = TableReader(context.clients, catalog, folder)
        self._spill = folder / "spill"

    def run(self, query: Query) -> None:
        if classify(query.sql).verb != "SELECT":
            raise QueryFailed("NOT_SUPPORTED", "This statement is not supported by the local cloud's Athena.")
        with ExitStack() as holding:
            connection = holding.enter_context(self._connection(query))
            sql = self._translated(query, connection, holding)
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            try:
                cursor = connection.execute(sql)
                columns = [(column[0], parse_type(_trino(str(column[1])))) for column in cursor.description]
                query.written_rows = self._results.write_rows(query, columns, _rows(cursor))
            except duckdb.Error as error:
                raise _failed(error) from error

    def _connection(self, query: Query) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            config={
                "threads": 2,
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(self._spill),
                "default_null_order": "nulls_last",
                "integer_division": True,
            }
        )
        serde.register(connection)
        query.cancellation.on_cancel(connection.interrupt)
        return connection

    def _translated(self, query: Query, connection: duckdb.DuckDBPyConnection, holding: ExitStack) -> str:
        tree = sqlglot.parse_one(query.sql, read="athena")
        common = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
        files: list[Path] = []
        for number, table in enumerate(list(tree.find_all(exp.Table))):
            if table.name in common or not table.name:
                continue
            database = (table.db or query.database).lower()
            found = self._catalog.find_table(database, table.name.lower())
            if found is None:
                raise QueryFailed(
                    "TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{table.name.lower()}' does not exist"
                )
            relation = self._reader.relation(query, found, connection, lambda values: [True] * len(values), holding)
            connection.execute(f"CREATE TEMP VIEW scan_{number} AS {relation.sql}")
            files += relation.files
            table.replace(exp.table_(f"scan_{number}", alias=table.alias_or_name))
        if files:
            connection.execute(f"SET allowed_paths = {quoting.paths(files)}")
        return tree.sql("duckdb")


def _trino(duckdb_type: str) -> str:
    names = {
        "HUGEINT": "bigint",
        "UBIGINT": "bigint",
        "FLOAT": "real",
        "TIMESTAMP WITH TIME ZONE": "timestamp(3) with time zone",
        "BLOB": "varbinary",
        "JSON": "varchar",
    }
    return names.get(duckdb_type, duckdb_type).lower()


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    while rows := cursor.fetchmany(ROWS_PER_FETCH):
        for row in rows:
            yield [
                None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                for value in row
            ]


def _failed(error: duckdb.Error) -> QueryFailed:
    message = str(error)
    marked = re.search(quoting.ERROR_MARK + r"([A-Z_]+): ([^\n]*)", message)
    if marked:
        return QueryFailed(marked[1], marked[2])
    return QueryFailed("GENERIC_USER_ERROR", message.split("\n")[0].replace("DuckDB", "the engine"))

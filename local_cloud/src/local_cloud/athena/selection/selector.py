"""Run one query on DuckDB: compile it, make its tables readable, and shut DuckDB off from everything else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.catalog.glue import Catalog, Column, GlueTable
from local_cloud.athena.catalog.projection import PartitionFilter
from local_cloud.athena.errors import MalformedQueryError, QueryFailedError
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.selection import needed_columns, plans
from local_cloud.athena.selection.connections import Connections
from local_cloud.athena.sql.dialect import compile_query
from local_cloud.athena.sql.model import PATH_COLUMN, Compiled, Scan, Session, Typed
from local_cloud.athena.sql.parsing.grammar import parse_query
from local_cloud.athena.sql.queries.file_pruning import catalog_expression, only_values
from local_cloud.athena.sql.raising import explained
from local_cloud.athena.sql.values.display import shown
from local_cloud.athena.statement.interruption import interrupter
from local_cloud.athena.statement.query import Query, Row
from local_cloud.athena.tables.partition_values import partition_texts, partition_value
from local_cloud.athena.tables.reader import TableReader
from local_cloud.athena.types import Type

ROWS_PER_FETCH = 5_000
_PLAIN = re.compile(r"(?!(?:and|or|not|in|between|like|is|null|date|timestamp)$)[a-z_]\w*", re.ASCII)
"""A name that can stand in an expression for Glue as it is."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A compiled query on a connection that holds its tables."""

    connection: duckdb.DuckDBPyConnection
    compiled: Compiled

    @property
    def columns(self) -> list[tuple[str, Type]]:
        """Return names, ``_col0`` for an output without one, and types."""
        return [(name or f"_col{index}", kind) for index, (name, kind) in enumerate(self.compiled.columns)]

    def rows(self) -> Iterator[Row]:
        """Yield every row as Athena shows it."""
        chosen = ", ".join(
            f"{shown(Typed(f'c{index}', kind))} AS c{index}" for index, (_, kind) in enumerate(self.compiled.columns)
        )
        with translated_errors(self):
            cursor = self.connection.execute(f"SELECT {chosen} FROM ({self.compiled.sql}) shown")
            while rows := cursor.fetchmany(ROWS_PER_FETCH):
                yield from (list(row) for row in rows)


@contextmanager
def translated_errors(selection: Selection | None = None) -> Iterator[None]:
    """Raise DuckDB's errors in Athena's words, and what a selection could not compute inside TRY."""
    try:
        yield
        if selection is not None and "TRY(" in selection.compiled.sql:
            ((refusal,),) = selection.connection.execute("SELECT trino_refusal()").fetchall()
            if refusal is not None:
                raise QueryFailedError("NOT_SUPPORTED", refusal)
    except duckdb.Error as error:
        raise explained(error) from error


class Selector:
    """Opens selections; safe for several queries at once."""

    def __init__(self, catalog: Catalog, reader: TableReader, iceberg: IcebergTables, connections: Connections) -> None:
        self._catalog, self._reader, self._iceberg, self._connections = catalog, reader, iceberg, connections

    def compiled(self, query: Query, sql: str) -> tuple[Compiled, Session]:
        """Return the query's SQL for DuckDB; only the catalog is read."""
        try:
            tree = parse_query(sql)
        except MalformedQueryError as error:
            raise QueryFailedError("SYNTAX_ERROR", str(error)) from error
        session = Session(sql, self._catalog, query.database, datetime.now(UTC), self._iceberg)
        return compile_query(session, with_parameters(tree, query.parameters)), session

    @contextmanager
    def open(self, query: Query, sql: str, *, extra_paths: list[Path] | None = None) -> Iterator[Selection]:
        """Compile the query, make its tables readable, and shut DuckDB off from everything else.

        Raises:
            QueryFailedError: in Athena's words.
        """
        compiled, session = self.compiled(query, sql)
        with ExitStack() as holding:
            connection = holding.enter_context(self._connections.one())
            query.cancellation.on_cancel(interrupter(connection))
            with translated_errors():
                needed_columns.find(connection, compiled, session.scans)
                files = [file for scan in session.scans for file in self._bring(query, scan, connection, holding)]
                connection.execute(f"SET allowed_paths = {quoting.paths([*files, *(extra_paths or [])])}")
                connection.execute("SET enable_external_access = false")
                connection.execute("SET lock_configuration = true")
            query.cancellation.check()
            yield Selection(connection, compiled)

    def explain(self, query: Query, sql: str) -> tuple[str, Type, list[str]]:
        """Return name, type and lines of the answer to an EXPLAIN statement.

        Raises:
            QueryFailedError: the query is not valid, or the local cloud has no such answer.
        """
        asked = plans.explained(sql)
        compiled, session = self.compiled(query, asked.sql)
        if asked.validates:
            return plans.validated()
        with self._connections.one() as connection, translated_errors():
            return plans.planned(connection, compiled, session.scans)

    def _bring(self, query: Query, scan: Scan, connection: duckdb.DuckDBPyConnection, holding: ExitStack) -> list[Path]:
        table = scan.table
        if table.is_iceberg:
            return self._iceberg.bring(query, scan, connection, holding)
        wanted = _partition_filter(connection, scan)
        if scan.metadata == "partitions":
            kept = [partition.values for partition in self._reader.partitions(table, wanted)]
            connection.register(f"{scan.view}_partitions", pa.table(partition_texts(table, kept)))
            sql = f'SELECT {_typed_partitions(table)}, NULL AS "{PATH_COLUMN}" FROM {scan.view}_partitions'
            _create_view(connection, scan, table.partition_keys, sql)
            return []
        relation = self._reader.relation(query, table, scan.needed, connection, wanted, holding)
        _create_view(connection, scan, [*table.columns, *table.partition_keys], relation.sql)
        return relation.files


def _create_view(connection: duckdb.DuckDBPyConnection, scan: Scan, columns: Sequence[Column], sql: str) -> None:
    """Create the view that the compiled query reads; its columns are numbered."""
    chosen = ", ".join(f"{quoting.name(column.name)} AS c{index}" for index, column in enumerate(columns))
    connection.execute(f"CREATE TEMP VIEW {scan.view} AS SELECT {chosen}, {quoting.name(PATH_COLUMN)} FROM ({sql}) s")


def _typed_partitions(table: GlueTable) -> str:
    """Return SQL of the typed values of ``partition_texts`` by the names of their keys."""
    return ", ".join(
        f"{partition_value(f'p{index}', column.name, column.hive_type)} AS {quoting.name(column.name)}"
        for index, column in enumerate(table.partition_keys)
    )


def _partition_filter(connection: duckdb.DuckDBPyConnection, scan: Scan) -> PartitionFilter:
    """Return the filter of those partitions that can hold rows that every condition is true of."""
    table, conditions = scan.table, scan.conditions

    def keep(partitions: list[tuple[str, ...]]) -> list[bool]:
        if not conditions or not partitions:
            return [True] * len(partitions)
        connection.register("tried_partitions", pa.table(partition_texts(table, partitions)))
        condition = " AND ".join(conditions)
        rows = connection.execute(
            f"SELECT coalesce({condition}, false) FROM (SELECT {_typed_partitions(table)} FROM tried_partitions) t"
        ).fetchall()
        connection.unregister("tried_partitions")
        return [bool(row[0]) for row in rows]

    texts = [key.name for key in table.partition_keys if key.hive_type == "string" and _PLAIN.fullmatch(key.name)]
    expression = catalog_expression(scan.demands, texts)
    return PartitionFilter(keep, lambda column: only_values(scan.demands, column), expression)


def with_parameters(tree: exp.Expr, parameters: list[str]) -> exp.Expr:
    """Replace each ``?`` of the tree by the literal of its parameter, in order.

    Raises:
        QueryFailedError: too few or too many parameters.
    """
    places = [node for node in tree.walk(bfs=False) if isinstance(node, exp.Placeholder)]
    if len(places) != len(parameters):
        raise QueryFailedError(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}",
        )
    for place, text in zip(places, parameters, strict=True):
        place.replace(_parameter(text))
    return tree


def _parameter(text: str) -> exp.Expr:
    """Return a parameter as Athena reads it: any literal; other text is a literal of itself.

    Raises:
        QueryFailedError: there are several values, or the value has a name.
    """
    if re.fullmatch(r"[A-Za-z_][\w .:-]*", text.strip()) and text.strip().lower() not in {"null", "true", "false"}:
        return exp.Literal.string(text)
    try:
        values = parse_query(f"SELECT {text}").expressions
    except MalformedQueryError:
        return exp.Literal.string(text)
    if len(values) != 1 or isinstance(values[0], exp.Alias):
        raise QueryFailedError("INVALID_PARAMETER_USAGE", f"Not one value: the execution parameter {text}")
    return exp.Literal.string(text) if values[0].find(exp.Column, exp.Query) else values[0]

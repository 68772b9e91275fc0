"""Run each kind of statement, and write its result object."""

from __future__ import annotations

import shutil
from pathlib import Path

from local_cloud.athena.account.prepared import PreparedStatements, executed, prepared_parts
from local_cloud.athena.account.results import Results
from local_cloud.athena.ddl.definitions import Definitions
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.selection.connections import Connections
from local_cloud.athena.selection.selector import Selector
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.kinds import classify, strip
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.objects import Objects
from local_cloud.athena.tables.parquet_files import ParquetFiles
from local_cloud.athena.tables.reader import TableReader
from local_cloud.athena.tables.segments import Segments
from local_cloud.athena.writing.iceberg_changes import IcebergChanges
from local_cloud.athena.writing.statements import Writing
from local_cloud.config import CloudConfig
from local_cloud.wire import ServiceError


class Shared:
    """What every query shares: the copies of table objects, connections, and room to write."""

    def __init__(self, folder: Path) -> None:
        self.segments, self.parquet = Segments(folder / "segments"), ParquetFiles(folder / "parquet")
        self.connections, self.written = Connections(folder / "spill"), folder / "written"
        shutil.rmtree(self.written, ignore_errors=True)


class Engine:
    """Everything a caller's statement can do, behind one call."""

    def __init__(
        self, config: CloudConfig, caller: Caller, prepared: PreparedStatements, results: Results, shared: Shared
    ) -> None:
        self._prepared, self._results = prepared, results
        clients, catalog, objects = caller.clients, caller.catalog, Objects(caller, config.objects_dir)
        iceberg = IcebergTables(config, clients, objects, shared.parquet)
        reader = TableReader(catalog, objects, shared.segments, shared.parquet)
        self._selector = Selector(catalog, reader, iceberg, shared.connections)
        self._definitions = Definitions(clients, catalog, objects, self._selector, iceberg)
        self._writing = Writing(clients, catalog, self._selector, iceberg, shared.written)
        self._changes = IcebergChanges(catalog, self._selector, iceberg)

    def run(self, query: Query) -> None:
        """Run the statement to its end.

        Raises:
            QueryFailedError: it fails in Athena's words.
            QueryCancelledError: it was stopped, or scanned more than its work group allows.
        """
        statement = classify(query.sql)
        verb = statement.verb
        if statement.needs_default_database and not query.caller.is_administrator:
            query.caller.catalog.check_default_database()
        if verb == "SELECT":
            self._select(query, query.sql)
        elif verb == "EXPLAIN":
            name, kind, lines = self._selector.explain(query, query.sql)
            self._results.write_text(query, [name], lines, kind)
        elif verb == "EXECUTE":
            self._execute(query)
        elif verb in {"PREPARE", "DEALLOCATE"}:
            self._prepare(query, verb)
        elif verb in {"CREATE_TABLE_AS_SELECT", "INSERT", "UNLOAD"}:
            self._writing.run(query, verb)
            self._results.write_count(query, shown=verb == "CREATE_TABLE_AS_SELECT")
        elif verb in {"DELETE", "UPDATE", "MERGE", "OPTIMIZE", "VACUUM"}:
            self._changes.run(query, verb)
            self._results.write_count(query, shown=False)
        else:
            columns, lines = self._definitions.run(query, verb)
            self._results.write_text(query, columns, lines)

    def _select(self, query: Query, sql: str) -> None:
        with self._selector.open(query, sql) as selection:
            query.written_rows = self._results.write_rows(query, selection.columns, selection.rows())

    def _execute(self, query: Query) -> None:
        name, arguments = executed(query.sql)
        statement = self._statement(query.work_group, name)
        query.parameters = arguments or query.parameters
        query.sql = strip(statement)
        self.run(query)

    def _statement(self, work_group: str, name: str) -> str:
        try:
            return str(self._prepared.get(work_group, name)["QueryStatement"])
        except ServiceError as error:
            raise QueryFailedError("NOT_FOUND", f"Prepared statement not found: {name}") from error

    def _prepare(self, query: Query, verb: str) -> None:
        name, statement = prepared_parts(query.sql, verb)
        if verb == "DEALLOCATE":
            self._statement(query.work_group, name)
            self._prepared.delete(query.work_group, name)
        else:
            self._prepared.replace(query.work_group, name, statement)
        self._results.write_text(query, [], [])

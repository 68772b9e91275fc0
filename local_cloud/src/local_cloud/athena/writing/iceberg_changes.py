"""Run DELETE, UPDATE, MERGE, OPTIMIZE and VACUUM on Iceberg tables: one snapshot replaces the old content by the new.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html. Athena writes delete files where this copies; the
rows afterwards are the same, and the snapshot names the operation that a real Trino names.
"""

from __future__ import annotations

import re

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation
from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.catalog.glue import Catalog, GlueTable
from local_cloud.athena.ddl.grammar import TABLE, Words
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.selection.selector import Selector
from local_cloud.athena.sql.parsing.grammar import parse_query
from local_cloud.athena.sql.values.casts import can_assign
from local_cloud.athena.statement.query import Query
from local_cloud.athena.types import Type, trino_name
from local_cloud.athena.writing.iceberg_rows import arrow_of, changing, replace_files
from local_cloud.athena.writing.iceberg_snapshots import expire_snapshots
from local_cloud.athena.writing.merge import MergeQueries, merge_target, parsed_merge

_DELETE = re.compile(rf"DELETE\s+FROM\s+({TABLE})(?:\s+WHERE\s+(.*))?", re.IGNORECASE | re.DOTALL)
_UPDATE = re.compile(rf"UPDATE\s+({TABLE})\s+SET\b\s*(.*)", re.IGNORECASE | re.DOTALL)

_OPTIMIZE = re.compile(
    rf"OPTIMIZE\s+({TABLE})\s+REWRITE\s+DATA\s+USING\s+BIN_PACK(?:\s+WHERE\s+(.*))?", re.IGNORECASE | re.DOTALL
)
_VACUUM = re.compile(rf"VACUUM\s+({TABLE})", re.IGNORECASE)


class IcebergChanges:
    def __init__(self, catalog: Catalog, selector: Selector, iceberg: IcebergTables) -> None:
        self._catalog, self._selector, self._iceberg = catalog, selector, iceberg

    def run(self, query: Query, verb: str) -> None:
        """Change the table.

        Raises:
            QueryFailedError: it is no Iceberg table, or the statement cannot be done exactly.
        """
        if verb == "DELETE":
            self._delete(query)
        elif verb == "UPDATE":
            self._update(query)
        elif verb == "MERGE":
            self._merge(query)
        elif verb == "OPTIMIZE":
            self._optimize(query)
        else:
            self._vacuum(query)

    def _table(self, query: Query, text: str, change: str) -> tuple[GlueTable, list[tuple[str, Type]]]:
        table = self._catalog.changeable_table(*Words(text).table(query.database), change)
        if not table.is_iceberg:
            raise QueryFailedError(
                "NOT_SUPPORTED", "line 1:1: Modifying Hive table rows is only supported for transactional tables"
            )
        return table, self._iceberg.columns(table, None)

    def _delete(self, query: Query) -> None:
        match = _DELETE.fullmatch(query.sql)
        if match is None:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:1: mismatched input in DELETE")
        table, columns = self._table(query, match[1], "Deleting from")
        condition = match[2] or "true"
        name = f"{quoting.name(table.database)}.{quoting.name(table.name)}"
        kept = ", ".join(quoting.name(column) for column, _ in columns)
        self._replace(
            query,
            table,
            columns,
            f"SELECT {kept} FROM {name} WHERE ({condition}) IS DISTINCT FROM true",
            f"SELECT count(*) FROM {name} WHERE ({condition})",
            Operation.DELETE,
        )

    def _update(self, query: Query) -> None:
        match = _UPDATE.fullmatch(query.sql)
        if match is None:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:1: mismatched input in UPDATE")
        table, columns = self._table(query, match[1], "Updating through")
        name = f"{quoting.name(table.database)}.{quoting.name(table.name)}"
        assignments, condition = _assignments(match[2])
        unknown = set(assignments) - {column for column, _ in columns}
        if unknown:
            raise QueryFailedError(
                "COLUMN_NOT_FOUND", f"line 1:1: The UPDATE SET target column {min(unknown)} doesn't exist"
            )
        self._check_types(query, name, assignments, dict(columns))
        chosen = []
        for column, kind in columns:
            held = quoting.name(column)
            changed = (
                f"CASE WHEN ({condition}) IS NOT DISTINCT FROM true THEN CAST(({assignments[column]}) AS {trino_name(kind)}) ELSE {held} END"
                if column in assignments
                else held
            )
            chosen.append(f"{changed} AS {held}")
        self._replace(
            query,
            table,
            columns,
            f"SELECT {', '.join(chosen)} FROM {name}",
            f"SELECT count(*) FROM {name} WHERE ({condition})",
            Operation.OVERWRITE,
        )

    def _merge(self, query: Query) -> None:
        table, columns = self._table(query, merge_target(query.sql), "Merging into")
        name = f"{quoting.name(table.database)}.{quoting.name(table.name)}"
        queries = MergeQueries(parsed_merge(query.sql, [column for column, _ in columns]), name, columns)
        self._check_merged(query, queries, dict(columns))
        with self._selector.open(query, queries.changed) as selection:
            updated, deleted, inserted, most = (int(value or 0) for value in next(iter(selection.rows())))
        if most > 1:
            message = "One MERGE target table row matched more than one source row"
            raise QueryFailedError("MERGE_TARGET_ROW_MULTIPLE_MATCHES", message)
        query.changed_rows = updated + deleted + inserted
        if updated or deleted:
            operation = Operation.OVERWRITE if updated or inserted else Operation.DELETE
            self._overwrite(query, table, columns, queries.content, operation)
        elif inserted:
            self._rewrite(query, self._iceberg.load(table), columns, queries.new_rows, [], Operation.OVERWRITE)

    def _optimize(self, query: Query) -> None:
        """Write the rows into as few files as a write makes; the rows stay."""
        match = _OPTIMIZE.fullmatch(query.sql)
        if match is None:
            raise QueryFailedError(
                "SYNTAX_ERROR", "line 1:1: mismatched input in OPTIMIZE. Expecting: REWRITE DATA USING BIN_PACK"
            )
        table, columns = self._table(query, match[1], "Optimizing")
        loaded = self._iceberg.load(table)
        tasks = list(loaded.scan().plan_files())
        name, where = f"{quoting.name(table.database)}.{quoting.name(table.name)}", ""
        if match[2]:
            _require_partition_columns(loaded, match[2])
            chosen = self._paths(query, f'SELECT DISTINCT "$path" FROM {name} WHERE {match[2]}')
            tasks = [task for task in tasks if task.file.file_path in chosen]
            where = f' WHERE "$path" IN ({", ".join(quoting.text(path) for path in sorted(chosen))})'
        if len(tasks) > 1 or any(task.delete_files for task in tasks):
            kept = ", ".join(quoting.name(column) for column, _ in columns)
            files = [task.file for task in tasks]
            self._rewrite(query, loaded, columns, f"SELECT {kept} FROM {name}{where}", files, Operation.REPLACE)

    def _paths(self, query: Query, sql: str) -> set[str]:
        with self._selector.open(query, sql) as selection:
            return {str(path) for (path,) in selection.rows()}

    def _vacuum(self, query: Query) -> None:
        """Expire old snapshots, and delete the files that only they have."""
        match = _VACUUM.fullmatch(query.sql)
        if match is None:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:1: mismatched input in VACUUM")
        table, _ = self._table(query, match[1], "Vacuuming")
        with changing(loaded := self._iceberg.load(table)):
            expire_snapshots(loaded, table.parameters)

    def _check_types(self, query: Query, name: str, assignments: dict[str, str], kinds: dict[str, Type]) -> None:
        compiled, _ = self._selector.compiled(query, f"SELECT {', '.join(assignments.values())} FROM {name}")
        table, given = [kinds[column] for column in assignments], [kind for _, kind in compiled.columns]
        if not all(map(can_assign, given, table)):
            raise QueryFailedError(
                "TYPE_MISMATCH",
                f"line 1:1: UPDATE table column types don't match SET expressions: Table: {[str(kind) for kind in table]}, Expressions: {[str(kind) for kind in given]}",
            )

    def _check_merged(self, query: Query, queries: MergeQueries, kinds: dict[str, Type]) -> None:
        for number, (names, sql) in enumerate(queries.assigned):
            compiled, _ = self._selector.compiled(query, sql)
            table, given = [kinds[name] for name in names], [kind for _, kind in compiled.columns]
            if not all(map(can_assign, given, table)):
                types = f"Table: {[str(kind) for kind in table]}, Expressions: {[str(kind) for kind in given]}"
                message = (
                    f"line 1:1: MERGE table column types don't match for MERGE case {number}, SET expressions: {types}"
                )
                raise QueryFailedError("TYPE_MISMATCH", message)

    def _replace(
        self,
        query: Query,
        table: GlueTable,
        columns: list[tuple[str, Type]],
        content: str,
        counted: str,
        operation: Operation,
    ) -> None:
        parameters = query.parameters
        if parameters:
            raise not_supported("Execution parameters in DELETE and UPDATE")
        with self._selector.open(query, counted) as selection:
            query.changed_rows = int(next(iter(selection.rows()))[0] or 0)
        if query.changed_rows:
            self._overwrite(query, table, columns, content, operation)

    def _overwrite(
        self, query: Query, table: GlueTable, columns: list[tuple[str, Type]], content: str, operation: Operation
    ) -> None:
        """Replace the table's rows by those of a query."""
        loaded = self._iceberg.load(table)
        files = [task.file for task in loaded.scan().plan_files()]
        self._rewrite(query, loaded, columns, content, files, operation)

    def _rewrite(
        self,
        query: Query,
        loaded: Table,
        columns: list[tuple[str, Type]],
        content: str,
        files: list[DataFile],
        operation: Operation,
    ) -> None:
        """Replace data files by the rows of a query."""
        query.scanned_bytes = 0
        with self._selector.open(query, content) as selection:
            rows = arrow_of(selection, columns, loaded)
        replace_files(loaded, files, rows, operation)


def _require_partition_columns(table: Table, condition: str) -> None:
    """Refuse the WHERE of an OPTIMIZE that names another column than those that the table is partitioned by.

    Source: https://docs.aws.amazon.com/athena/latest/ug/optimize-statement.html
    """
    schema = table.schema()
    partitioned = {schema.find_column_name(field.source_id) for field in table.spec().fields}
    keys = {str(name).lower() for name in partitioned}
    named = {column.name.lower() for column in parse_query(f"SELECT 1 WHERE {condition}").find_all(exp.Column)}
    if others := sorted(named - keys):
        message = f"line 1:1: OPTIMIZE can be limited by columns of partitions alone, and {others[0]} is none of {sorted(keys)}"
        raise QueryFailedError("NOT_SUPPORTED", message)


def _assignments(text: str) -> tuple[dict[str, str], str]:
    """Parse ``a = 1, b = b + 1 WHERE c``: expressions by column, and the condition, both still Trino's SQL."""
    words = parse_query(f"SELECT {_select_form(text)}")
    condition = _trino(words.args["where"].this, text) if words.args.get("where") is not None else "true"
    found: dict[str, str] = {}
    for item in words.expressions:
        if not isinstance(item, exp.EQ) or not isinstance(item.this, exp.Column) or item.this.table:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:1: mismatched input in UPDATE … SET")
        if item.this.name.lower() in found:
            raise QueryFailedError("SYNTAX_ERROR", f"line 1:1: Multiple assignments for column: {item.this.name}")
        found[item.this.name.lower()] = _trino(item.expression, text)
    return found, condition


def _trino(expression: exp.Expr, text: str) -> str:
    """Write the expression as Trino's SQL. ``DECIMAL '1.50'`` keeps its digits, which a plain CAST to DECIMAL would lose."""
    if not re.search(r"\bAS\s+DECIMAL\s*\)", text, re.IGNORECASE):
        for cast in expression.find_all(exp.Cast):
            if cast.to.is_type("decimal") and not cast.to.expressions and isinstance(cast.this, exp.Literal):
                whole, _, fraction = cast.this.this.strip().lstrip("+-").partition(".")
                digits = max(1, len(whole.lstrip("0") + fraction))
                cast.set("to", exp.DataType.build(f"DECIMAL({digits}, {len(fraction)})"))
    return expression.sql("trino")


def _select_form(text: str) -> str:
    """Write the assignments as a select list, so that one grammar reads them. WHERE needs a FROM before it."""
    depth, quoted = 0, False
    for index, character in enumerate(text):
        quoted ^= character == "'"
        depth += 0 if quoted else (character == "(") - (character == ")")
        if (
            not quoted
            and depth == 0
            and re.match(r"WHERE\b", text[index:], re.IGNORECASE)
            and (index == 0 or text[index - 1].isspace())
        ):
            return f"{text[:index]} FROM t {text[index:]}"
    return f"{text} FROM t"

"""Find the columns of its tables that a query needs. Athena reads, and charges for, no others of columnar files.

DuckDB plans the query over empty tables, and may change nothing but leave out columns: what its scans still have is what some part
of the query asks for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from local_cloud.athena import quoting
from local_cloud.athena.sql.model import PATH_COLUMN, Compiled, Scan
from local_cloud.athena.types import duckdb_name

_KEPT_OPTIMIZER = "unused_columns"


def find(connection: duckdb.DuckDBPyConnection, compiled: Compiled, scans: list[Scan]) -> None:
    """Note at each scan the columns that the query needs of it, by the names that they have in the table."""
    found: dict[str, set[str]] = {scan.view: set() for scan in scans}
    with empty_tables(connection, scans):
        for table, columns in _scanned(_plan(connection, compiled)):
            found[table.rpartition(".")[2]].update(columns)
    for scan in scans:
        named = {f"c{index}": name for index, (name, _) in enumerate(scan.columns)} | {PATH_COLUMN: PATH_COLUMN}
        scan.needed = {named[column] for column in found[scan.view]}


@contextmanager
def empty_tables(connection: duckdb.DuckDBPyConnection, scans: list[Scan]) -> Iterator[None]:
    """Make an empty table of each scan while the context lasts, over which a query can be planned."""
    for scan in scans:
        declared = ", ".join(f"c{index} {duckdb_name(kind)}" for index, (_, kind) in enumerate(scan.columns))
        connection.execute(f'CREATE TEMP TABLE {scan.view} ({declared}, "{PATH_COLUMN}" VARCHAR)')
    yield
    for scan in scans:
        connection.execute(f"DROP TABLE {scan.view}")


def _plan(connection: duckdb.DuckDBPyConnection, compiled: Compiled) -> list[dict[str, Any]]:
    names = [name for (name,) in connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()]
    others = ",".join(name for name in names if name != _KEPT_OPTIMIZER)
    connection.execute(f"SET disabled_optimizers = {quoting.text(others)}")
    ((_, plan),) = connection.execute(f"EXPLAIN (FORMAT json) {compiled.sql}").fetchall()
    connection.execute("RESET disabled_optimizers")
    return list(json.loads(plan))


def _scanned(nodes: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Yield table and columns of each scan; of a row's field, the whole column."""
    for node in nodes:
        if table := node["extra_info"].get("Table"):
            columns = node["extra_info"].get("Projections", [])
            listed = [columns] if isinstance(columns, str) else columns
            yield table, [column.partition(".")[0] for column in listed if column]
        yield from _scanned(node["children"])

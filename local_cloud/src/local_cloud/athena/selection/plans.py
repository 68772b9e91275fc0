"""Write the answer of EXPLAIN: how the local cloud runs a query, and that this is not Athena's plan.

Sources: https://docs.aws.amazon.com/athena/latest/ug/athena-explain-statement.html, and of the rows of the result what was measured
against Athena in September 2026: https://github.com/aoyagikouhei/athena-local/blob/main/docs/api.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.selection import needed_columns
from local_cloud.athena.sql.model import Compiled, Scan
from local_cloud.athena.types import BOOLEAN, Type

_STATEMENT = re.compile(
    r"EXPLAIN\s+(ANALYZE\s+(?:VERBOSE\s+)?)?(?:\(\s*((?:TYPE|FORMAT)\b[^)]*)\)\s*)?(.*)", re.IGNORECASE | re.DOTALL
)
_OPTIONS = {"TYPE": ("LOGICAL", "DISTRIBUTED", "VALIDATE", "IO"), "FORMAT": ("TEXT", "GRAPHVIZ", "JSON")}
_NOTE = "This is the plan of the local cloud, by DuckDB. Athena's plan has other operators, fragments and estimates."


@dataclass(frozen=True, slots=True)
class Explained:
    """The query of an EXPLAIN statement, and whether it is only to be checked."""

    sql: str
    validates: bool


def explained(sql: str) -> Explained:
    """Parse the statement.

    Raises:
        QueryFailedError: there is no such option, or it asks for what only Athena's planner knows.
    """
    match = _STATEMENT.fullmatch(sql)
    if match is None:
        raise QueryFailedError("SYNTAX_ERROR", "line 1:1: mismatched input in EXPLAIN")
    if match[1]:
        raise not_supported("EXPLAIN ANALYZE")
    chosen = {"TYPE": "DISTRIBUTED", "FORMAT": "TEXT"}
    for option in filter(None, (match[2] or "").upper().split(",")):
        name, _, value = option.strip().partition(" ")
        if value.strip() not in _OPTIONS.get(name, ()):
            raise QueryFailedError("SYNTAX_ERROR", f"line 1:1: mismatched input '{value.strip() or name}' in EXPLAIN")
        chosen[name] = value.strip()
    if chosen["TYPE"] == "VALIDATE":
        return Explained(match[3], validates=True)
    if chosen["TYPE"] == "IO" or chosen["FORMAT"] != "TEXT":
        raise not_supported(f"EXPLAIN (TYPE {chosen['TYPE']}, FORMAT {chosen['FORMAT']})")
    return Explained(match[3], validates=False)


def validated() -> tuple[str, Type, list[str]]:
    """Return name, type and lines of the answer to a query that was found valid."""
    return "Valid", BOOLEAN, ["Valid", "true", ""]


def planned(
    connection: duckdb.DuckDBPyConnection, compiled: Compiled, scans: list[Scan]
) -> tuple[str, Type, list[str]]:
    """Return name, type and lines of the answer; no table is read."""
    with needed_columns.empty_tables(connection, scans):
        ((_, plan),) = connection.execute(f"EXPLAIN (FORMAT json) {compiled.sql}").fetchall()
    lines = [_NOTE, *(_table(scan) for scan in scans), *_lines(json.loads(plan), "")]
    return "Query Plan", Type("varchar", (len("\n".join(lines)),)), ["Query Plan", *lines, "", "", ""]


def _table(scan: Scan) -> str:
    columns = ", ".join(f"c{index} = {name}" for index, (name, _) in enumerate(scan.columns))
    name = f"{scan.table.database}.{scan.table.name}" + (f"${scan.metadata}" if scan.metadata else "")
    return f"{scan.view} = awsdatacatalog.{name} [{columns}]"


def _lines(nodes: list[dict[str, Any]], indent: str) -> Iterator[str]:
    for node in nodes:
        facts = {key: text for key, text in node["extra_info"].items() if key != "Estimated Cardinality" and text}
        shown = ", ".join(
            f"{key} = {text if isinstance(text, str) else ', '.join(text)}" for key, text in facts.items()
        )
        yield f"{indent}- {node['name'].strip()}[{' '.join(shown.split())}]"
        yield from _lines(node["children"], indent + "    ")
